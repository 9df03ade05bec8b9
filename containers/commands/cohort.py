"""``make cohort``: an own cohort, step by step, in the order in which a group works.

check, features of the own masks, detection by fixed thresholds against them, training of networks (with
``TRAIN=1``), NE models under the corrected protocol, report. Each step says what it needs and what it
will do before it starts; one that lacks what it needs is left out, and says so. The same command again
makes what changed. Results stay in ``data/own``, which git ignores (see `cohorts`).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from containers.commands import cohorts, demo, pipeline
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, LauncherError, Parser, entry, environment

TABLE = "studies/sclc_liver/imaging/inputs/own/cohort.csv"
# Fewer patients with masks cannot be divided into nnU-Net's folds. Source: docs/imaging.md.
FEWEST_PATIENTS = 5
SCORE, SAMPLE, MASK, PATIENT, SERIES = "NE_Score", "sample", "mask", "patient", "series"
GROUP, TEST = "Group", "test"


@dataclass(frozen=True)
class Cohort:
    """What a table says that a cohort has.

    Attributes
    ----------
    series, masked, scored, outlined : int
        Series; those with a mask; those with an NE score; patients with a mask.
    taught, folds : int
        Patients who are not held out and have a series with a mask and an NE score; how many the
        corrected protocol needs.
    """

    series: int
    masked: int
    scored: int
    outlined: int
    taught: int
    folds: int


@dataclass(frozen=True)
class Step:
    """One step of the way.

    Attributes
    ----------
    name, does : str
        What it is called; what it will do.
    needs : str
        What it cannot do without.
    lacks : callable
        Takes the `Cohort` and whether networks are trained; returns why it cannot run, or "".
    """

    name: str
    does: str
    needs: str
    lacks: Callable[[Cohort, bool], str]


STEPS = (
    Step("check", "reads every image and mask, and names all faults at once", "images and cohort.csv",
         lambda cohort, train: ""),
    Step("features", "PyRadiomics features of your own masks, a row for each series", "masks",
         lambda cohort, train: "" if cohort.masked else "no series has a mask"),
    Step("detection", "finds lesions by fixed thresholds and compares them with your masks",
         "masks of test series", lambda cohort, train: "" if cohort.masked else "no series has a mask"),
    Step("training", "trains imaging.networks on your training series, compares them on your test "
         "series; hours on a GPU, days on a CPU", f"masks of {FEWEST_PATIENTS} patients, and TRAIN=1",
         lambda cohort, train: "TRAIN=1 was not given" if not train else
         "" if cohort.outlined >= FEWEST_PATIENTS else f"{cohort.outlined} patients have masks"),
    Step("models", "NE models without leakage (the corrected protocol), with intervals over patients",
         "NE scores and masks, of as many training patients as there are folds", lambda cohort, train:
         "no series has an NE score" if not cohort.scored else
         "no series has a mask" if not cohort.masked else "" if cohort.taught >= cohort.folds else
         f"{cohort.taught} patients with NE scores and masks are there to train on (Group other than "
         f"{TEST}), {cohort.folds} are needed (classification.corrected.folds)"),
    Step("report", "tables and pictures of all of it", "NE scores and trained networks",
         lambda cohort, train: "" if cohort.scored and train else
         "it compares networks: without TRAIN=1 the numbers of each step stand alone"))


def read(path: Path) -> Cohort:
    """Count what a table names; its faults are told by the first step.

    Raises
    ------
    LauncherError
        If it cannot be read.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise LauncherError(f"{path}: cannot be read; write the table of your series "
                            "(docs/imaging.md, 'Your own cohort')") from None
    masked = [row for row in rows if row.get(MASK)]
    scored = [row for row in rows if row.get(SCORE) or row.get(SAMPLE)]
    folds, own = settings()
    out = held_out(map(patient, rows), own)
    taught = {patient(row) for row in scored if row.get(MASK) and (
        row.get(GROUP) or (TEST if patient(row) in out else "")) != TEST}
    outlined = set(map(patient, masked))
    return Cohort(len(rows), len(masked), len(scored), len(outlined), len(taught), folds)


def patient(row: dict) -> str:
    """Return the patient of a row of the table."""
    return row.get(PATIENT) or row.get(SERIES) or ""


def settings() -> tuple[int, dict]:
    """Return the number of the corrected protocol's folds, and the section ``own``.

    Raises
    ------
    LauncherError
        If the parameters do not say them.
    """
    models, own = cohorts.sections("classification", "own")
    try:
        return int(models["corrected"]["folds"]), {
            "seed": int(own["seed"]), "test_share": float(own["test_share"])}
    except (KeyError, TypeError, ValueError):
        raise LauncherError(f"{cohorts.PARAMETERS}: classification.yaml and own.yaml must say "
                            "classification.corrected.folds, own.seed and own.test_share; correct "
                            "them, or restore them from the repository") from None


