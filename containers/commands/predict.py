"""``make predict``: one CT (or a folder or table of them) to masks, features and NE probability.

Masks come from the network that ``--model`` names, from a group's own nnU-Net (``--nnunet``), or are
the group's own (``--masks``); classifiers from a folder, or from the released tables (``--classifiers
published``). Says first what network and classifiers were trained and tested on. Writes
OUT/model_card.md (and .json), OUT/masks, OUT/features.csv, OUT/excluded.csv, OUT/predictions.csv and
OUT/overlays, and prints one line per case, and another one where a case lies outside of what the
classifiers were trained on. With ``SHARDS=n`` the series are worked on in n parts, on this machine
or (``SCHEDULER=slurm``) as a job array; the results are the same. Series that cannot be used are named,
and listed in OUT/failed.csv. What was done before an interruption is not done again. Nothing else that
is in OUT is overwritten, and git ignores all of it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from containers.commands.predict_stages import (
    CARD,
    ENVIRONMENT,
    PARAMETERS,
    PREDICTIONS,
    RELEASE,
    RELEASED_CARD,
    TABLE,
    applied,
    first,
    folders,
    named,
)
from containers.commands.predict_words import (
    CLASSIFIERS_FILE,
    NETWORK_FILE,
    NOTE,
    lines,
    never_real,
    shown,
    source,
    warning,
)
from containers.commands.shards import job, results, way
from containers.commands.shards.stages import place
from containers.launcher import ROOT, LauncherError, entry, environment, images

MODEL = "data/sclc_liver/imaging/chosen"
CLASSIFIERS = "data/sclc_liver/imaging/classifiers/predicted"
PUBLISHED = "published"
CARDS_MADE = (f"{CARD}.json", f"{CARD}.md")
RESULTS = [*results.names(job.PREDICT), *CARDS_MADE, PREDICTIONS]
# The card of the classifiers in PLACE/classifiers/NAME is PLACE/cards/NAME.json. Source: the imaging
# pipeline's stage card.
CARDS = "cards"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line.

    Raises
    ------
    LauncherError
        If CT or folder are not named, or options contradict each other.
    """
    parser = argparse.ArgumentParser(prog="make predict", description=__doc__)
    parser.add_argument("--ct", default="", help="NIfTI or NRRD file, DICOM folder, a folder "
                        "of these, or a table of series (CSV)")
    parser.add_argument("--out", default="", help="folder for the results; new or empty")
    parser.add_argument("--masks", help="own masks instead of a network: the mask of the CT, a "
                                        "folder of masks called as their CT, or a table of both (CSV)")
    parser.add_argument("--lesion", help="names or labels of lesions in the masks, with semicolons "
                                         "between; or the name of the label of the nnU-Net")
    parser.add_argument("--liver", help="the same of the liver")
    parser.add_argument("--liver-mask", help="the liver in a file of its own, or a folder of such")
    parser.add_argument("--nnunet", help="a group's nnU-Net v2: results folder or exported zip")
    parser.add_argument("--model", help=f"segmentation model (default {MODEL})")
    parser.add_argument("--classifiers", default=CLASSIFIERS,
                        help=f"folder of trained classifiers (default {CLASSIFIERS}), or {PUBLISHED}: "
                             "those of the released tables")
    parser.add_argument("--card", help="their model card (default: ../cards/NAME.json beside the "
                                       "folder of the classifiers)")
    parser.add_argument("--configuration", default="LR",
                        help="the one whose probability is printed (default LR; all are written)")
    parser.add_argument("--gpu", action="store_true", help="segment on the GPU")
    way.add_options(parser)
    options = parser.parse_args(arguments)
    way.take_options(options)
    _require_one_source(options)
    options.published = options.classifiers == PUBLISHED
    if options.published:
        if options.card:
            raise LauncherError(f"CLASSIFIERS={PUBLISHED} makes its own card: leave CARD out")
        options.classifiers = RELEASE["models"]
    classifiers = Path(options.classifiers)
    options.model = options.model or MODEL
    work = Path(options.out).resolve() / way.WORK
    options.card = str(work / RELEASED_CARD) if options.published else (
        options.card or str(classifiers.parent.parent / CARDS / f"{classifiers.name}.json"))
    return options


def _require_one_source(options) -> None:
    table, options.ct = (options.masks or "").lower().endswith(".csv"), options.ct.strip()
    if not options.out.strip() or bool(options.ct) == table:
        raise LauncherError("a table of CT and masks names the CT itself: make predict "
                            "MASKS=cohort.csv OUT=… without CT" if table and options.ct else
                            "name both the CT and the folder: make predict CT=… OUT=…")
    networks = [name for name in ("nnunet", "model") if getattr(options, name)]
    if len(networks) + bool(options.masks) > 1:
        raise LauncherError("masks come from one place: give one of MASKS, NNUNET and MODEL")
    if options.masks and options.gpu:
        raise LauncherError("MASKS needs no network: leave GPU out")
    if (options.liver_mask and not options.masks) or (
            (options.lesion or options.liver) and not (options.masks or options.nnunet)):
        raise LauncherError("LESION and LIVER say what is what in MASKS or NNUNET, LIVER_MASK belongs "
                            "to MASKS: leave them out")
    if options.masks and options.ct.lower().endswith(".csv"):
        raise LauncherError("a table of CT names masks in its column mask: make predict "
                            "MASKS=cohort.csv OUT=… without CT")
    if table and (options.lesion or options.liver or options.liver_mask):
        raise LauncherError("the table names lesion, liver and liver_mask in its columns: leave "
                            "LESION, LIVER and LIVER_MASK out")


