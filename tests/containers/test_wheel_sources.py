"""Wheels that the default index lacks: the user's folders first, then the image's pages."""

import pytest

from containers.launcher import LauncherError, images, venv

PAGE = "https://example.org/wheels/"
WITH_PAGE = images.Image("segmentation", "3.11", find_links=[PAGE])


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)


@pytest.fixture
def attempts(monkeypatch):
    """Record uv calls; those that mention the word in ``refused`` fail."""
    seen = {"calls": [], "refused": None}

    def uv(*arguments, extra=None):
        seen["calls"].append([a for before, a in zip(arguments, arguments[1:])
                              if before == "--find-links"])
        if seen["refused"] is not None and seen["refused"] in arguments:
            raise LauncherError(f"no wheel at {seen['refused']}")

    monkeypatch.setattr(venv, "_uv", uv)
    return seen


def test_an_image_without_pages_adds_no_source(monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", "/somewhere")
    assert venv.wheel_sources(images.Image("cohort", "3.10")) == [[]]


def test_an_image_without_pages_has_no_advice_to_give(attempts, monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise LauncherError("no network")

    monkeypatch.setattr(venv, "_uv", refuse)
    with pytest.raises(LauncherError, match="^no network$"):
        venv._install(images.Image("cohort", "3.10"), tmp_path)


def test_pages_alone_without_variables():
    assert venv.wheel_sources(WITH_PAGE) == [[PAGE]]


@pytest.mark.parametrize("variable, first", [
    ("PIP_FIND_LINKS", ["/a", "/b"]),  # passed on: uv does not read pip's variable
    ("UV_FIND_LINKS", []),             # read by uv itself
])
def test_folders_of_the_user_come_first(monkeypatch, variable, first):
    monkeypatch.setenv(variable, "/a /b")
    assert venv.wheel_sources(WITH_PAGE) == [first, [PAGE]]


def test_the_page_is_tried_when_the_folder_lacks_the_wheel(monkeypatch, attempts, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", "/mine")
    attempts["refused"] = "/mine"
    venv._install(WITH_PAGE, tmp_path)
    assert attempts["calls"] == [["/mine"], [PAGE]]


def test_the_page_is_left_alone_when_the_folder_has_the_wheel(monkeypatch, attempts, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", "/mine")
    venv._install(WITH_PAGE, tmp_path)
    assert attempts["calls"] == [["/mine"]]


def test_nowhere_to_be_had_names_the_variables(attempts, tmp_path):
    attempts["refused"] = PAGE
    with pytest.raises(LauncherError, match="UV_FIND_LINKS or PIP_FIND_LINKS"):
        venv._install(WITH_PAGE, tmp_path)


def test_the_segmentation_lock_takes_the_cpu_build_only():
    lock = images.load("segmentation").lock.read_text()
    assert "torch==2.13.0+cpu " in lock
    assert "nvidia" not in lock and "triton" not in lock
