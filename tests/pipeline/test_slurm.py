"""Parts as a job array, on a SLURM cluster of one node with small tasks."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from containers.commands.shards import job, slurm
from containers.launcher import ROOT, LauncherError
from tests.slurm import cluster, lacking, wait

LARGEST = 30
pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking() or "a cluster can be started")
# Writes how often a part ran; part 1 fails or waits where it is asked to.
TASK = """
echo x >> "$0/ran-$1"
if [ "$1" = "${FAILING:-}" ]; then exit 3; fi
if [ "$1" = "${WAITING:-}" ]; then while [ ! -e "$0/go" ]; do sleep 0.1; done; fi
echo x >> "$0/ended-$1"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("slurm"), largest=LARGEST) as running:
        yield running


@pytest.fixture
def node(made, monkeypatch):
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    yield made
    made.call("scancel", "--user=root")
    wait(lambda: not made.call("squeue", "--noheader").strip(), "an empty queue", made.home)


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "50 %a"
    for number in range(4):
        (folder / "parts" / f"{number:05d}").mkdir(parents=True)
    return folder


def task(work):
    return ["bash", "-c", TASK, str(work)]


def count(work, what):
    return {number: len((work / f"{what}-{number}").read_text().split())
            for number in range(4) if (work / f"{what}-{number}").exists()}


def test_parts_run_and_those_that_fail_are_named(node, work, monkeypatch):
    monkeypatch.setenv("FAILING", "1")
    assert slurm.run(task(work), [0, 1, 3], 2, work, "x") == {1: "SLURM: FAILED"}
    assert count(work, "ran") == {0: 1, 1: 1, 3: 1} and count(work, "ended") == {0: 1, 3: 1}
    assert (work / "parts" / "00003" / "log").is_file()
    monkeypatch.delenv("FAILING")
    assert slurm.run(task(work), [1], None, work, "x") == {}
    assert count(work, "ended") == {0: 1, 1: 1, 3: 1}


def test_what_a_cluster_refuses_is_said_in_a_line(node, work, monkeypatch):
    assert slurm.count(None, 260) == 11 and slurm.count(None, 10 ** 6) == LARGEST
    assert slurm.count(LARGEST, 9) == LARGEST and slurm.count(None, 0) == 1
    with pytest.raises(LauncherError, match="SHARDS=31, but an array of this cluster holds 30 tasks"):
        slurm.count(LARGEST + 1, 1000)
    monkeypatch.setenv("SBATCH_PARTITION", "gpus")
    with pytest.raises(LauncherError, match=r"invalid partition.*|Invalid partition name") as error:
        slurm.run(task(work), [0], None, work, "x")
    assert "name one that sinfo lists: SBATCH_PARTITION=…" in str(error.value)
    monkeypatch.delenv("SBATCH_PARTITION")
    monkeypatch.setenv("SBATCH_MEM_PER_NODE", "900G")
    with pytest.raises(LauncherError, match="SLURM: refuses the array .*SBATCH_MEM_PER_NODE"):
        slurm.run(task(work), [0], None, work, "x")
    assert not (work / slurm.ARRAY).exists() and not count(work, "ran")


def test_parts_that_need_a_gpu_have_one(node, work, monkeypatch):
    line = ["bash", "-c", 'echo "gpu $CUDA_VISIBLE_DEVICES" > "$0/gpu-$1"', str(work)]

    def given(number, gpu):
        assert slurm.run(line, [number], None, work, "x", gpu) == {}
        return (work / f"gpu-{number}").read_text().split()[1:]
    assert given(0, True) == ["0"] and given(1, False) == []
    # What the site wants stands instead of it.
    monkeypatch.setenv("SBATCH_GRES", "gpu:9")
    with pytest.raises(LauncherError, match="SLURM: refuses the array .*, SBATCH_GRES"):
        given(2, True)


def test_where_there_is_no_cluster(node, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "/none")
        with pytest.raises(LauncherError, match="scontrol is not installed here; run this on a login"):
            slurm.count(2, 2)
    # No configuration, and no service that names one.
    monkeypatch.delenv("SLURM_CONF")
    with pytest.raises(LauncherError, match="SLURM: does not answer"):
        slurm.count(2, 2)


START = """
import sys
from pathlib import Path
from containers.commands.shards import slurm
from containers.launcher import entry
work = Path(sys.argv[1])
entry(lambda: print(slurm.run(["bash", "-c", sys.argv[2], str(work)], [0, 1], None, work, "x")))
"""


