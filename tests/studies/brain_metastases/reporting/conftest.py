"""The study as it stands in git."""

from pathlib import Path

import pytest

from stages.verdicts import study as studies
from tests.made_up import call, refused  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def study():
    """The study's folder."""
    return studies.read(ROOT / "studies/brain_metastases")
