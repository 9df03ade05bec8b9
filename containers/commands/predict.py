"""``make predict``: one CT (or a folder of them) to masks, features and NE probability.

Says first what network and classifiers were trained on. Writes OUT/model_card.md (and .json),
OUT/masks, OUT/features.csv, OUT/excluded.csv, OUT/predictions.csv and OUT/overlays, and prints one line
per case, and another one where a case lies outside of what the classifiers were trained on. Nothing
that is in OUT is overwritten, and git ignores all of it.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

from containers.launcher import EXIT_BAD_INPUT, ROOT, LauncherError, entry, environment

MODEL = "data/sclc_liver/imaging/chosen"
CLASSIFIERS = "data/sclc_liver/imaging/classifiers/predicted"
ENVIRONMENT = "classification-notebook"
# Labels of a mask. Source: stages.segmentation (0 background, 1 liver, 2 lesion).
LIVER, LESION = "1", "2"
# The study whose models and settings are applied.
PARAMETERS = "studies/sclc_liver/params"
PARAMETRIC = ("stages.cohort.incoming", "stages.segmentation.infer", "stages.radiomics.extract",
              "stages.radiomics.unlabelled")
WORK = ".incomplete"
# What keeps git from taking a patient's pictures, wherever OUT lies: a file that ignores its folder.
IGNORE, EVERYTHING = ".gitignore", "*\n"
CARD = "model_card"
RESULTS = (f"{CARD}.json", f"{CARD}.md", "masks", "features.csv", "excluded.csv", "predictions.csv",
           "overlays")
# The card of the classifiers in PLACE/classifiers/NAME is PLACE/cards/NAME.json. Source: the imaging
# pipeline's stage card.
CARDS = "cards"
# How many values outside of the training ranges a line names; predictions.csv has all.
NAMED = 3
# Where a network and a folder of classifiers say which source they were trained on.
# Source: stages.common.origin.
NETWORK_FILE, CLASSIFIERS_FILE, KEY = "model.json", "source.json", "source"
SOURCES = {"phantom": "synthetic CT (phantoms)", "lits": "LiTS", "own": "an own cohort"}
UNKNOWN = "data that its folder does not name"
NOTE = "For research only: not a medical device, and no basis for any decision about a patient."


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line.

    Raises
    ------
    LauncherError
        If the CT or the folder is not named.
    """
    parser = argparse.ArgumentParser(prog="make predict", description=__doc__)
    parser.add_argument("--ct", required=True, help="NIfTI or NRRD file, DICOM folder, or a folder")
    parser.add_argument("--out", required=True, help="folder for the results; new or empty")
    parser.add_argument("--model", default=MODEL, help=f"segmentation model (default {MODEL})")
    parser.add_argument("--classifiers", default=CLASSIFIERS,
                        help=f"folder of trained classifiers (default {CLASSIFIERS})")
    parser.add_argument("--card", help="their model card (default: ../cards/NAME.json beside the "
                                       "folder of the classifiers)")
    parser.add_argument("--configuration", default="LR",
                        help="the one whose probability is printed (default LR; all are written)")
    parser.add_argument("--gpu", action="store_true", help="segment on the GPU")
    options = parser.parse_args(arguments)
    for name in ("ct", "out"):
        if not getattr(options, name).strip():
            raise LauncherError("name both the CT and the folder: make predict CT=… OUT=…")
    if options.card is None:
        classifiers = Path(options.classifiers)
        options.card = str(classifiers.parent.parent / CARDS / f"{classifiers.name}.json")
    return options


def check(options: argparse.Namespace) -> tuple[Path, Path]:
    """Return the CT and the result folder, absolute.

    Raises
    ------
    LauncherError
        If there is no CT or no trained model, or OUT holds something already.
    """
    ct, out = Path(options.ct).resolve(), Path(options.out).resolve()
    if not ct.exists():
        raise LauncherError(f"{options.ct}: no such file or folder; name a CT file or a folder")
    for path, needed in ((options.model, NETWORK_FILE), (options.classifiers, None)):
        folder = ROOT / path
        if not (folder / needed).is_file() if needed else not any(folder.glob("*/features.json")):
            raise LauncherError(f"{path}: holds no trained model; run 'make demo' to train the "
                                "demonstration's, or name another folder")
    if not (ROOT / options.classifiers / options.configuration).is_dir():
        known = ", ".join(sorted(item.name for item in (ROOT / options.classifiers).iterdir()))
        raise LauncherError(f"unknown configuration '{options.configuration}'; valid: {known}")
    if not (ROOT / options.card).is_file():
        raise LauncherError(f"{options.card}: no model card; make it (the pipeline's stage card: 'make "
                            "demo'), or name another one with CARD=…")
    if out.exists() and not out.is_dir():
        raise LauncherError(f"{options.out}: is a file; name a new folder")
    if out.is_dir() and any(not _own(item) for item in out.iterdir()):
        raise LauncherError(f"{options.out}: is not empty; name a new folder, nothing is "
                            "overwritten")
    return ct, out


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


