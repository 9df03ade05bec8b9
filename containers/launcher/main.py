"""Command line of ``containers/run``."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

from containers.launcher import (
    ROOT,
    engines,
    entry,
    environment,
    images,
    orchestrator,
    venv,
)

LOGS = ROOT / "logs" / "provenance"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse ``[--threads N] IMAGE -- COMMAND …``."""
    parser = argparse.ArgumentParser(
        prog="containers/run",
        description="Run a command in an image, with the engine that MSCLC_ENGINE names "
                    f"({', '.join(engines.ENGINES)}).")
    parser.add_argument("--threads", type=_count, default=1, help="threads for the stage (default 1)")
    parser.add_argument("--setup", action="store_true", help="only make the image ready")
    parser.add_argument("--tests", action="store_true", help="put the test tools on the path")
    parser.add_argument("--gpu", action="store_true", default=images.gpu(),
                        help=f"let the stage use the GPU, as {images.GPU}=1 does in a pipeline, in "
                        f"the image IMAGE{images.CUDA} where there is one")
    parser.add_argument("--read", action="append", default=[], metavar="FOLDER", type=_folder,
                        help="a folder outside the repository that it reads (may be repeated)")
    parser.add_argument("--write", action="append", default=[], metavar="FOLDER", type=_folder,
                        help="a folder outside the repository that it writes (may be repeated)")
    parser.add_argument("image", help=f"one of: {', '.join(images.names())}; or "
                        f"{orchestrator.NAME}, for acquisition")
    parser.add_argument("command", nargs="*", metavar="-- COMMAND")
    options = parser.parse_args(arguments)
    if not options.command and not options.setup:
        parser.error("no command given; write it behind --")
    return options


def _folder(text: str) -> Path:
    path = Path(text).resolve()
    if ":" in text or "," in text:
        raise argparse.ArgumentTypeError(f"'{text}': engines cannot mount a name with ':' or ','")
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}': no such folder; make it or correct the name")
    return path


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': give a whole number from 1")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    environment.check_cpu()
    if options.image == orchestrator.NAME:
        return orchestrator.run(options.command, options.threads)
    image = images.load(images.with_gpu(options.image) if options.gpu else options.image)
    engine, digest = engines.choose(image)
    if engine == "venv":
        venv.setup(image)
    if options.setup:
        return 0
    request = engines.Request(image, options.command, options.threads, options.tests, options.gpu,
                              tuple(options.read), tuple(options.write))
    with tempfile.TemporaryDirectory(prefix="msclc-") as scratch:
        status, seconds = engines.run(engine, digest, request, Path(scratch))
        if not options.tests:
            inner = Path(scratch, "provenance.json")
            _record(request, {"engine": engine, "digest": digest, "status": status,
                              "seconds": round(seconds, 3)}, inner)
    return status


def _record(request: engines.Request, outcome: dict, inner: Path) -> None:
    """Write which engine, image and interpreter ran the command: outside every DVC output."""
    image = request.image
    record = {"image": image.name, "requirements": image.fingerprint(),
              "command": [shown(argument) for argument in request.command], "cpu": environment.cpu(),
              "numerics": json.loads(inner.read_text()) if inner.exists() else {}} | outcome
    name = named(request.command)
    try:
        LOGS.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=2, sort_keys=True)
        (LOGS / f"{name}.json").write_text(text + "\n")
    except OSError as error:
        print(f"warning: {LOGS}: no provenance record written ({error.strerror})", file=sys.stderr)


def shown(argument: str) -> str:
    """Return an argument without the user's own paths, which may name patients.

    Paths in the repository are written relative to it on every command line of the pipelines; any
    other becomes the first digits of its SHA-256.

    Examples
    --------
    >>> shown("--out"), shown("data/x.csv"), shown("--ct=/scans/Smith.nii")
    ('--out', 'data/x.csv', '--ct=path-55a51bfa77f6')
    """
    *option, value = argument.split("=", 1) if argument.startswith("--") else [argument]
    path = Path(value)
    if path.is_absolute() or ".." in path.parts:
        value = f"path-{_digest(value)}"
    return "=".join([*option, value])


def named(command: list[str]) -> str:
    """Return the name of a command's record: its module and a hash of the whole."""
    what = command[command.index("-m") + 1] if "-m" in command[:-1] else Path(command[0]).name
    return f"{what}-{_digest(' '.join(command))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def main() -> None:
    """Entry point."""
    entry(lambda: run(parse(sys.argv[1:])))
