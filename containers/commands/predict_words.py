"""What ``make predict`` says: what was trained on what, before anything runs, and the results."""

from __future__ import annotations

import ast
import csv
import json
import sys
from pathlib import Path

from containers.launcher import LauncherError

# Where a network and a folder of classifiers say which source they were trained on.
# Source: stages.common.origin.
NETWORK_FILE, CLASSIFIERS_FILE, KEY = "model.json", "source.json", "source"
PHANTOM = "synthetic CT (phantoms), never real CT"
SOURCES = {"phantom": PHANTOM, "lits": "LiTS", "own": "an own cohort"}
UNKNOWN = "data that its folder does not name"
NOTE = "For research only: not a medical device, and no basis for any decision about a patient."
# How many values outside of the training ranges a line names; predictions.csv has all.
NAMED = 3


def source(file: Path) -> str:
    """Return in words what a network or classifiers were trained on, as their folder says.

    Raises
    ------
    LauncherError
        If the file cannot be read.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return SOURCES.get(content.get(KEY), UNKNOWN)
    except (OSError, ValueError, AttributeError, TypeError):
        raise LauncherError(f"{file}: cannot be read; train the models again") from None


def warning(trained: dict[str, str]) -> list[str]:
    """Return what a user must know before anything is computed.

    Parameters
    ----------
    trained : dict
        What was trained on what: ``network`` and ``classifiers`` to words.
    """
    said = f"Trained on: {together(trained)}."
    return [f"{said} {never_real(trained) or 'Not validated on CT of any other origin.'}", NOTE]


def together(trained: dict[str, str]) -> str:
    """Return what was trained on what in one line, which goes into every row of the predictions."""
    return "; ".join(f"{name}: {words}" for name, words in trained.items())


def never_real(trained: dict[str, str]) -> str:
    """Return a sentence on models that have seen phantoms only; empty where none has.

    Examples
    --------
    >>> never_real({"network": "LiTS", "classifiers": PHANTOM})[:46]
    'The classifiers have never seen real CT, only '
    """
    which = [name for name, words in trained.items() if words == PHANTOM]
    return "" if not which else (
        f"The {' and the '.join(which)} {'has' if which == ['network'] else 'have'} never seen real "
        "CT, only phantoms: what follows says nothing about a real patient.")


def shown(card: Path, configuration: str) -> None:
    """Tell the heart of a model card (a JSON file; `summary`)."""
    print(*summary(json.loads(card.read_text(encoding="utf-8")), configuration), sep="\n",
          file=sys.stderr, flush=True)


def summary(card: dict, configuration: str) -> list[str]:
    """Return the heart of a model card: on whom the classifiers were trained and tested, how well.

    Parameters
    ----------
    card : dict
        Content of ``model_card.json``.
    configuration : str
        The one whose probability is printed.
    """
    trained, tested = (card[name]["classifiers"] for name in ("training_data", "evaluation_data"))
    auc = card["quantitative_analyses"]["test"][configuration]["AUC"]
    level = card["metrics"]["interval"]["level"]
    found = "undefined" if auc["value"] is None or not auc["defined"] else (
        f"{auc['value']:.2f} ({level:.0%} interval {auc['low']:.2f} to {auc['high']:.2f})")
    return [f"Model card ({configuration}): trained on {_cohort(trained)}; tested on {_cohort(tested)} "
            f"of the same cohort, {tested['patients_also_in_training']} of them also in training: AUC "
            f"{found}. Validated on no other cohort. The whole card: model_card.md."]


def _cohort(found: dict) -> str:
    return (f"{found['series']} series of {found['patients']} patients "
            f"({found['patients_with_negatives']} with NE-negative series)")


def lines(out: Path, configuration: str) -> list[str]:
    """Return one line per case: lesions, their volume, the NE probability."""
    with open(out / "features.csv", newline="", encoding="utf-8") as stream:
        features = {row["File"]: row for row in csv.DictReader(stream)}
    with open(out / "predictions.csv", newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["configuration"] == configuration]
    found = []
    for row in rows:
        name = row["File"]
        if name not in features:
            found.append(f"{name}: no NE probability ({row['reason']})")
            continue
        burden = features[name]
        size = 1.0
        for edge in ast.literal_eval(burden["diagnostics_Mask-original_Spacing"]):
            size *= edge
        volume = int(burden["diagnostics_Mask-original_VoxelNum"]) * size / 1000
        count = int(burden["diagnostics_Mask-original_VolumeNum"])
        found.append(f"{name}: {count} lesion{'s' * (count != 1)}, {volume:.1f} mL, NE probability "
                     f"{float(row['probability']):.2f} ({configuration}: NE-{row['NE_Status']})")
        found += warned(row)
    return found


def warned(row: dict) -> list[str]:
    """Return a line on what of a case lies outside of the training ranges; none where nothing does."""
    names = row["values_outside"].split("; ") if row["values_outside"] else []
    if not names:
        return []
    more = f" and {len(names) - NAMED} more (predictions.csv)" if len(names) > NAMED else ""
    return [f"warning: {row['File']}: {len(names)} value{'s' * (len(names) != 1)} outside the range of "
            "the training series, so the probability is an extrapolation: "
            f"{', '.join(names[:NAMED])}{more}"]
