"""A SIF file is unpacked once, beside it; what cannot be unpacked is run from the file."""

import errno

import pytest

from containers.launcher import LauncherError, images, unpacked

from .conftest import IMAGE, launch, stub

DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
# apptainer … build --userns --sandbox FOLDER SIF
UNPACK = 'echo x >> "$LOG"\nmkdir -p "$5/usr"\ncp "$6" "$5/usr/sif"'


@pytest.fixture
def sif(monkeypatch, tmp_path):
    """An image with a SIF file of its own, and a stand-in for Apptainer that counts its calls."""
    monkeypatch.setattr(images, "SIFS", tmp_path)
    monkeypatch.setattr(unpacked.os, "geteuid", lambda: 1000)
    monkeypatch.delenv(unpacked.VARIABLE, raising=False)
    script = UNPACK.replace("$LOG", str(tmp_path / "calls"))
    monkeypatch.setenv("PATH", f"{stub(tmp_path / 'bin', 'apptainer', script)}:/usr/bin:/bin")
    image = images.load(IMAGE)
    image.sif.write_text("content")
    return image


def test_is_unpacked_once_for_each_checksum(sif, tmp_path, capsys):
    first = unpacked.root(sif, DIGEST)
    assert (first / "usr" / "sif").read_text() == "content"
    assert "once" in capsys.readouterr().err
    assert unpacked.root(sif, DIGEST) == first and capsys.readouterr().err == ""
    assert unpacked.root(sif, OTHER) != first
    assert (tmp_path / "calls").read_text() == "x\nx\n"
    assert not list((tmp_path / "unpacked").glob(".*"))


def test_an_interrupted_unpacking_is_made_again(sif, tmp_path):
    partial = tmp_path / "unpacked" / f".{IMAGE}.partial" / "tree"
    partial.mkdir(parents=True)
    (partial / "half").write_text("")
    assert not (unpacked.root(sif, DIGEST) / "half").exists()


def test_what_cannot_be_unpacked_is_run_from_the_file(sif, tmp_path, capsys):
    stub(tmp_path / "bin", "apptainer", 'mkdir "$5"\necho "no space left on device" >&2\nexit 255')
    assert unpacked.root(sif, DIGEST) == sif.sif
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and said[1].endswith("what it reads: no space left on device")
    assert not list((tmp_path / "unpacked").glob(f"*{IMAGE}[-.][!l]*"))


@pytest.mark.parametrize("number, said", [(errno.EACCES, ""), (errno.EROFS, ""),
                                          (errno.ENOSPC, "notice: not unpacked")])
def test_a_folder_that_cannot_be_made_is_done_without(sif, monkeypatch, number, said, capsys):
    def refuse(path, **options):
        raise OSError(number, "no", str(path))

    monkeypatch.setattr(unpacked.Path, "mkdir", refuse)
    assert unpacked.root(sif, DIGEST) == sif.sif
    printed = capsys.readouterr().err
    assert printed.startswith(said) and bool(printed) == bool(said)


def test_a_user_may_ask_for_the_file_itself(sif, monkeypatch, tmp_path):
    monkeypatch.setenv(unpacked.VARIABLE, "no")
    assert unpacked.root(sif, DIGEST) == sif.sif and not (tmp_path / "calls").exists()
    monkeypatch.setenv(unpacked.VARIABLE, "maybe")
    with pytest.raises(LauncherError, match="maybe.*yes, no"):
        unpacked.root(sif, DIGEST)


def test_folders_of_earlier_files_go_with_them(sif, tmp_path):
    folder = unpacked.root(sif, DIGEST)
    other = folder.parent / f"other-{folder.name}"
    other.mkdir()
    unpacked.forget(sif)
    assert not folder.exists() and other.exists()


def test_root_unpacks_as_the_containers_user(sif, tmp_path, monkeypatch):
    owners = []
    monkeypatch.setattr(unpacked.os, "geteuid", lambda: 0)
    monkeypatch.setattr(unpacked.os, "chown", lambda path, *ids: owners.append(ids))
    monkeypatch.setattr(unpacked.box, "identity", lambda: (7, 8))
    stub(tmp_path / "bin", "setpriv", 'echo "$1 $2 $3 $4" >> "$HOME/../../said"\nshift 4\nexec "$@"')
    assert (unpacked.root(sif, DIGEST) / "usr" / "sif").is_file() and owners == [(7, 8)]
    assert (tmp_path / "said").read_text() == "--reuid=7 --regid=8 --clear-groups --\n"


def test_what_another_command_has_unpacked_meanwhile_is_taken(sif, tmp_path, monkeypatch):
    folder = unpacked._folder(sif, DIGEST)
    answers = iter((False, True))
    monkeypatch.setattr(unpacked.Path, "is_dir", lambda path: next(answers, True))
    assert unpacked.root(sif, DIGEST) == folder and not (tmp_path / "calls").exists()


@pytest.mark.parametrize("engine", ["apptainer"], indirect=True)
@pytest.mark.parametrize("answer", unpacked.ANSWERS)
def test_nothing_can_be_written_in_either(engine, answer):
    result = launch("sh", "-c", "echo $APPTAINER_NAME; touch /usr/x; chmod 777 /opt", engine=engine,
                    MSCLC_UNPACK=answer)
    assert result.returncode != 0
    assert result.stdout.strip().endswith(".sif") == (answer == "no")
    assert result.stderr.count("Read-only file system") == 2
