"""Command line of ``containers/run``."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from containers.launcher import EXIT_BAD_INPUT, ROOT, LauncherError, environment, images, orchestrator, venv

ENGINES = ("auto", "venv")
LOGS = ROOT / "logs" / "provenance"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse ``[--threads N] IMAGE -- COMMAND …``."""
    parser = argparse.ArgumentParser(
        prog="containers/run",
        description="Run a command in an image, with the engine that MSCLC_ENGINE names "
                    f"({', '.join(ENGINES)}).")
    parser.add_argument("--threads", type=int, default=1, help="threads for the stage (default 1)")
    parser.add_argument("--setup", action="store_true", help="only make the image ready")
    parser.add_argument("--tests", action="store_true", help="put the test tools on the path")
    parser.add_argument("image", help=f"one of: {', '.join(images.names())}; or "
                        f"{orchestrator.NAME}, for acquisition")
    parser.add_argument("command", nargs="*", metavar="-- COMMAND")
    options = parser.parse_args(arguments)
    if not options.command and not options.setup:
        parser.error("no command given; write it behind --")
    return options


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    engine = os.environ.get("MSCLC_ENGINE", "auto")
    if engine not in ENGINES:
        raise LauncherError(f"MSCLC_ENGINE is '{engine}'; valid: {', '.join(ENGINES)}")
    environment.check_cpu()
    if options.image == orchestrator.NAME:
        return orchestrator.run(options.command, options.threads)
    image = images.load(options.image)
    venv.setup(image)
    if options.setup:
        return 0
    with tempfile.TemporaryDirectory(prefix="msclc-") as scratch:
        command, extra = venv.command(image, options.command)
        variables = environment.variables(options.threads) | extra
        path = [str(ROOT)] + ([str(venv.test_tools())] if options.tests else [])
        record = Path(scratch, "provenance.json")
        variables |= {"HOME": scratch, "TMPDIR": scratch, "PYTHONPATH": os.pathsep.join(path),
                      "MSCLC_PROVENANCE": str(record)}
        start = time.monotonic()
        status = subprocess.run(command, env=variables, cwd=ROOT, umask=0o022).returncode
        if not options.tests:
            _record(image, options.command, status, time.monotonic() - start, record)
    return 128 - status if status < 0 else status


def _record(image: images.Image, command: list[str], status: int, seconds: float, inner: Path):
    """Write which engine, image and interpreter ran the command: outside every DVC output."""
    numerics = json.loads(inner.read_text()) if inner.exists() else {}
    record = {"engine": "venv", "image": image.name, "requirements": image.fingerprint(),
              "command": command, "status": status, "seconds": round(seconds, 3),
              "numerics": numerics}
    name = re.sub(r"[^A-Za-z0-9.=_+-]+", "_", "_".join(command[1:]))[-180:].strip("_")
    try:
        LOGS.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=2, sort_keys=True)
        (LOGS / f"{name}.json").write_text(text + "\n")
    except OSError as error:
        print(f"warning: {LOGS}: no provenance record written ({error.strerror})", file=sys.stderr)


def main() -> None:
    """Entry point: one line and exit code 2 for what the user can mend."""
    try:
        sys.exit(run(parse(sys.argv[1:])))
    except LauncherError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(130)
