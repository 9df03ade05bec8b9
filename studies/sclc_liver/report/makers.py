"""Inferred makers and slice thickness: harmonised inside the folds, and held out by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from stages.report.figure import short
from stages.report.files import Document
from studies.sclc_liver.report.inputs import Inputs
from studies.sclc_liver.report.text import find
from studies.sclc_liver.report.whole import between, number

SETS = {"unharmonised": "Features as they are", "maker": "ComBat by inferred maker",
        "thickness": "ComBat by slice thickness"}

GROUPS = {"-1024 HU": "−1024 HU", "below": "below −1024 HU"}


def introduction(document: Document, series: Mapping, printed: int) -> str:
    """Return what is harmonised, how the makers are inferred, and what cannot be learnt.

    Parameters
    ----------
    document : Document
    series : mapping
        Series of each group, by its name.
    printed : int
        Series of the most frequent maker, as the paper prints them.
    """
    common = max(series.values())
    agree = (f"the larger group has as many series ({common}) as the paper prints for SIEMENS"
             if common == printed else f"the larger group has {common} series, and the paper prints "
             f"{printed} for SIEMENS")
    lost = document.get("harmonised", "maker", "folds_with_a_batch_not_learnt")
    return ("The scanner's maker is not released. It is guessed from the lowest value of the image, "
            f"the padding outside the field of view, in two groups: {agree}. The guess contradicts "
            "nobody. ComBat (location and scale by batch, "
            "without outcomes) is learnt from the training series of each fold of the nested "
            f"procedure and applied to the others; in {lost} folds a group was held out that the "
            "training did not have, and stayed as it was. An effect that goes with the group is "
            "taken away with it.")


def bounded(found: Mapping) -> str:
    """Return an AUC with its interval, cut to 0 … 1: a normal one of few patients may leave that."""
    if found["AUC"] is None:
        return "undefined"
    low, high = max(found["low"], 0.0), min(found["high"], 1.0)
    return f"{short(found['AUC'])} ({between({'low': low, 'high': high})})"


def needed(value: float | None) -> str:
    """Return the true AUC needed; above 1 no AUC is enough."""
    return "none" if value is not None and value > 1 else number(value)


def harmonised(document: Document) -> list[tuple]:
    """Return one row for each kind of harmonisation."""
    rows = []
    for name, said in SETS.items():
        found = document.get("harmonised", name)
        change = ("", "", "")
        if name in document.get("differences"):
            own = document.get("differences", name)
            change = (f"{short(own['difference'])} ({between(own, 3)})", short(own["P"]),
                      short(own["smallest_detectable"], 2))
        rows.append((said, bounded(found), number(found["P"], 3),
                     needed(found["smallest_detectable"]), *change))
    return rows


def apart(document: Document) -> list[tuple]:
    """Return one row for each inferred maker that is held out."""
    rows = []
    for name, found in document.get("apart").items():
        held, learnt = found["numbers"]["held_out"], found["numbers"]["learnt_from"]

        def said(part):
            return (f"{part['examinations']} of {part['patients']} patients, "
                    f"{part['patients_with_negatives']} of them with negatives")

        rows.append((f"lowest value {GROUPS[name]}", said(held), said(learnt),
                     bounded(found), number(found["P"], 3),
                     needed(found["smallest_detectable"])))
    return rows


def section(inputs: Inputs) -> dict:
    """Return what the template shows."""
    document = inputs.makers
    groups = inputs.nested.get("sets", "radiomics", "subgroups", "lowest_value")
    printed = find(inputs, "SuppTable1", "classification/SIEMENS", "n_scans", "count")["published"]
    sizes = {name: found["series"] for name, found in groups.items()}
    return {"makers": {"introduction": introduction(document, sizes, int(printed)),
                       "harmonised": harmonised(document), "apart": apart(document)}}
