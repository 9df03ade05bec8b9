"""What no release is made of, each in one line."""

from pathlib import Path

import pytest

from containers.commands.release import pack
from tests.releases import VERSION, git, make

ROOT = Path(__file__).resolve().parents[2]


BAD = [(lambda folder: (folder / "README.md").write_text("x"), f"v{VERSION}", "", "README.md: differs"),
       (lambda folder: (folder / "stray.txt").write_text("x"), f"v{VERSION}", "", "stray.txt: differs"),
       (lambda folder: None, "v99", "", "no tag 'v99'"),
       (lambda folder: None, "-x y", "", "no name of a tag"),
       (lambda folder: None, "other", "", "is at"),
       (lambda folder: git(folder, "tag", "v99.0"), "v99.0", "", f"is of version {VERSION}"),
       (lambda folder: None, f"v{VERSION}", "wheel", "'wheel' is no part"),
       (lambda folder: None, f"v{VERSION}", "images,wheels", "not in DVC's cache"),
       (lambda folder: ((folder / "release").mkdir(), (folder / "release" / "mine").touch()),
        f"v{VERSION}", "images,wheels,cache", "is no release")]


@pytest.mark.parametrize("spoil, tag, without, said", BAD)
def test_bad_input_is_one_line(tagged, tmp_path, spoil, tag, without, said):
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(tagged), str(folder))
    for name in (".venv", ".envs"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".git" / "info" / "exclude").write_text(".venv\n.envs\n")
    git(folder, "tag", "other", "HEAD~1")
    spoil(folder)
    made = make(folder, tag, without)
    assert made.returncode == 2 and said in made.stderr, made.stderr
    assert made.stderr.count("\n") == 1 and "Traceback" not in made.stderr
    assert not (folder / "release" / pack.SUMS).exists()