def check(options: argparse.Namespace) -> Path:
    """Return the result folder, absolute.

    Raises
    ------
    LauncherError
        If something that is named is not there, or OUT holds something already.
    """
    for name in ("ct", "masks", "liver_mask", "nnunet"):
        path = getattr(options, name)
        if path and not Path(path).exists():
            raise LauncherError(f"{path}: no such file or folder; correct {name.upper()}")
    if options.published:
        _require_released()
    needed = [(options.classifiers, None)]
    if not (options.masks or options.nnunet):
        needed.append((options.model, NETWORK_FILE))
    for path, file in needed:
        folder = ROOT / path
        if not ((folder / file).is_file() if file else any(folder.glob("*/features.json"))):
            raise LauncherError(f"{path}: holds no trained model; run 'make demo' to train the "
                                "demonstration's, or name another folder")
    if not (ROOT / options.classifiers / options.configuration).is_dir():
        known = ", ".join(sorted(item.name for item in (ROOT / options.classifiers).iterdir()
                                 if item.is_dir()))
        raise LauncherError(f"unknown configuration '{options.configuration}'; valid: {known}")
    if not options.published and not (ROOT / options.card).is_file():
        raise LauncherError(f"{options.card}: no model card; make it (the pipeline's stage card: 'make "
                            "demo'), or name another one with CARD=…")
    return way.folder(options.out, RESULTS)


def _require_released() -> None:
    missing = [path for path in RELEASE.values() if not (ROOT / path).exists()]
    if missing:
        raise LauncherError(f"{missing[0]}: is not there; 'make reproduce' fits the published "
                            "classifiers to the released tables")


def trained_on(options: argparse.Namespace) -> dict[str, str]:
    """Return what network and classifiers were trained on, in words."""
    if options.masks:
        masks = {"masks": "given, no network"}
    elif options.nnunet:
        masks = {"network": f"an nnU-Net that was given ({Path(options.nnunet).resolve().name})"}
    else:
        masks = {"network": source(ROOT / options.model / NETWORK_FILE)}
    return masks | {"classifiers": "the table that the paper's authors released (release 2025-08)"
                    if options.published else source(ROOT / options.classifiers / CLASSIFIERS_FILE)}


def wanted(options: argparse.Namespace, work: Path) -> job.Job:
    """Return the job that is asked for; files that no table names are named first."""
    given = next((path for path in (options.masks, options.ct) if path
                  and path.lower().endswith(".csv")), "")
    table, mounted = Path(given).resolve(), []
    if not given:
        table = work / TABLE
        way.launched([named(options, work)])
        mounted = folders(options)
    network = "" if options.masks else "nnunet" if options.nnunet else "model"
    labels = {"lesion": options.lesion or "", "liver": options.liver or ""} if options.nnunet else {
        "lesion": "", "liver": ""}
    return job.Job(job.PREDICT, str(table), PARAMETERS, {
        "network": network, **labels, "device": "cuda" if options.gpu else "cpu",
        "model": place(options.nnunet or options.model) if network else ""}, mounted, False,
        way.texts(table, work))


def depends(options: argparse.Namespace, trained: dict[str, str]) -> dict:
    """Return what predictions depend on besides the features."""
    code = [job.of_path(ROOT / folder) for folder in ("stages/classification", PARAMETERS)]
    files = [job.of_path(ROOT / path) for path in (options.classifiers, *(
        RELEASE.values() if options.published else [options.card]))]
    return {"applied": job.digest([trained, code, files, images.load(ENVIRONMENT).fingerprint()])}


def finished(options: argparse.Namespace, trained: dict[str, str], work: Path, new: Path) -> list[str]:
    """Apply the classifiers to the features of all series; return the names of what was written.

    ``new``, in ``work``, has the features, and gets what is written.

    Not part by part: the last digits of a probability depend on how many rows are multiplied at once.
    """
    way.launched([applied(options, trained, new, work)])
    for name in (*CARDS_MADE, PREDICTIONS):
        shutil.copyfile(work / name, new / name)
    return [*CARDS_MADE, PREDICTIONS]


def main() -> int:
    """Entry point."""
    environment.check_cpu()
    options = parse(sys.argv[1:])
    out, trained = check(options), trained_on(options)
    print(*warning(trained), sep="\n", file=sys.stderr, flush=True)
    predict = way.Way(
        options, lambda work: wanted(options, work), lambda work, _: first(options, work), RESULTS,
        lambda work, new: finished(options, trained, work, new), depends(options, trained),
        lambda work: shown(work / CARDS_MADE[0], options.configuration))
    with way.begun(out) as work:
        failed = predict.made(out, work)
    if failed is None:
        print(f"{options.out}: made before: nothing to do")
    if (out / PREDICTIONS).exists():
        said = never_real(trained)
        print(*lines(out, options.configuration), *([said] if said else []), NOTE, sep="\n")
    way.ended(failed, work)
    return 0


if __name__ == "__main__":
    entry(main)
