"""What the study's own sections of the report are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.report.files import Document, Reader
from stages.verdicts import lines
from studies.sclc_liver.parameters import Pinned, read_pinned

# The release and image of Table 4, and the earlier release of the abstract's headline.
RELEASE, ENVIRONMENT = "2025-08", "classification-notebook"
EARLIER = "2025-06"
RELEASES = (EARLIER, RELEASE)
IMAGES = (ENVIRONMENT, "classification-paper")
# Columns of the curves that hold no number.
WORDS = ("configuration", "feature", "model", "part", "rule", "scores", "study")


@dataclass(frozen=True)
class Inputs:
    """Everything that the sections show.

    Attributes
    ----------
    ledger : list of dict
        `lines.COLUMNS` as text, one row for each published number.
    releases : dict
        Public releases of the feature table.
    models : dict
        Release to the models' metrics, as released.
    roc : dict
        Release to its ROC curves, as released.
    predictions : DataFrame
        Of the earlier release, as released: what Figure 5 is drawn from.
    failure : Document
        Of the earlier release.
    burden, selected : DataFrame
    statistics, selection : Document
    converged : dict
        Release to document.
    chance : dict
        Release to document: test AUCs against chance, and what could have been found.
    power : DataFrame
        Power curves.
    corrected, leakage : Document
    reliability, decision, runs : DataFrame
        Tables of the corrected protocol: two curves, predictions by seed.
    nested, classifiers, simulated, sizes, retest, control : Document
        All patients by the nested procedure, by the three classifiers in its place, its type-I error
        and power, sample sizes, agreement of two series, both protocols on public tables.
    makers, ladder, calibration : Document
        Harmonised features and makers held out, the leakage ladder without effect, calibration and
        calls of the corrected protocol.
    specification : dict
        Place below the results to document: what the specification curve shows.
    fingerprints : dict
        File to MD5.
    """

    ledger: list[dict[str, str]]
    releases: dict[str, Pinned]
    models: dict[str, Document]
    roc: dict[str, pd.DataFrame]
    predictions: pd.DataFrame
    failure: Document
    burden: pd.DataFrame
    selected: pd.DataFrame
    statistics: Document
    selection: Document
    converged: dict[str, Document]
    chance: dict[str, Document]
    power: pd.DataFrame
    corrected: Document
    leakage: Document
    trivial: Document
    reliability: pd.DataFrame
    decision: pd.DataFrame
    runs: pd.DataFrame
    nested: Document
    classifiers: Document
    simulated: Document
    sizes: Document
    retest: Document
    control: Document
    makers: Document
    ladder: Document
    calibration: Document
    specification: dict[str, Document]
    fingerprints: dict[str, str]


def read(options) -> Inputs:
    """Read and check everything that the command line names.

    Raises
    ------
    InputError
        Naming the file that is missing or lacks a value.
    """
    reader, run = Reader(), f"{ENVIRONMENT}.json"
    results: Path = options.results
    released = options.predictions / "as-released"
    corrected = options.corrected / RELEASE / ENVIRONMENT
    points = ("configuration", "false_positive_rate", "true_positive_rate")
    curve = ("part", "model")

    def numbers(path, columns):
        return reader.numbers(path, columns, WORDS)

    return Inputs(
        ledger=reader.text(options.ledger, lines.COLUMNS), releases=read_pinned(options.params),
        models={name: reader.json(results / "models" / "as-released" / name / run)
                for name in (RELEASE, EARLIER)},
        roc={name: numbers(released / name / ENVIRONMENT / "roc.csv", points)
             for name in (RELEASE, EARLIER)},
        predictions=numbers(released / EARLIER / ENVIRONMENT / "predictions.csv",
                            ("configuration", "NE_Score", "NE_Class", "predicted")),
        failure=reader.json(results / "failure" / "as-released" / EARLIER / run),
        burden=numbers(options.burden / f"{RELEASE}.csv",
                       ("study", "volume_mm3", "NE_Score", "NE_Class")),
        statistics=reader.json(results / "statistics" / f"{RELEASE}.json"),
        selected=numbers(options.selected / "as-released" / RELEASE / f"{ENVIRONMENT}.csv",
                         ("feature", "coefficient")),
        selection=reader.json(results / "selection" / "as-released" / RELEASE / run),
        converged={name: reader.json(results / "converged" / f"{name}.json")
                   for name in (RELEASE, EARLIER)},
        chance={name: reader.json(results / "chance" / f"{name}.json")
                for name in (EARLIER, RELEASE)},
        power=numbers(options.chance / f"{RELEASE}.csv", ("scores", "rule", "AUC", "power")),
        corrected=reader.json(results / "corrected" / RELEASE / run),
        leakage=reader.json(results / "leakage" / RELEASE / run),
        trivial=reader.json(results / "trivial" / RELEASE / run),
        reliability=numbers(corrected / "reliability.csv",
                            (*curve, "predicted", "observed", "low", "high", "series")),
        decision=numbers(corrected / "decision.csv",
                         (*curve, "threshold", "net_benefit", "all_positive", "low", "high")),
        runs=numbers(corrected / "predictions.csv", (*curve, "seed", "NE_Class", "probability")),
        nested=reader.json(results / "nested" / f"{RELEASE}.json"),
        simulated=reader.json(results / "nested" / "simulated.json"),
        sizes=reader.json(results / "sample_size.json"),
        retest=reader.json(results / "retest" / f"{RELEASE}.json"),
        control=reader.json(results / "control" / "optimism.json"),
        classifiers=reader.json(results / "nested" / "classifiers.json"),
        makers=reader.json(results / "nested" / "makers.json"),
        ladder=reader.json(results / "nested" / "ladder.json"),
        calibration=reader.json(results / "calibration" / RELEASE / run),
        specification=_specified(reader, results),
        fingerprints=reader.fingerprints)


def _specified(reader: Reader, results: Path) -> dict[str, Document]:
    """Read what the specification curve shows, by its place below the results."""
    names = [f"models/{protocol}/{release}/{image}" for protocol in ("as-released", "as-described")
             for release in RELEASES for image in IMAGES]
    names += [f"bootstrap/as-released/{release}/{ENVIRONMENT}" for release in RELEASES]
    names += [f"converged/{release}" for release in RELEASES]
    names += [f"sensitivity/{image}" for image in IMAGES]
    names += [f"{what}/{RELEASE}/{ENVIRONMENT}" for what in ("differences", "ablation", "corrected")]
    names += [f"nested/{RELEASE}"]
    return {name: reader.json(results / f"{name}.json") for name in names}
