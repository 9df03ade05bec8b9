"""A command ends as its launcher is asked to: nothing runs on, and one line says what happened.

Ctrl-C reaches every process of a terminal, a signal from elsewhere (a cluster, ``kill``) perhaps
only the launcher. The command says itself what ended it; the launcher waits and returns its status.
"""

from __future__ import annotations

import signal
import subprocess

from containers.launcher import SIGNALLED, Terminated

# For the signal that a terminal sends to the command too, seconds before it is passed on.
GRACE = 1.0
# A command that does not end by then is killed, seconds.
PATIENCE = 60.0


def run(line: list[str], **options) -> int:
    """Run a command; return its exit status, 128 and the number for a signal that ended it.

    Parameters
    ----------
    line : list of str
        Command and arguments.
    **options
        As ``subprocess.Popen`` takes them.

    Raises
    ------
    FileNotFoundError
        If there is no such command.
    """
    process = subprocess.Popen(line, **options)
    try:
        status = process.wait()
    except (KeyboardInterrupt, Terminated) as stopped:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        # SIGTERM was passed on when it came.
        status = _end(process, signal.SIGTERM if isinstance(stopped, Terminated)
                      else signal.SIGINT)
    return SIGNALLED - status if status < 0 else status


def _end(process: subprocess.Popen, number: int) -> int:
    if _ended(process, GRACE):
        return process.returncode
    process.send_signal(number)
    if not _ended(process, PATIENCE):
        process.kill()
    return process.wait()


def _ended(process: subprocess.Popen, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
