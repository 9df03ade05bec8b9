"""Try to break out of every engine that this machine has."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from containers.launcher import ROOT, box, environment, images, main, venv

from .conftest import IMAGE, launch

PYTHON = ("python", "-c")


def test_reaches_no_network(any_engine):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        result = launch(*PYTHON, code, engine=any_engine)
    assert result.returncode == 1
    assert "ConnectionRefusedError" in result.stderr or "Network is unreachable" in result.stderr


def test_has_no_network_device_but_loopback(any_engine):
    code = "import socket; print(*(name for _, name in socket.if_nameindex()))"
    names = launch(*PYTHON, code, engine=any_engine).stdout.split()
    assert "lo" in names
    # Tunnel devices that the kernel makes in every network namespace lead nowhere.
    assert not [name for name in names if name.startswith(("eth", "en", "wl", "docker", "br"))]


@pytest.mark.parametrize("code", [
    "import os; os.setns(os.open(f'/proc/{os.getppid()}/ns/net', os.O_RDONLY), 0)",
    "import os; open(f'/proc/{os.getppid()}/environ').read()"])
def test_a_stage_of_root_has_no_rights_over_its_launcher(code):
    """Neither the host's network nor what the launcher was started with."""
    result = launch(*PYTHON, code, engine="venv")
    assert result.returncode == 1 and result.stderr.splitlines()[-1].startswith("PermissionError")