def started(work, node):
    """Start an array in another process, whose part 1 waits; return the process."""
    line = ["-c", START, work, TASK]
    process = subprocess.Popen([sys.executable, *line], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    wait((work / "ran-1").exists, "part 1", node.home / "slurmctld.log")
    return process


def test_what_a_killed_run_left_is_waited_for_or_cancelled(node, work, monkeypatch, capsys):
    monkeypatch.setenv("WAITING", "1")
    process = started(work, node)
    process.kill()
    process.communicate()
    threading.Timer(0.5, (work / "go").write_text, ("",)).start()
    slurm.settle(work, "x")
    assert "of an earlier run is waited for" in capsys.readouterr().err
    assert count(work, "ran") == count(work, "ended") == {0: 1, 1: 1}
    (work / "go").unlink()
    (work / "ran-1").unlink()
    process = started(work, node)
    process.kill()
    process.communicate()
    slurm.settle(work, "another")
    assert "of an earlier run is cancelled" in capsys.readouterr().err
    assert count(work, "ended") == {0: 2, 1: 1}
    # Nothing is left: nothing is said.
    slurm.settle(work, "x")
    assert not capsys.readouterr().err


def test_who_ends_a_run_ends_its_array(node, work, monkeypatch):
    monkeypatch.setenv("WAITING", "1")
    process, log = started(work, node), node.home / "slurmctld.log"
    wait((work / slurm.ARRAY).exists, "the array's number", log)
    array = job.read(work / slurm.ARRAY)["array"]

    def states():
        return {state for state, _ in slurm.states(array).values()}
    wait(lambda: "COMPLETED" in states(), "the end of part 0", log)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate()
    assert process.returncode == 143 and "error: terminated; run the same command again" in said
    wait(lambda: states() == {"COMPLETED", "CANCELLED"}, "the end of the array", log)


def die(folder):
    """Kill the processes that name a folder, and the step that began each, as a machine that dies does.

    A step that outlives its node's daemon is still there when the node is back: SLURM then drains it.
    """
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() not in (place / "cmdline").read_bytes():
                continue
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            steps = [parent] if Path(f"/proc/{parent}/comm").read_text() == "slurmstepd\n" else []
            for process in (*steps, int(place.name)):
                os.kill(process, signal.SIGKILL)


def test_a_lost_node_s_parts_are_run_again_when_it_is_back(node, work, monkeypatch):
    monkeypatch.setenv("WAITING", "1")
    monkeypatch.setattr(slurm, "LONGEST", 1.0)
    name, log = node.call("sinfo", "--noheader", "--format=%n").strip(), node.home / "slurmctld.log"
    ended = []
    runner = threading.Thread(daemon=True, target=lambda: ended.append(
        slurm.run(task(work), [1], None, work, "x")))
    runner.start()
    wait((work / "ran-1").exists, "part 1", log)
    array = job.read(work / slurm.ARRAY)["array"]
    node.kill("slurmd")
    die(work)
    node.call("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=lost")
    wait(lambda: (slurm.states(array) or {1: ("",)})[1][0] == "PENDING", "the queue", log)
    (work / "go").write_text("")
    node.start("slurmd", "-D")
    node.call("scontrol", "update", f"NodeName={name}", "State=RESUME")
    # Such a task waits for two minutes more.
    node.call("scontrol", "update", f"JobId={array}_1", "StartTime=now")
    runner.join(30)
    assert ended == [{}] and count(work, "ran") == {1: 2}, log.read_text()[-2000:]


def test_why_parts_wait_is_said_once(node, work, monkeypatch, capsys):
    monkeypatch.setattr(slurm, "LONGEST", 1.0)
    name = node.call("sinfo", "--noheader", "--format=%n").strip()
    node.call("scontrol", "update", f"NodeName={name}", "State=DRAIN", "Reason=tests")
    back = threading.Timer(6, node.call, ("scontrol", "update", f"NodeName={name}", "State=RESUME"))
    back.start()
    assert slurm.run(task(work), [0, 1], None, work, "x") == {}
    back.join()
    notices = [line for line in capsys.readouterr().err.splitlines() if line.startswith("notice: ")]
    assert len(notices) == len(set(notices)) > 0
    assert all("NodeNotAvail" in line or "DOWN" in line for line in notices), notices


def test_the_imaging_pipeline_s_job_says_what_it_lacks(node, tmp_path):
    script = ROOT / "studies/sclc_liver/imaging/slurm.sbatch"
    subprocess.run(["sbatch", "--wait", "--mem=100M", script], cwd=tmp_path, capture_output=True)
    log, = tmp_path.glob("slurm-*.out")
    assert log.read_text() == ("error: .venv: no orchestrator; run 'make setup' where there is "
                               "network\n")
