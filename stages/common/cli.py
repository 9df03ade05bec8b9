"""The command line of a stage: one parser style, one way to fail, one provenance record."""
# dvc: no dependency (command lines and messages)

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.common.errors import EXIT_BAD_INPUT, InputError

PROVENANCE_VARIABLE = "MSCLC_PROVENANCE"
# What a shell returns for a command that a signal ended: 128 and the signal's number.
SIGNALLED = 128


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message}; see --help\n")

    def parse_known_args(self, args=None, namespace=None):
        given = sys.argv[1:] if args is None else list(args)
        # An empty path would be the folder that the stage runs in: a variable without a value.
        for before, argument in zip(["", *given], given):
            name, _, value = argument.partition("=")
            if not argument or argument.startswith("--") and name != argument and not value:
                self.error(f"{name or before or 'an argument'} is empty: give it a value")
        found = super().parse_known_args(given, namespace)
        for value in vars(found[0]).values():
            for path in value if isinstance(value, list) else [value]:
                # Read, a pipe that nobody writes to would be waited for without end.
                if isinstance(path, Path) and path.is_fifo():
                    raise InputError("is a pipe, a socket or a device", path,
                                     "copy its content into a file")
        return found


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return an argument parser for ``python -m module``."""
    return _Parser(prog=f"python -m {module}", description=description,
                   formatter_class=argparse.RawDescriptionHelpFormatter)


def main(stage: Callable[[], None]) -> None:
    """Run a stage; turn what its user can mend into one line on standard error and exit code 2.

    That is `InputError`, a failure of the file system, and too little memory. Ctrl-C and SIGTERM
    are one line too, with the exit code of a shell (130, 143): files appear whole or not at all,
    so that the same command can be run again.
    """
    signal.signal(signal.SIGTERM, _terminated)
    try:
        stage()
        _record_numerics()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except OSError as error:
        # A file that no reader or writer of canonical files handles: a name too long, a full disk.
        where = f"{error.filename}: " if error.filename is not None else ""
        print(f"error: {where}{error.strerror or error}; correct the path, or make room for it",
              file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except RecursionError:
        print("error: an input is nested too deeply to be read; correct it", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except MemoryError:
        print("error: the memory is too small for this input; give the stage more memory or fewer "
              "--jobs", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except (KeyboardInterrupt, Terminated) as stopped:
        _end(stopped)


def _terminated(number, frame):
    # It may come twice: from a cluster to every process, and from the launcher.
    signal.signal(number, _ignored)
    raise Terminated


def _ignored(number, frame):
    pass


def _end(stopped: BaseException) -> None:
    """Say in one line what ended the stage, and exit as a shell would say it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignored)
    number = signal.SIGTERM if isinstance(stopped, Terminated) else signal.SIGINT
    what = "terminated" if isinstance(stopped, Terminated) else "interrupted"
    print(f"\nerror: {what}; run the same command again to go on", file=sys.stderr, flush=True)
    sys.exit(SIGNALLED + number)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Count on one line of standard error, which ends before an error is told.

    Yields
    ------
    callable
        Takes the number of the item that begins.
    """
    def step(count: int) -> None:
        print(f"\r{what} {count} of {total}", end="", file=sys.stderr, flush=True)

    try:
        yield step
    finally:
        print(file=sys.stderr)


def _record_numerics() -> None:
    """Append what computed this stage to the launcher's provenance record, where there is one."""
    path = os.environ.get(PROVENANCE_VARIABLE)
    if not path:
        return
    record = {"python": platform.python_version(), "blas": _blas(),
              "libc": " ".join(platform.libc_ver())}
    Path(path).write_text(json.dumps(record, sort_keys=True, indent=2) + "\n")


def _blas() -> list[dict]:
    if importlib.util.find_spec("threadpoolctl") is None:
        return []
    from threadpoolctl import threadpool_info

    keys = ("internal_api", "version", "architecture", "num_threads")
    return [{key: pool.get(key) for key in keys} for pool in threadpool_info()]
