"""A stage fails in one line with exit code 2 and never shows a traceback."""

import os
import signal
import subprocess
import sys

import pytest

CODE = """
import sys
from stages.common import cli
from stages.common.errors import InputError
def stage():
    {body}
cli.main(stage)
"""


def run(body):
    return subprocess.run([sys.executable, "-c", CODE.format(body=body)], capture_output=True,
                          text=True)


def test_input_error_is_one_line():
    result = run("raise InputError('is\\nbroken', 'x.csv', 'mend it')")
    assert result.returncode == 2
    assert result.stderr == "error: x.csv: is broken; mend it\n"


def test_programming_errors_are_not_hidden():
    result = run("1 / 0")
    assert result.returncode == 1 and "ZeroDivisionError" in result.stderr


def test_wrong_arguments_exit_2():
    result = run("cli.parser('m', 'd').parse_args(['--nonsense'])")
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1


def test_success_exits_0():
    assert run("print('ok')").stdout == "ok\n"


def test_a_failure_of_the_file_system_is_one_line():
    result = run("open('x' * 300)")
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert "File name too long" in result.stderr and "xxx" in result.stderr


def test_too_little_memory_is_one_line():
    result = run("raise MemoryError")
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("given", [["--out", ""], ["--out="]])
def test_an_empty_argument_is_not_the_folder_one_stands_in(given):
    result = run(f"p = cli.parser('m', 'd'); p.add_argument('--out'); p.parse_args({given})")
    assert result.returncode == 2
    assert result.stderr == "python -m m: --out is empty: give it a value; see --help\n"


@pytest.mark.parametrize("many", [False, True])
def test_a_pipe_is_not_waited_for(tmp_path, many):
    os.mkfifo(tmp_path / "pipe.csv")
    more = ", nargs='+'" if many else ""
    result = run("from pathlib import Path; p = cli.parser('m', 'd'); "
                 f"p.add_argument('--table', type=Path{more}); "
                 f"p.parse_args(['--table', '{tmp_path}/pipe.csv'])")
    assert result.returncode == 2
    assert result.stderr == (f"error: {tmp_path}/pipe.csv: is a pipe, a socket or a device; copy its "
                             "content into a file\n")


def test_what_is_nested_too_deeply_is_one_line():
    result = run("import json; json.loads('[' * 100000)")
    assert result.returncode == 2
    assert result.stderr == "error: an input is nested too deeply to be read; correct it\n"


@pytest.mark.parametrize("number, status, said", [(signal.SIGTERM, 143, "terminated"),
                                                  (signal.SIGINT, 130, "interrupted")])
def test_a_signal_is_one_line_and_the_exit_code_of_a_shell(number, status, said):
    result = run(f"import os; os.kill(os.getpid(), {int(number)}); import time; time.sleep(9)")
    assert result.returncode == status
    assert result.stderr.strip() == f"error: {said}; run the same command again to go on"
