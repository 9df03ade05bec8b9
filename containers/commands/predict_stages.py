"""The stages of ``make predict`` that are about no single series, as arguments of ``containers/run``.

What is done with each series, in parts, `containers.commands.shards.stages` says.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from containers.commands.predict_words import together
from containers.commands.shards.stages import line, place, reading

ENVIRONMENT = "classification-notebook"
# The study whose models and settings are applied.
PARAMETERS = "studies/sclc_liver/params"
CARD, TABLE, PREDICTIONS = "model_card", "cohort.csv", "predictions.csv"
# What the study's pipeline made of the released tables: the models of Table 4's best verdicts.
# Source: studies/sclc_liver/models/dvc.yaml.
RUN = "as-released/2025-08/classification-notebook"
RELEASE = {"table": "data/sclc_liver/cohort/2025-08.csv", "models": f"models/sclc_liver/{RUN}",
           "predictions": f"data/sclc_liver/predictions/{RUN}/predictions.csv",
           "summary": f"metrics/sclc_liver/results/models/{RUN}.json"}
RELEASED_CARD = "released_card.json"


def first(options: argparse.Namespace, work: Path) -> list[list[str]]:
    """Return the stages before any CT is read: what does not fit is refused.

    Parameters
    ----------
    options : Namespace
        Of ``make predict``.
    work : Path
        Folder of what is computed.
    """
    stages, used = [], ["--network", place(options.model)]
    writing = ["--write", work]
    if options.nnunet:
        names = {"--lesion": options.lesion, "--liver": options.liver}
        stages.append(line("stages.segmentation.nnunet.given", "segmentation", [
            "--model", place(options.nnunet),
            *(item for pair in names.items() if pair[1] for item in pair)],
            [*reading(options.nnunet), *writing]))
        used = ["--masks-by", "an nnU-Net that was given"]
    elif options.masks:
        used = ["--masks-by", "whoever drew them: they were given"]
    if options.published:
        paths = [item for name, path in RELEASE.items() for item in (f"--{name}", path)]
        stages.append(line("studies.sclc_liver.released_card", ENVIRONMENT,
                           [*paths, "--out", options.card], writing, PARAMETERS))
    mounted = [] if options.nnunet or options.masks else reading(options.model)
    card = options.card if options.published else place(options.card)
    stages.append(line("stages.classification.card_page", ENVIRONMENT, [
        "--card", card, "--models", place(options.classifiers), *used, "--out", work],
        [*mounted, *reading(options.classifiers), *reading(options.card, work), *writing]))
    return stages


def named(options: argparse.Namespace, work: Path) -> list[str]:
    """Return the stage that names the CT, and pairs it with the group's own masks."""
    files = files_of(options)
    names = {"--lesion": options.lesion, "--liver": options.liver} if options.masks else {}
    return line("stages.cohort.paired", "cohort", [
        *(item for pair in files.items() for item in pair),
        *(item for pair in names.items() if pair[1] for item in pair), "--out", work / TABLE],
        [*(item for folder in folders(options) for item in ("--read", folder)), "--write", work])


def files_of(options: argparse.Namespace) -> dict[str, Path]:
    """Return what holds CT and masks, where no table names them."""
    files = {"--ct": options.ct, "--masks": options.masks, "--liver-mask": options.liver_mask}
    return {name: Path(path).resolve() for name, path in files.items() if path}


def folders(options: argparse.Namespace) -> list[str]:
    """Return the folders of `files_of`: the table has their absolute paths, wherever they lie."""
    return sorted({str(path if path.is_dir() else path.parent) for path in files_of(options).values()})


def applied(options: argparse.Namespace, trained: dict[str, str], new: Path, work: Path) -> list[str]:
    """Return the stage from features to NE probability, of all series at once.

    Parameters
    ----------
    options : Namespace
        Of ``make predict``.
    trained : dict
        What was trained on what, in words.
    new, work : Path
        Folder of the new results, in that of what is computed.
    """
    return line("stages.classification.apply", ENVIRONMENT, [
        "--features", new / "features.csv", "--excluded", new / "excluded.csv",
        "--models", place(options.classifiers), "--trained-on", together(trained),
        "--card", work / f"{CARD}.json", "--out", work / PREDICTIONS],
        [*reading(options.classifiers), "--write", work])