def test_a_network_that_cannot_be_taken_away_is_no_secret(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert venv.command(images.load(IMAGE), ["true"])[0] == ["true"]
    assert capsys.readouterr().err.startswith("notice: the engine venv cannot take the network away")


@pytest.mark.parametrize("place", ["/", "/usr", "/etc", "/opt/venv", "/repository",
                                   "/repository/stages", "/repository/.dvc", "/repository/containers"])
def test_writes_nowhere_else(engine, place):
    name = f"{place.rstrip('/')}/written-{uuid.uuid4().hex}"
    result = launch(*PYTHON, f"open({name!r}, 'w')", engine=engine)
    assert result.returncode == 1
    assert "Read-only file system" in result.stderr or "Permission denied" in result.stderr
    assert not Path(name).exists() and not (ROOT / Path(name).name).exists()


def test_sees_nothing_of_the_host_but_the_repository(engine, tmp_path):
    (tmp_path / "private.txt").write_text("x")
    beside = list(ROOT.parent.iterdir())
    asked = [str(tmp_path / "private.txt"), *(str(path) for path in beside if path != ROOT)]
    result = launch(*PYTHON, f"import os; print([p for p in {asked!r} if os.path.exists(p)])",
                    engine=engine)
    assert result.returncode == 0, result.stderr
    seen = [path for path in eval(result.stdout) if Path(path).name not in os.listdir("/")]
    assert seen == []


def test_sees_no_variable_of_the_host(any_engine):
    code = "import json, os; print(json.dumps(sorted(os.environ)))"
    result = launch(*PYTHON, code, engine=any_engine, MSCLC_SECRET="x", APPTAINERENV_SECRET="x",
                    SINGULARITYENV_SECRET="x", LD_LIBRARY_PATH="/x")
    names = set(json.loads(result.stdout))
    assert not [name for name in names if "SECRET" in name]
    own = {"HOME", "TMPDIR", "PYTHONPATH", "MSCLC_PROVENANCE", "DATA_MIRROR"}
    # What the engines and the shell set themselves: about the container, not about the host.
    engines_own = {"HOSTNAME", "container", "TERM", "PWD", "SHLVL", "_", "LC_CTYPE", "PROMPT_COMMAND",
                   "PS1", "USER", "LOGNAME", "OLDPWD", "LD_LIBRARY_PATH"}
    extra = {name for name in names if not name.startswith(("APPTAINER", "SINGULARITY"))}
    assert extra - own - engines_own <= set(environment.variables())


def test_gets_the_pinned_variables(any_engine):
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    hostile = {"OPENBLAS_CORETYPE": "Prescott", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "7",
               "PYTHONHASHSEED": "77", "APPTAINERENV_TZ": "Asia/Tokyo", "MKL_CBWR": "AVX512",
               "ATEN_CPU_CAPABILITY": "avx512"}
    result = launch(*PYTHON, code, engine=any_engine, **hostile)
    pinned = {name: value for name, value in environment.variables().items() if name != "PATH"}
    seen = json.loads(result.stdout)
    assert {name: seen.get(name) for name in pinned} == pinned


@pytest.mark.parametrize("image", images.names())
def test_no_image_undoes_a_pin(image):
    """The same routines on every CPU: NumPy's, OpenBLAS', PyTorch's, oneDNN's and MKL's."""
    loaded, pinned = images.load(image), environment.variables()
    assert {name: pinned[name] for name in ("OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY",
                                            "ONEDNN_MAX_CPU_ISA", "MKL_CBWR")} == {
        "OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"}
    assert not set(pinned) & set(loaded.environment)


def test_cannot_read_the_home_folder(engine):
    secret = Path.home() / f".private-{uuid.uuid4().hex}"
    secret.write_text("x")
    try:
        code = (f"import os, pathlib; print(os.path.exists({str(secret)!r}), "
                "sorted(p.name for p in pathlib.Path.home().iterdir()))")
        result = launch(*PYTHON, code, engine=engine)
    finally:
        secret.unlink()
    assert result.stdout.split(" ", 1) == ["False", "[]\n"]


def test_cannot_become_root(engine):
    code = ("import os; status = open('/proc/self/status').read(); print(os.getuid(), "
            "[l.split()[1] for l in status.splitlines() if l.startswith(('Cap', 'NoNew'))])\n"
            "os.setuid(0)")
    result = launch(*PYTHON, code, engine=engine)
    # Not permitted; or, in a user namespace that has no user 0, not even a valid user.
    assert result.returncode == 1
    assert result.stderr.rstrip().rpartition("\n")[2].startswith(("PermissionError", "OSError"))
    user, _, facts = result.stdout.partition(" ")
    assert int(user) != 0
    *capabilities, no_new_privileges = eval(facts)
    assert set(capabilities) == {"0" * 16}
    assert no_new_privileges == "1"


def test_setuid_programs_gain_nothing(engine):
    result = launch("sh", "-c", "su -c id < /dev/null", engine=engine)
    assert result.returncode != 0 and "uid=0" not in result.stdout


def test_has_a_host_name_of_its_own(engine):
    result = launch(*PYTHON, "import socket; print(socket.gethostname())", engine=engine)
    assert result.stdout == "stage\n"


def test_files_belong_to_the_caller(engine):
    name = f"written-{uuid.uuid4().hex}"
    place = ROOT / "data" / name
    try:
        result = launch("sh", "-c", f"mkdir data/{name} && echo 1 > data/{name}/x", engine=engine)
        assert result.returncode == 0, result.stderr
        owner = (ROOT if os.geteuid() == 0 else Path.home()).stat().st_uid
        assert place.stat().st_uid == (place / "x").stat().st_uid == owner
        assert (ROOT / "data").stat().st_uid == owner
        assert (place / "x").stat().st_mode & 0o777 == 0o644
    finally:
        (place / "x").unlink(missing_ok=True)
        place.rmdir()


def test_other_folders_only_when_named(engine, tmp_path):
    given, taken = tmp_path / "given", tmp_path / "taken"
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    given.mkdir()
    taken.mkdir()
    (given / "ct.txt").write_text("1")
    options = ("--read", str(given), "--write", str(taken))
    copy = launch("cp", str(given / "ct.txt"), str(taken), engine=engine, options=options)
    assert copy.returncode == 0, copy.stderr
    assert (taken / "ct.txt").read_text() == "1"
    assert launch("touch", str(given / "new"), engine=engine, options=options).returncode != 0


def test_exit_status_comes_through(any_engine):
    assert launch("sh", "-c", "exit 37", engine=any_engine).returncode == 37


def test_record_names_engine_and_digest(engine):
    command = ["true", f"record{uuid.uuid4().hex}"]
    subprocess.run([sys.executable, ROOT / "containers" / "run", IMAGE, "--", *command],
                   env={**os.environ, "MSCLC_ENGINE": engine}, check=True)
    path = ROOT / "logs" / "provenance" / f"{main.named(command)}.json"
    record = json.loads(path.read_text())
    path.unlink()
    assert record["engine"] == engine and record["digest"].startswith("sha256:")
    assert record["status"] == 0 and "avx2" in record["cpu"]["features"]


def test_root_gives_nothing_to_nobody_for_good(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root's containers run as another user")
    view = box.Box(tmp_path, *box.identity())
    inside = ROOT / "data" / f"written-{uuid.uuid4().hex}"
    with box.opened(view):
        assert (ROOT / "data").stat().st_uid == view.user != 0
        inside.write_text("x")
        os.chown(inside, view.user, view.group)
    assert inside.stat().st_uid == (ROOT / "data").stat().st_uid == ROOT.stat().st_uid
    inside.unlink()
