"""Which labels of a group's nnU-Net are lesion and liver, as its dataset.json names them."""

from __future__ import annotations

import re

from stages.common.errors import InputError
from stages.common.manifest import LESION, LIVER

# Words of which one stands in the name of a label of lesions.
TUMOUR = re.compile(r"tumou?r|lesion|metasta|cancer|carcinoma|neoplasm|\bhcc\b|\bgtv", re.IGNORECASE)
ORGAN = re.compile(r"liver", re.IGNORECASE)
# Values of voxels are bytes.
MOST = 255
NO_LABELS = ("background", "ignore")


def values(dataset: dict, where: str) -> dict[str, int]:
    """Return what each label is in nnU-Net's output.

    In region-based training labels are regions, which are drawn one after the other, each with a number
    of its own (``regions_class_order``).

    Parameters
    ----------
    dataset : dict
        Content of dataset.json.
    where : str
        The model, for error messages.

    Raises
    ------
    InputError
        If dataset.json does not say.
    """
    try:
        given = {name: value for name, value in dataset["labels"].items() if name not in NO_LABELS}
        if any(isinstance(value, list) and len(value) > 1 for value in given.values()):
            numbers = dataset["regions_class_order"]
        else:
            numbers = [value[0] if isinstance(value, list) else value for value in given.values()]
        found = dict(zip(given, map(_whole, numbers), strict=True))
        if not all(0 < value <= MOST for value in found.values()):
            raise ValueError(f"numbers are {', '.join(map(str, found.values()))}")
        return found
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"dataset.json does not say what its labels are ({reason})", where,
                         "export the model again") from None


def _whole(value) -> int:
    """Return a label's number; text is read as nnU-Net reads it."""
    number = int(value)
    if isinstance(value, float) and number != value:
        raise ValueError(f"{value} is no label")
    return number


def meant(known: dict[str, int], lesion: str, liver: str, where: str) -> dict[int, int]:
    """Return the house's label (lesion, liver) of each value of nnU-Net's output.

    Parameters
    ----------
    known : dict
        Name of each label to its value (`values`).
    lesion, liver : str
        Names of labels, with semicolons between; "" where the names themselves tell.
    where : str
        The model, for error messages.

    Raises
    ------
    InputError
        If it is not clear which labels are lesions, or a label that is named is not there.

    Examples
    --------
    >>> meant({"liver": 1, "liver tumor": 2, "cyst": 3}, "", "", "Dataset1")
    {2: 2, 1: 1}
    """
    names = ", ".join(known) or "none"
    marked = _named(known, lesion, "LESION", where) if lesion else [
        name for name in known if TUMOUR.search(name)]
    if len(marked) != 1 and not lesion:
        what = f"names several labels that may be lesions ({', '.join(marked)})" if marked else (
            f"names no tumour among its labels ({names})")
        raise InputError(f"dataset.json {what}", where, "say which is lesion: LESION='NAME; NAME'")
    organs = _named(known, liver, "LIVER", where) if liver else [
        name for name in known if ORGAN.search(name) and name not in marked and not TUMOUR.search(name)]
    if len(organs) > 1 and not liver:
        several = ", ".join(organs)
        raise InputError(f"dataset.json names several labels that may be the liver ({several})", where,
                         "say which is liver: LIVER='NAME; NAME'")
    return {known[name]: LESION for name in marked} | {
        known[name]: LIVER for name in organs if name not in marked}


def _named(known, text, option, where) -> list[str]:
    lower, found = {name.lower(): name for name in known}, []
    for name in (part.strip() for part in text.split(";")):
        if name.lower() not in lower:
            raise InputError(f"dataset.json has no label '{name}' (it has: {', '.join(known)})", where,
                             f"correct {option}")
        found.append(lower[name.lower()])
    return found