def held_out(patients: Iterable[str], own: dict) -> set[str]:
    """Return the patients that are drawn for the test part where the table does not say.

    As `stages.cohort.own_table.hold_out`, which needs what is not installed here
    (``tests/containers/test_cohort.py`` compares them).
    """
    ordered = sorted(set(patients), key=lambda name: hashlib.sha256(
        f"{own['seed']}:{name}".encode()).hexdigest())
    return set(ordered[:math.floor(own["test_share"] * len(ordered) + 0.5)])


def plan(cohort: Cohort, train: bool, until: str) -> list[tuple[Step, str]]:
    """Return the steps up to the last one that is wanted, each with why it is left out, or ""."""
    last = [step.name for step in STEPS].index(until)
    return [(step, step.lacks(cohort, train)) for step in STEPS[:last + 1]]


def said(number: int, step: Step, reason: str) -> str:
    """Return what is said of a step before it starts."""
    return f"{number}. {step.name}: {step.does}. Needs: {step.needs}." + (
        f" Left out: {reason}." if reason else "")


def measure(data: Path) -> None:
    """Compute the features of all series that have a mask, whether they have a score or not."""
    with open(data / "cohort" / "manifest.csv", newline="", encoding="utf-8") as stream:
        rows = [{**row, "image": f"../cohort/{row['image']}", MASK: f"../cohort/{row[MASK]}"}
                for row in csv.DictReader(stream) if row[MASK]]
    out = data / "measured"
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "manifest.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    folder = out.relative_to(ROOT).as_posix()
    pipeline.in_image("radiomics", "stages.radiomics.measure", "--params", cohorts.PARAMETERS,
                      "--manifest", f"{folder}/manifest.csv", "--record", ".cache/own/measured.jsonl",
                      "--out", folder)
    print(f"{folder}/features.csv: {len(rows)} series with masks")


def scores(folder: Path) -> list[str]:
    """Return a line for each model of the corrected protocol: its test AUC, with the interval.

    Before them, on how few or many the AUCs rest: one patient of a class makes an interval of no width.
    """
    lines = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        tested = content["numbers"]["test"]
        lines.append(f"{path.stem} masks: tested on {tested['series']} series of {tested['patients']} "
                     f"patients ({tested['patients_with_negatives']} with NE-negative series, "
                     f"{tested['patients_with_positives']} with NE-positive ones)")
        for model, found in content["test"]["scores"].items():
            auc = found["AUC"]
            lines.append(f"{path.stem} masks, {model}: test AUC {_number(auc['mean'])} "
                         f"({_number(auc['patients']['low'])} to {_number(auc['patients']['high'])})")
    return lines


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"


def names(step: str, stages, train: bool) -> list[str]:
    """Return the addresses of a step's stages in the pipeline of the cohort.

    Parameters
    ----------
    step : str
        Its name.
    stages : list of Stage
        All of the pipeline.
    train : bool
        Whether networks are trained.
    """
    kept = {"detection": ("detect@baseline",), "report": ("summary",)}
    if step == "training":
        return [stage.name for stage in stages if (stage.meta or {}).get("unscored")]
    if step == "models":
        return [stage.name for stage in stages if stage.name.split("@")[0] == cohorts.CORRECTED
                and (train or stage.name.endswith("@reference"))]
    return [stage.name for stage in stages if stage.name in kept[step]]


def run(train: bool, until: str) -> None:
    """Go through the steps.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    chosen = plan(read(ROOT / TABLE), train, until)
    print("The way (data and results stay in data/own):",
          *(said(number, *step) for number, step in enumerate(chosen, 1)), sep="\n", flush=True)
    project = cohorts.project("own")
    house, again, data = Pipeline(), demo.begin(project.cohort), ROOT / project.data
    stages = house.stages(project.file)
    for number, (step, reason) in enumerate(chosen, 1):
        if reason:
            continue
        print(f"\n{said(number, step, reason)}", flush=True)
        if step.name == "features":
            measure(data)
            continue
        kept = [] if step.name == "check" else names(step.name, stages, train)
        wanted = house.needed([stage for stage in stages if stage.name in kept] if kept else
                              house.makers([f"{project.data}/cohort"]))
        with pipeline.display() as progress:
            pipeline.set_up(progress, pipeline.used(wanted))
            pipeline.run(progress, step.name, house, wanted, again, demo.LOG, again.add)
        if kept and step.name in ("detection", "training"):
            methods = project.methods() if step.name == "training" else ["baseline"]
            demo.show("--detection", "--metrics", project.metrics, "--methods", *methods)
        elif step.name == "models":
            print(*scores(ROOT / project.metrics / cohorts.CORRECTED), sep="\n")
    print(f"\nNumbers: {project.metrics}/; pictures: {project.pictures}; log: logs/demo.log")


def main() -> None:
    """Entry point."""
    parser = Parser(prog="make cohort", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train networks on it")
    parser.add_argument("--until", default=STEPS[-1].name, help="the last step: "
                        + ", ".join(step.name for step in STEPS))
    options = parser.parse_args(sys.argv[1:])
    if options.until not in [step.name for step in STEPS]:
        raise LauncherError(f"there is no step {options.until!r}; valid: "
                            f"{', '.join(step.name for step in STEPS)}")
    environment.check_cpu()
    run(options.train, options.until)


if __name__ == "__main__":
    entry(main)
