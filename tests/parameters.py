"""The parameters of the study that the tests work with, to change some and write them into one file."""

from pathlib import Path

import yaml

PARAMS = Path(__file__).resolve().parents[1] / "studies/sclc_liver/params"


def whole(folder: Path = PARAMS) -> dict:
    """Return all parameters."""
    return {key: value for path in sorted(folder.glob("*.yaml"))
            for key, value in yaml.safe_load(path.read_text()).items()}


def text(folder: Path = PARAMS) -> str:
    """Return all parameters as they are written."""
    return "".join(path.read_text() for path in sorted(folder.glob("*.yaml")))
