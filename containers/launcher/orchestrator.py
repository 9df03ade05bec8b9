"""The orchestrator as a place to run acquisition: the one stage that sees the network."""

from __future__ import annotations

import os

from containers.launcher import ROOT, LauncherError, child, environment

NAME = "orchestrator"
PYTHON = ROOT / ".venv" / "bin" / "python"

MIRROR = "DATA_MIRROR"

# What a download needs from the host, and where the data may be found without one.
PASSED = (MIRROR, "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
          "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
          "HOME", "TMPDIR")


def run(command: list[str], threads: int) -> int:
    """Run ``command`` with the orchestrator's Python; return its exit status.

    Raises
    ------
    LauncherError
        If the orchestrator is not set up.
    """
    if not PYTHON.exists():
        raise LauncherError(f"{PYTHON.parent.parent}: no orchestrator; run 'make setup'")
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    variables = environment.variables(threads) | passed | {"PYTHONPATH": str(ROOT)}
    variables["PATH"] = f"{PYTHON.parent}:{variables['PATH']}"
    return child.run([str(PYTHON.parent / command[0]), *command[1:]], env=variables, cwd=ROOT,
                     umask=0o022)
