#!/bin/sh
# Checks this release: every sum, every verdict. Needs coreutils and Python 3.9 or later; no network.
# ./verify.sh SIGNERS demands signatures by a key that the file SIGNERS names (ssh-keygen's ALLOWED
# SIGNERS: `who ssh-ed25519 ...`); it needs OpenSSH's ssh-keygen, as any signature does.
# Exit 0: all as it says. Exit 1: something differs, and it is named.
set -u
signers=${1:+$(realpath -- "$1")}
[ -z "$signers" ] || [ -f "$signers" ] || { echo "error: $1: no such file of signers" >&2; exit 2; }
cd "$(dirname "$0")" || exit 2
command -v sha256sum > /dev/null || { echo "error: sha256sum is not installed (coreutils)" >&2; exit 2; }
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2> /dev/null \
    || { echo "error: $PYTHON is not Python 3.9 or later; set PYTHON=/path/to/python3" >&2; exit 2; }
[ -f SHA256SUMS ] || { echo "error: SHA256SUMS is missing: this is no whole release" >&2; exit 1; }
sums=0
sha256sum --check --quiet --strict SHA256SUMS || sums=1
"$PYTHON" -I -B proof "$sums" ${signers:+"$signers"}
