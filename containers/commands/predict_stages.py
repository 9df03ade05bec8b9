"""The stages of ``make predict``, each as arguments of ``containers/run``.

Masks come from one of three: a network of this package, a group's own nnU-Net, or the group itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from containers.commands.predict_words import together
from containers.launcher import ROOT

ENVIRONMENT = "classification-notebook"
# Labels of a mask. Source: stages.segmentation (0 background, 1 liver, 2 lesion).
LIVER, LESION = "1", "2"
# The study whose models and settings are applied.
PARAMETERS = "studies/sclc_liver/params"
PARAMETRIC = ("stages.cohort.incoming", "stages.cohort.masked", "stages.segmentation.infer",
              "stages.radiomics.extract", "stages.radiomics.unlabelled",
              "studies.sclc_liver.released_card")
CARD, TABLE = "model_card", "cohort.csv"
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
    stages, used = [], ["--network", options.model]
    if options.nnunet:
        stages.append((reading(options.nnunet), "segmentation", "stages.segmentation.nnunet.given",
                       [*_nnunet(options), "--check"]))
        used = ["--masks-by", "an nnU-Net that was given"]
    elif options.masks:
        used = ["--masks-by", "whoever drew them: they were given"]
    if options.published:
        paths = [item for name, path in RELEASE.items() for item in (f"--{name}", path)]
        stages.append(([], ENVIRONMENT, "studies.sclc_liver.released_card",
                       [*paths, "--out", options.card]))
    mounted = [] if options.nnunet or options.masks else reading(options.model)
    stages.append(([*mounted, *reading(options.classifiers), *reading(options.card, work)], ENVIRONMENT,
                   "stages.classification.card_page",
                   ["--card", options.card, "--models", options.classifiers, *used, "--out", work]))
    return [_line(*stage, work) for stage in stages]


def commands(options: argparse.Namespace, trained: dict[str, str], work: Path) -> list[list[str]]:
    """Return the stages from CT to NE probability.

    Parameters
    ----------
    options : Namespace
        Of ``make predict``.
    trained : dict
        What was trained on what, in words.
    work : Path
        Folder of what is computed.
    """
    manifest, rows = work / "manifest.csv", work / "rows"
    stages = [
        *(_given(options, work) if options.masks else _predicted(options, work)),
        ([], "radiomics", "stages.radiomics.extract",
         ["--manifest", manifest, "--label", LESION, "--other-labels", LIVER, "--out", rows]),
        ([], "radiomics", "stages.radiomics.unlabelled",
         # Lesions are counted as in the training tables: a classifier may look at their number.
         ["--manifest", manifest, "--rows", rows, "--protocol", "as-released",
          "--out", work / "features.csv", "--excluded", work / "excluded.csv"]),
        (reading(options.classifiers), ENVIRONMENT, "stages.classification.apply",
         ["--features", work / "features.csv", "--excluded", work / "excluded.csv",
          "--models", options.classifiers, "--trained-on", together(trained),
          "--card", work / f"{CARD}.json", "--out", work / "predictions.csv"]),
        ([], "segmentation", "stages.segmentation.preview",
         ["--manifest", manifest, "--out", work / "overlays"])]
    return [_line(*stage, work) for stage in stages]


def _given(options, work):
    """Return the stages that take the group's own masks in; a table needs no pairing."""
    table, folders, stages = Path(options.masks).resolve(), {}, []
    if options.ct:
        files = {"--ct": options.ct, "--masks": options.masks, "--liver-mask": options.liver_mask}
        files = {name: Path(path).resolve() for name, path in files.items() if path}
        folders = {name: reading(path) for name, path in files.items()}
        mounted = [item for each in folders.values() for item in each]
        names = {"--lesion": options.lesion, "--liver": options.liver}
        stages.append((mounted, "cohort", "stages.cohort.paired",
                       [item for given in (files, {name: text for name, text in names.items() if text})
                        for pair in given.items() for item in pair] + ["--out", work / TABLE]))
        table = work / TABLE
    else:
        mounted = reading(table)
    stages.append((mounted, "cohort", "stages.cohort.masked", ["--table", table, "--out", work]))
    return stages


def _predicted(options, work):
    """Return the stages that take CT in and segment it."""
    ct, manifest, masks = Path(options.ct).resolve(), work / "manifest.csv", work / "masks"
    device, gpu = ("cuda", ["--gpu"]) if options.gpu else ("cpu", [])
    taken = (reading(ct), "cohort", "stages.cohort.incoming", ["--ct", ct, "--out", work])
    if options.nnunet:
        return [taken, ([*gpu, *reading(options.nnunet)], "segmentation",
                        "stages.segmentation.nnunet.given",
                        [*_nnunet(options), "--manifest", manifest, "--device", device,
                         "--out", masks])]
    return [taken, ([*gpu, *reading(options.model)], "segmentation", "stages.segmentation.infer",
                    ["--manifest", manifest, "--model", options.model, "--device", device,
                     "--out", masks])]


def _nnunet(options):
    names = {"--lesion": options.lesion, "--liver": options.liver}
    return ["--model", Path(options.nnunet).resolve(),
            *(item for pair in names.items() if pair[1] for item in pair)]


def reading(path: str | Path, mounted: Path | None = None) -> list[str]:
    """Return what lets a container read a file or folder that lies outside of the repository.

    Parameters
    ----------
    path : path
        Relative to the repository, if not absolute.
    mounted : Path
        A folder that it reads anyway.
    """
    folder = (ROOT / path).resolve()
    if not folder.is_dir():
        folder = folder.parent
    known = [ROOT, *([mounted.resolve()] if mounted else [])]
    return [] if any(folder.is_relative_to(place) for place in known) else ["--read", str(folder)]


def _line(extra, image, module, arguments, work) -> list[str]:
    return [*extra, "--write", str(work), image, "--", "python", "-m", module,
            *(["--params", PARAMETERS] if module in PARAMETRIC else ()),
            *(str(argument) for argument in arguments)]