def trained_on(options: argparse.Namespace) -> str:
    """Return what the network and the classifiers were trained on."""
    return (f"network: {source(ROOT / options.model / NETWORK_FILE)}; "
            f"classifiers: {source(ROOT / options.classifiers / CLASSIFIERS_FILE)}")


def warning(trained: str) -> list[str]:
    """Return what a user must know before anything is computed."""
    real = SOURCES["phantom"] not in trained
    return [f"Trained on: {trained}. "
            + ("Not validated on CT of any other origin." if real else
               "Never validated on real CT: what follows says nothing about a real patient."), NOTE]


def _own(item: Path) -> bool:
    """Tell whether an interrupted run left this in the result folder."""
    return item.name == WORK or item.name == IGNORE and item.read_text() == EVERYTHING


def outside(path: str) -> list[str]:
    """Return what lets a container read a folder that lies outside of the repository."""
    folder = (ROOT / path).resolve()
    return [] if folder.is_relative_to(ROOT) else ["--read", str(folder)]


def commands(options: argparse.Namespace, ct: Path, work: Path) -> list[list[str]]:
    """Return the stages, each as arguments of ``containers/run``."""
    manifest, masks, rows = work / "manifest.csv", work / "masks", work / "rows"
    reading = ["--read", str(ct if ct.is_dir() else ct.parent)]
    device, gpu = ("cuda", ["--gpu"]) if options.gpu else ("cpu", [])
    stages = [
        # First: the card of other models is refused before anything is computed.
        ([*outside(options.model), *outside(options.classifiers), *outside(options.card)], ENVIRONMENT,
         "stages.classification.card_page",
         ["--card", options.card, "--models", options.classifiers, "--network", options.model,
          "--out", work]),
        (reading, "cohort", "stages.cohort.incoming", ["--ct", ct, "--out", work]),
        ([*gpu, *outside(options.model)], "segmentation", "stages.segmentation.infer",
         ["--manifest", manifest, "--model", options.model, "--device", device, "--out", masks]),
        ([], "radiomics", "stages.radiomics.extract",
         ["--manifest", manifest, "--label", LESION, "--other-labels", LIVER, "--out", rows]),
        ([], "radiomics", "stages.radiomics.unlabelled",
         ["--manifest", manifest, "--rows", rows, "--out", work / "features.csv",
          "--excluded", work / "excluded.csv"]),
        (outside(options.classifiers), ENVIRONMENT, "stages.classification.apply",
         ["--features", work / "features.csv", "--excluded", work / "excluded.csv",
          "--models", options.classifiers, "--trained-on", trained_on(options),
          "--card", work / f"{CARD}.json", "--out", work / "predictions.csv"]),
        ([], "segmentation", "stages.segmentation.preview",
         ["--manifest", manifest, "--out", work / "overlays"])]
    return [[*extra, "--write", str(work), image, "--", "python", "-m", module,
             *(["--params", PARAMETERS] if module in PARAMETRIC else ()),
             *(str(argument) for argument in arguments)]
            for extra, image, module, arguments in stages]


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


def main() -> int:
    """Entry point."""
    environment.check_cpu()
    options = parse(sys.argv[1:])
    ct, out = check(options)
    print(*warning(trained_on(options)), sep="\n", file=sys.stderr, flush=True)
    work = out / WORK
    # What an interrupted run left.
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (out / IGNORE).write_text(EVERYTHING)
    launcher = [sys.executable, str(ROOT / "containers" / "run")]
    for arguments in commands(options, ct, work):
        if subprocess.run([*launcher, *arguments], cwd=ROOT).returncode:
            shutil.rmtree(work)
            (out / IGNORE).unlink()
            out.rmdir()
            return EXIT_BAD_INPUT
    for name in RESULTS:
        (work / name).rename(out / name)
    shutil.rmtree(work)
    print(*lines(out, options.configuration), NOTE, sep="\n")
    return 0


if __name__ == "__main__":
    entry(main)
