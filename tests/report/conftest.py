"""A made-up study to report on."""

import os
import shutil

import pytest

from stages.common import canonical
from stages.verdicts import checklists, claims, headline, ledger
from tests import made_up
from tests.made_up import call, refused, repository  # noqa: F401 (fixtures)

OWN = {"sentences": ["The study says so itself."], "drawn": {"Drawing": "<p>drawn by the study</p>"},
       "sections": [{"anchor": "first", "title": "Behind the text", "after": "text",
                     "html": "<p>own words</p>"},
                    {"anchor": "second", "title": "Behind the envelopes", "after": "envelopes",
                     "html": "<p>other words</p>"}],
       "sources": [{"caption": "Tables by commit", "head": ["Release", "Bytes"],
                    "rows": [["r1", "1,000"]]}],
       "files": {"data/made_up.csv": "0" * 32}}


@pytest.fixture(scope="session")
def judged(tmp_path_factory):
    """The small repository with everything that the page is made of."""
    folder, before = tmp_path_factory.mktemp("judged"), os.getcwd()
    made_up.write(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage, arguments in ((ledger, made_up.JUDGED), (claims, made_up.JUDGED),
                                 (checklists, made_up.ARGUMENTS), (headline, made_up.ARGUMENTS)):
            patch.setattr("sys.argv", ["stage", *arguments])
            stage.stage()
        canonical.write_json(f"reports/{made_up.NAME}/sections.json", OWN)
        canonical.write_bytes("reports/index.html", b"")
    assert os.getcwd() == before
    return folder


@pytest.fixture
def reported(judged, tmp_path, monkeypatch):
    """A copy of it to be damaged, which stages run in."""
    shutil.copytree(judged, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
