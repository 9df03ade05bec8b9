"""Every command line of the launcher, the builder and the verifier ends in the same way."""

import pytest

from containers.launcher import LauncherError, entry, main


def raising(error):
    def command():
        raise error
    return command


@pytest.mark.parametrize("command, status, said", [
    (lambda: None, None, ""), (lambda: 3, 3, ""),
    (raising(LauncherError("no image")), 2, "error: no image\n"),
    (raising(OSError(28, "No space left on device", "logs/x")), 2, "error: logs/x: No space left"),
    (raising(KeyboardInterrupt()), 130, "error: interrupted")])
def test_one_line_and_its_exit_status(command, status, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        entry(command)
    assert stopped.value.code == status
    printed = capsys.readouterr().err
    assert printed.startswith(said) and len(printed.splitlines()) == bool(said)


def test_programming_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        entry(lambda: 1 / 0)


@pytest.mark.parametrize("options, said", [
    (["--read", "/no/such/folder"], "no such folder"), (["--write", "/no/such/folder"], "no such"),
    (["--threads", "-1"], "whole number from 1"), (["--threads", "0"], "whole number from 1")])
def test_options_that_cannot_work_are_refused(options, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main.parse([*options, "cohort", "--", "true"])
    assert stopped.value.code == 2 and said in capsys.readouterr().err
