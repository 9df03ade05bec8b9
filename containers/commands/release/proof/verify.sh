#!/bin/sh
# Checks this release: every sum, every verdict. Needs coreutils and Python 3.9 or later; no network.
# Exit 0: all as it says. Exit 1: something differs, and it is named.
set -u
cd "$(dirname "$0")" || exit 2
command -v sha256sum > /dev/null || { echo "error: sha256sum is not installed (coreutils)" >&2; exit 2; }
PYTHON=${PYTHON:-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2> /dev/null \
    || { echo "error: $PYTHON is not Python 3.9 or later; set PYTHON=/path/to/python3" >&2; exit 2; }
[ -f SHA256SUMS ] || { echo "error: SHA256SUMS is missing: this is no whole release" >&2; exit 1; }
sums=0
sha256sum --check --quiet --strict SHA256SUMS || sums=1
"$PYTHON" -I -B proof "$sums"
