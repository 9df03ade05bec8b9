"""A short form of ``make faults``, on the intake of an own cohort; and that it sees what is wrong."""

import os
import subprocess
import sys

import pytest
import yaml

from containers.commands.faults import house, kills, main, scenarios, surroundings
from containers.commands.faults.house import OWN, Scenario
from containers.commands.faults.surroundings import Bench
from containers.launcher import ROOT


def toy(script):
    """Return a scenario that is a few lines of Python; it finds its folder in the first argument."""
    def make(folder):
        (folder / "run.py").write_text("import os, sys, time\nfrom pathlib import Path\n" + script)

    return Scenario("toy", make, lambda folder: [sys.executable, str(folder / "run.py")])


def test_an_own_cohort_is_taken_in_the_same_after_kills(tmp_path):
    result = kills.run(OWN, 2, 4, tmp_path)
    assert (result.kills, result.survived, result.faults) == (2, 2, [])


def test_an_own_cohort_is_taken_in_anywhere(tmp_path):
    bench = Bench(OWN, tmp_path / "bench")
    few = ["bash", "-c", 'ulimit -n 64 && exec "$@"', "bash"]
    trials = [bench.try_("a path", at="Größe 'x' $HOME & ü"),
              bench.try_("64 file handles", lambda _: few)]
    assert [(one.said, one.behind) for one in trials] == 2 * [("", surroundings.SAME)]


SLOW = "for name in 'abcdefgh':\n    time.sleep(0.05)\n    {write}\n"


@pytest.mark.parametrize("write, seen", [
    ("Path(name).write_text(name)", ""),
    # What is there is not made again, though half of it may be.
    ("if not Path(name).exists():\n        with open(name, 'w') as stream:\n"
     "            stream.write('x')\n            stream.flush(); time.sleep(0.1)\n"
     "            stream.write('y')", "differs"),
    ("own = Path(f'{name}.{os.getpid()}'); own.write_text(''); time.sleep(0.05); own.unlink()",
     "stray")])
def test_what_a_kill_leaves_behind_is_seen(tmp_path, write, seen):
    result = kills.run(toy(SLOW.format(write=write)), 6, 1, tmp_path)
    assert result.kills == 6
    if seen:
        assert result.survived < 6 and any(line.endswith(seen) for line in result.faults)
    else:
        assert (result.survived, result.faults) == (6, [])


def test_what_is_missing_is_seen():
    assert kills.differences({"a": "1", "c": "1"}, {"a": "2", "b": "1"}) == [
        "a: differs", "b: missing", "c: stray"]


@pytest.mark.parametrize("script, behind, survived", [
    ("Path('out').write_text('x')", surroundings.SAME, True),
    ("Path('out').write_text(os.environ.get('ODD', 'x'))", "out: differs", False),
    ("if 'ODD' in os.environ:\n    print('error: odd; change it')\n    sys.exit(2)\n"
     "Path('out').write_text('x')", f"then {surroundings.SAME}", True),
    ("if 'ODD' in os.environ:\n    1 / 0\nPath('out').write_text('x')", "not one line (exit code 1)",
     False)])
def test_a_trial_is_judged(tmp_path, script, behind, survived):
    bench = Bench(toy(script), tmp_path / "bench")
    trial = bench.try_("odd", ODD="y")
    assert (trial.behind, trial.survived) == (behind, survived)


def test_a_full_disk_is_one(tmp_path):
    """What is mounted is seen by the run alone."""
    if not surroundings.may_mount():
        pytest.skip("this user may not mount")
    script = ("try:\n    Path('full/out').write_bytes(bytes(100_000))\nexcept OSError as error:\n"
              "    print(f'error: {error.strerror}')\n    sys.exit(2)\n")
    bench = Bench(toy(f"os.makedirs('full', exist_ok=True)\n{script}"), tmp_path / "bench")
    trial = bench.try_("full", surroundings.mounted("mount -t tmpfs -o size=16k none {folder}/full"),
                       prepare=lambda folder: (folder / "full").mkdir())
    assert trial.said == "error: No space left on device" and trial.behind == "then same bytes"
    assert not os.path.ismount(tmp_path / "bench")


def test_every_kill_belongs_to_a_scenario():
    assert set(main.SHARES) == set(scenarios.SCENARIOS) and round(sum(main.SHARES.values()), 9) == 1


def test_a_demonstration_is_the_same_after_a_kill(tmp_path):
    result = kills.run(scenarios.DEMO, 1, 4, tmp_path)
    assert (result.kills, result.survived, result.faults) == (1, 1, [])


def test_the_small_demonstration_holds_real_stages_alone(tmp_path):
    scenarios.synthetic(tmp_path)
    path = f"studies/{scenarios.STUDY}/synthetic/dvc.yaml"
    ours, theirs = (yaml.safe_load((root / path).read_text())["stages"] for root in (tmp_path, ROOT))
    assert tuple(ours) == scenarios.QUICK and all(ours[name] == theirs[name] for name in ours)


def test_the_small_house_has_no_other_study(tmp_path):
    house.house(tmp_path)
    studies = [path.parent.name for path in tmp_path.glob("studies/*/study.yaml")]
    assert studies == [house.NAME] and not (tmp_path / "metrics").exists()
    assert subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, capture_output=True,
                          check=True).stdout == b""
