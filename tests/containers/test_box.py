"""What a container sees of the machine, without an engine: its variables and its mounts."""

from pathlib import Path

from containers.launcher import ROOT, environment, images
from containers.launcher.box import OUTPUTS, REPOSITORY, SCRATCH, Box


def test_variables_are_the_stage_s_the_image_s_and_the_container_s():
    image = images.Image("small", "3.13", {"OWN": "1", "TZ": "Mars"})
    found = Box(Path("/tmp/x"), 1, 1).variables(image, 2, tests=False)
    assert environment.variables(2).items() - {("TZ", "UTC")} <= {
        *found.items(), ("PATH", environment.variables(2)["PATH"])}
    assert (found["OWN"], found["TZ"], found["OMP_NUM_THREADS"]) == ("1", "Mars", "2")
    assert found["HOME"] == found["TMPDIR"] == str(SCRATCH) and found["PYTHONPATH"] == str(REPOSITORY)
    assert "test-tools" in Box(Path("/tmp/x"), 1, 1).variables(image, 2, tests=True)["PYTHONPATH"]


def test_nothing_is_writable_but_outputs_scratch_and_what_is_named():
    box = Box(Path("/tmp/x"), 1, 1, read=(Path("/in"),), write=(Path("/out"),))
    writable = {place for _, place, may in box.mounts() if may}
    assert writable == {SCRATCH, Path("/out"), *(REPOSITORY / name for name in OUTPUTS)}
    assert {place for _, place, may in box.mounts() if not may} == {REPOSITORY, Path("/in")}
    assert (ROOT, REPOSITORY, False) in box.mounts()
