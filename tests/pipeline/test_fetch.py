"""Acquisition keeps only the right bytes, and names three ways where there are none."""

import hashlib
import http.server
import os
import threading

import pytest

from stages.cohort.fetch import fetch
from stages.cohort.fetch_pinned import releases
from stages.cohort.parameters import Release
from stages.common.errors import InputError

CONTENT = b"File,NE_Score\n" + b"x,0.5\n" * 1000


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """What is asked for here is on this machine, whatever proxy its user has."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    """A local address that answers /good, /short and /wrong."""
    answers = {"/good": CONTENT, "/short": CONTENT[:100], "/wrong": CONTENT[::-1]}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(answers.get(self.path, b""))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def release(url):
    return Release(url, "t.csv", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


CLOSED = "http://127.0.0.1:9/closed"


def refused(folder, url, mirror):
    with pytest.raises(InputError) as caught:
        fetch(release(url), folder / "out" / "t.csv", mirror, 5)
    message = str(caught.value)
    assert "\n" not in message
    assert all(way in message for way in ("(1) open the network", "(2) set DATA_MIRROR", "(3) put"))
    assert not any(name.startswith(".") for name in os.listdir(folder / "out"))
    return message


def test_from_the_public_address(tmp_path, server):
    assert fetch(release(f"{server}/good"), tmp_path / "t.csv", tmp_path / "no", 5).endswith("/good")
    assert (tmp_path / "t.csv").read_bytes() == CONTENT


@pytest.mark.parametrize("place", ["released/t.csv", "t.csv"])
@pytest.mark.parametrize("path", ["/short", "/wrong", "/absent", None])
def test_from_the_mirror_where_the_address_fails(tmp_path, server, path, place):
    mirror = tmp_path / "mirror" / place
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(CONTENT)
    url = f"{server}{path}" if path else CLOSED
    assert fetch(release(url), tmp_path / "t.csv", tmp_path / "mirror", 5) == str(mirror)
    assert (tmp_path / "t.csv").read_bytes() == CONTENT


def test_the_mirror_has_a_folder_for_each_kind_of_files(tmp_path):
    for folder, content in (("released", CONTENT[::-1]), ("tables", CONTENT)):
        (tmp_path / "mirror" / folder).mkdir(parents=True)
        (tmp_path / "mirror" / folder / "t.csv").write_bytes(content)
    found = fetch(release(CLOSED), tmp_path / "t.csv", tmp_path / "mirror", 5, "tables")
    assert found == str(tmp_path / "mirror/tables/t.csv")
    with pytest.raises(InputError, match="holds other/t.csv"):
        fetch(release(CLOSED), tmp_path / "u.csv", tmp_path / "mirror", 5, "other")


@pytest.mark.parametrize("head, line", [
    ("name,address,folder,file,bytes", "A,https://example.org,a,T.gz,5"),
    ("table,file,bytes,sha256", f"T,T.gz,5,{'0' * 64}")])
def test_a_list_without_a_checksum_or_an_address_is_one_line(tmp_path, head, line):
    path = tmp_path / "files.csv"
    path.write_text(f"{head}\n{line}\n")
    with pytest.raises(InputError, match="no list of pinned files"):
        releases(path)


def test_pinned_files_have_an_address_of_their_own(tmp_path):
    path = tmp_path / "files.csv"
    path.write_text("name,address,folder,file,bytes,sha256\n"
                    f"A,https://example.org/a,a,T.gz,5,{'0' * 64}\n")
    (folder, found), = releases(path)
    assert (folder, found.url) == ("a", "https://example.org/a/T.gz")


def test_a_right_file_in_place_is_kept(tmp_path):
    (tmp_path / "t.csv").write_bytes(CONTENT)
    assert "already there" in fetch(release(CLOSED), tmp_path / "t.csv", tmp_path / "no", 5)


@pytest.mark.parametrize("path, said", [("/short", "is truncated (100 of"),
                                        ("/wrong", "has another SHA-256"),
                                        ("/absent", "404"), (None, "is unreachable")])
def test_no_source(tmp_path, server, path, said):
    message = refused(tmp_path, f"{server}{path}" if path else CLOSED, tmp_path / "no")
    assert said in message and not (tmp_path / "out" / "t.csv").exists()


def test_a_wrong_file_in_place_is_named_and_left(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "t.csv").write_bytes(CONTENT[:50])
    assert "t.csv is truncated (50 of" in refused(tmp_path, CLOSED, tmp_path / "no")
    assert (tmp_path / "out" / "t.csv").read_bytes() == CONTENT[:50]


def test_a_wrong_mirror(tmp_path):
    (tmp_path / "t.csv").write_bytes(CONTENT[:-1] + b"?")
    assert "has another SHA-256" in refused(tmp_path, CLOSED, tmp_path)


def test_unwritable_folder(tmp_path):
    (tmp_path / "out").write_text("a file in the way")
    with pytest.raises(InputError, match="cannot write .*; make the folder writable"):
        fetch(release(CLOSED), tmp_path / "out" / "t.csv", tmp_path, 5)
