"""What leaves a machine by DVC's remotes and experiments, and what does not (docs/remotes.md)."""

import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

PIPELINE = """\
stages:
  table:
    cmd: echo "P1,0.3" > private.csv
    outs:
      - private.csv: {push: false}
  model:
    cmd: wc -c < private.csv > model.txt && cp model.txt metrics.json
    deps: [private.csv]
    params: [share]
    outs: [model.txt]
    metrics:
      - metrics.json: {cache: false}
"""


def git(folder, *arguments):
    named = ["-c", "user.name=x", "-c", "user.email=x@x"]
    return subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A group's repository, a place for its history, and one for its cache."""
    root = tmp_path_factory.mktemp("group")
    home = root / "home"
    home.mkdir()
    git(root, "init", "-q", "--bare", "history.git")
    git(home, "init", "-q", "-b", "main")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{name}_NAME", "x")
            patch.setenv(f"GIT_{name}_EMAIL", "x@x")
        patch.chdir(home)
        with Repo.init(str(home)) as repo:
            (home / "dvc.yaml").write_text(PIPELINE)
            (home / "params.yaml").write_text("share: 0.5\n")
            with repo.config.edit() as config:
                config["remote"]["group"] = {"url": str(root / "remote")}
                config["core"]["remote"] = "group"
            repo.reproduce()
        git(home, "add", "-A")
        git(home, "commit", "-qm", "state")
        git(home, "remote", "add", "origin", str(root / "history.git"))
        git(home, "push", "-q", "origin", "main")
        with Repo(str(home)) as repo:
            repo.push()
            (home / "params.yaml").write_text("share: 0.7\n")
            repo.experiments.save(name="other-share")
            repo.experiments.push("origin", ["other-share"])
        yield root


@pytest.fixture
def colleague(places, tmp_path, monkeypatch):
    """Another person's clone."""
    git(tmp_path, "clone", "-q", "-b", "main", str(places / "history.git"), "clone")
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


def held(folder):
    return {path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_what_is_not_to_be_pushed_stays(places):
    assert b"P1,0.3\n" in held(places / "home" / ".dvc" / "cache")
    remote = held(places / "remote")
    assert b"7\n" in remote and not any(b"P1" in content for content in remote)


def test_a_colleague_gets_the_rest(places, colleague):
    with Repo(str(colleague)) as repo:
        repo.pull(targets=["model"], allow_missing=True)
    assert (colleague / "model.txt").read_text() == "7\n" and not (colleague / "private.csv").exists()


def test_an_experiment_travels_with_parameters_and_metrics(places, colleague):
    with Repo(str(colleague)) as repo:
        repo.experiments.pull("origin", ["other-share"], pull_cache=False)
        repo.experiments.branch("other-share", "theirs")
    git(colleague, "checkout", "-q", "theirs")
    assert (colleague / "params.yaml").read_text() == "share: 0.7\n"
    assert not (colleague / "private.csv").exists()


def blobs(repository):
    """Return every file of every version in a history, as bytes."""
    listed = git(repository, "cat-file", "--batch-check=%(objecttype) %(objectname)",
                 "--batch-all-objects").splitlines()
    return [subprocess.check_output(["git", "cat-file", "-p", line.split()[1]], cwd=repository)
            for line in listed if line.startswith("blob ")]


def test_the_history_holds_no_private_row_but_the_place_where_it_was_made(places):
    """DVC packs the folder of an experiment into it: docs/remotes.md says so."""
    found = blobs(places / "history.git")
    assert len(found) > 5 and not any(content.startswith(b"P1,") for content in found)
    assert any(str(places / "home").encode() in content for content in found)
