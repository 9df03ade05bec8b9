"""Feature settings by name, and how features are computed with each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.common import yaml_text
from stages.common.errors import InputError
from stages.radiomics import rows, standard
from stages.radiomics.parameters import Radiomics
from stages.radiomics.standard import Standard

RELEASED, DEFAULT, IBSI = "released", "default", "ibsi"
NAMES = (RELEASED, DEFAULT, IBSI)
SUFFIXES = (".yaml", ".yml", ".json")


def extractor(name: str, settings: Radiomics, ibsi: Standard) -> Callable:
    """Return a function that takes series and mask (a list of two images) and returns features.

    Parameters
    ----------
    name : str
        ``released`` (the released table's: 1 mm, by the method of ``settings``), ``default``
        (PyRadiomics' defaults: nothing is resampled), ``ibsi`` (`standard`), or a parameter file of
        PyRadiomics, whose label is not looked at.
    settings : Radiomics
    ibsi : Standard

    Raises
    ------
    InputError
        If there is no such name, or PyRadiomics refuses the file.
    """
    if name == RELEASED:
        return lambda pair: rows.METHODS[settings.method](pair, settings.spacing)
    if name == IBSI:
        return lambda pair: standard.extract(pair, ibsi)
    tool = RadiomicsFeatureExtractor() if name == DEFAULT else _of_file(name)
    return lambda pair: dict(tool.execute(*pair, label=1))


def _of_file(name: str) -> RadiomicsFeatureExtractor:
    path = Path(name)
    if path.suffix not in SUFFIXES:
        raise InputError(f"there are no settings '{name}'", None,
                         f"valid: {', '.join(NAMES)}, or a parameter file of PyRadiomics (.yaml)")
    if not path.is_file():
        raise InputError("no such file", path, "correct the name of the settings")
    try:
        # PyRadiomics reads with another package, which goes through what is named without end.
        yaml_text.parse(path.read_text(encoding="utf-8"))
        return RadiomicsFeatureExtractor(str(path))
    except Exception as error:
        # What its reader of YAML and its validator raise has no class in common.
        raise InputError(f"is no parameter file of PyRadiomics ({_reason(error)})", path,
                         "correct it as PyRadiomics' documentation says") from None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] if str(error) else type(error).__name__
