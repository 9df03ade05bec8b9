"""Run one command in one image, the same way under every engine.

Standard library only: the launcher is what must work before anything is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTAINERS = ROOT / "containers"
EXIT_BAD_INPUT = 2
# What a shell adds to the number of a signal that ended a command.
SIGNALLED = 128


class LauncherError(Exception):
    """Something that a user can act on; printed as one line, exit code 2."""


class Terminated(BaseException):
    """This process was asked to end (SIGTERM)."""


class Parser(argparse.ArgumentParser):
    """A command line that refuses in one line what it does not know."""

    def error(self, message: str) -> None:
        """Refuse the arguments.

        Raises
        ------
        LauncherError
            Saying why.
        """
        raise LauncherError(f"{self.prog}: {message}; see --help")


def no_arguments(program: str, description: str | None) -> None:
    """Refuse any argument but ``--help``."""
    Parser(prog=program, description=description,
           formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()


def entry(command: Callable[[], int | None]) -> None:
    """Run a command line and exit: one line and code 2 for what the user can mend.

    Parameters
    ----------
    command : callable
        Returns the exit status (None is 0).
    """
    signal.signal(signal.SIGTERM, _terminated)
    try:
        sys.exit(command())
    except LauncherError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}; mend this and run the same command "
              "again, it goes on from here", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        print("error: interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(SIGNALLED + signal.SIGINT)
    except Terminated:
        print("error: terminated; run the same command again to go on", file=sys.stderr)
        sys.exit(SIGNALLED + signal.SIGTERM)


def _terminated(number, frame):
    """End what this process started, which a signal from elsewhere than a terminal does not reach.

    Raises
    ------
    Terminated
        Always.
    """
    signal.signal(number, signal.SIG_IGN)
    for process in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
    raise Terminated


def descendants(ancestor: int) -> list[int]:
    """Return the processes that a process and its children started, and that still run."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything; the parent is the second field behind it.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [ancestor]
    for process in found:
        found += children.get(process, [])
    return found[1:]
