"""``make reproduce FROM=`` says what it checked of a release's signature; no other one is taken."""

import subprocess
import sys

import pytest

from containers.commands.release import again, pack, signature, statement
from containers.launcher import LauncherError
from tests.releases import key_pairs


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys, and for each a file that names whose it is."""
    return key_pairs(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def release(tmp_path):
    """What is looked at of a release: a file, a statement, the sums."""
    folder = tmp_path / "release"
    (folder / statement.FOLDER).mkdir(parents=True)
    (folder / "LICENSE").write_text("free\n")
    (folder / statement.FOLDER / "a.json").write_text("{}\n")
    seal(folder)
    return folder


def seal(folder, key=None):
    if key:
        statement.sign(folder / statement.FOLDER / "a.json", key)
    (folder / pack.SUMS).write_text(pack.sums(folder))
    if key:
        statement.sign(folder / pack.SUMS, key)
    return folder


def refused(release, signers, words):
    with pytest.raises(LauncherError, match=words) as caught:
        again.check(release, signers)
    assert "\n" not in str(caught.value)


def test_the_line_says_what_was_checked(release, keys):
    assert again.check(release).startswith("signature: none; who changed this release could")
    seal(release, keys / "one")
    said = again.check(release)
    assert said.startswith("signature: fits, by SHA256:") and "whose key it is was NOT checked" in said
    said = again.check(release, keys / "one.signers")
    assert said.startswith("signature: checked: by one@example.org (SHA256:")
    assert said.endswith(f"whom {keys / 'one.signers'} names")


def test_signers_demand_a_signature_by_one_of_them(release, keys):
    refused(release, keys / "one.signers", "is not signed, and SIGNERS demands a signature")
    seal(release, keys / "one")
    refused(release, keys / "two.signers", "SHA256SUMS.sig: is by no key that .*two.signers names")
    refused(release, keys / "none", "none: no such file of signers; correct SIGNERS")
    refused(release, keys / "one.pub", "is a public key; a list of signers has a name before it")
    (release / "bytes").write_bytes(b"\xff\xfe")
    refused(release, release / "bytes", "cannot be read as text")


def test_sums_that_were_made_again_do_not_fit(release, keys):
    seal(release, keys / "one")
    (release / "LICENSE").write_text("mine\n")
    (release / pack.SUMS).write_text(pack.sums(release))
    for signers in (None, keys / "one.signers"):
        refused(release, signers, "SHA256SUMS.sig: is no signature of SHA256SUMS; get the")
    # Without its own signature the statements' tell that there was one.
    (release / f"{pack.SUMS}.sig").unlink()
    refused(release, None, "SHA256SUMS: is not signed, although the statements are")


def test_a_signature_for_something_else_does_not_fit(release, keys):
    seal(release, keys / "one")
    (release / f"{pack.SUMS}.sig").unlink()
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", keys / "one", "-n", "file",
                    release / pack.SUMS], check=True, stdin=subprocess.DEVNULL)
    for signers in (None, keys / "one.signers"):
        refused(release, signers, "is no signature of SHA256SUMS")


def test_a_changed_byte_is_named_behind_a_signature_that_fits(release, keys):
    seal(release, keys / "one")
    (release / "LICENSE").write_text("mine\n")
    refused(release, keys / "one.signers", "release/LICENSE: is not what SHA256SUMS says")


def test_without_ssh_keygen_nothing_is_called_checked(release, keys, monkeypatch):
    seal(release, keys / "one")
    monkeypatch.setattr(signature.shutil, "which", lambda name: None)
    assert again.check(release) == ("signature: NOT checked: ssh-keygen is not installed "
                                    "(openssh-client)")
    refused(release, keys / "one.signers", "ssh-keygen is not installed")


def test_the_command_says_it_before_anything_is_run(release, keys, tmp_path, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["again", *map(str, arguments)])
        with pytest.raises(LauncherError) as caught:
            again.main()
        return str(caught.value), capsys.readouterr().err

    monkeypatch.setattr(again, "ROOT", tmp_path)
    seal(release, keys / "one")
    error, said = call("--from", release, "--signers", keys / "two.signers")
    assert "is by no key that" in error and said == ""
    # What follows needs a whole release.
    error, said = call("--from", release, "--signers", keys / "one.signers")
    assert "holds 0 bundles" in error and said.startswith("signature: checked: by one@example.org")
    error, said = call("--from", "", "--signers", "x")
    assert "name it, FROM=release/" in error and said == ""
