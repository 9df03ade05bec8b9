"""What the report is made of: read once, checked, and listed with its fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from stages.common import canonical
from stages.common.errors import InputError
from stages.common.parameters import Parameters, load
from stages.reporting import ledger, published
from stages.reporting.evidence import MAKE

# The release and environment of Table 4, and the earlier release of the abstract's headline.
RELEASE, ENVIRONMENT = ledger.PREFERRED
EARLIER = "2025-06"
# Images that the pipeline of the published numbers runs in.
PIPELINE_IMAGES = ("classification-notebook", "classification-paper", "cohort", "reporting",
                   "statistics")
# Columns of the curves that hold no number.
WORDS = ("configuration", "feature", "model", "part", "rule", "scores", "study")

CONTRADICTIONS = ("id", "topic", "locator", "stated", "implementation", "recomputed", "source",
                  "status", "size", "severity")
CHECKLISTS = ("checklist", "number", "section", "subject", "status", "answer", "note")
FRAGILE = ("item", "row", "metric", "statistic", "published", "minimum", "q05", "q25", "median",
           "q75", "q95", "maximum", "variations", "equal_share")


@dataclass(frozen=True)
class Document:
    """A JSON file whose missing values say which file lacks them."""

    path: str
    content: dict

    def get(self, *keys: str):
        """Return the value at nested keys.

        Raises
        ------
        InputError
            If there is none.
        """
        node = self.content
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                raise InputError(f"lacks {'/'.join(keys)}", self.path, MAKE)
            node = node[key]
        return node


class Reader:
    """Reads files and remembers their fingerprints (MD5, as ``dvc.lock`` holds them)."""

    def __init__(self) -> None:
        self.fingerprints: dict[str, str] = {}

    def json(self, path: str | Path) -> Document:
        """Read a JSON file."""
        content = canonical.read_json(path)
        self._note(path)
        return Document(str(path), content)

    def csv(self, path: str | Path, columns: tuple[str, ...]) -> pd.DataFrame:
        """Read a CSV file that has these columns, all but `WORDS` full of numbers.

        Raises
        ------
        InputError
            If it has no row, or something else than a number.
        """
        frame = canonical.read_csv(path, columns)
        if frame.empty:
            raise InputError("holds no rows", path, MAKE)
        for name in columns:
            if name not in WORDS and not is_numeric_dtype(frame[name]):
                raise InputError(f"holds something else than numbers in column '{name}'", path, MAKE)
        self._note(path)
        return frame

    def text(self, path: str | Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
        """Read a CSV file of text, one dict for each row."""
        frame = canonical.read_csv(path, columns, dtype=str, keep_default_na=False)
        self._note(path)
        return frame.to_dict("records")

    def _note(self, path) -> None:
        content = Path(path).read_bytes()
        self.fingerprints[Path(path).as_posix()] = hashlib.md5(content).hexdigest()


@dataclass(frozen=True)
class Inputs:
    """Everything that the report shows.

    Attributes
    ----------
    ledger : list of dict
        `ledger.COLUMNS` as text, one row for each published number.
    locators : dict
        (item, row, metric) to its place in the paper.
    parameters : Parameters
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
    sweeps : list of Document
    locks : dict
        Image to the SHA-256 of its locked requirements.
    fragile, contradictions, checklists : list of dict or None
        None where the report is made without.
    fingerprints : dict
        File to MD5.
    """

    ledger: list[dict[str, str]]
    locators: dict[tuple[str, str, str], str]
    parameters: Parameters
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
    reliability: pd.DataFrame
    decision: pd.DataFrame
    runs: pd.DataFrame
    sweeps: list[Document]
    locks: dict[str, str]
    fragile: list[dict[str, str]] | None
    contradictions: list[dict[str, str]] | None
    checklists: list[dict[str, str]] | None
    fingerprints: dict[str, str]


def check_ledger(options, parameters: Parameters) -> list[published.Number]:
    """Return the published numbers if the ledger on disk is theirs and that of the metrics.

    Raises
    ------
    InputError
        If the ledger has another number of rows than the paper has numbers, or a row differs from
        what the metrics give now: the report would show a stale pipeline.
    """
    numbers = published.read(options.published)
    frame = ledger.frame(ledger.read_and_build(options.published, options.metrics,
                                               options.variations, parameters))
    expected = canonical.csv_bytes(frame.columns, frame.itertuples(index=False)).decode()
    found = _text(options.ledger)
    if found == expected:
        return numbers
    have, want = found.splitlines(), expected.splitlines()
    if len(have) != len(want):
        raise InputError(f"has {len(have) - 1} rows where the paper has {len(want) - 1} numbers",
                         options.ledger, "make it again (dvc repro ledger)")
    line = next(at for at, pair in enumerate(zip(have, want), 1) if pair[0] != pair[1])
    name = " / ".join(want[line - 1].split(",")[:3])
    raise InputError(f"line {line} ({name}) is not what {options.metrics} gives now",
                     options.ledger, "the pipeline is stale: run dvc repro")


def _text(path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file", path, "run the stage that makes it (dvc repro)") from None


def _locks(folder: Path) -> dict[str, str]:
    found = {}
    for name in PIPELINE_IMAGES:
        path = folder / name / "requirements.lock"
        if not path.is_file():
            raise InputError("no such file", path, "restore it from the repository")
        found[name] = canonical.sha256(path)
    return found


def read(options) -> Inputs:
    """Read and check everything that the command line names.

    Raises
    ------
    InputError
        Naming the file that is missing, stale, or lacks a value.
    """
    reader, parameters = Reader(), load(options.params)
    numbers = check_ledger(options, parameters)
    metrics, run = options.metrics, f"{ENVIRONMENT}.json"
    released = options.predictions / "as-released"
    corrected = options.corrected / RELEASE / ENVIRONMENT
    points = ("configuration", "false_positive_rate", "true_positive_rate")
    curve = ("part", "model")
    return Inputs(
        ledger=reader.text(options.ledger, ledger.COLUMNS),
        locators={(n.item, n.row, n.metric): n.locator for n in numbers},
        parameters=parameters,
        models={name: reader.json(metrics / "models" / "as-released" / name / run)
                for name in (RELEASE, EARLIER)},
        roc={name: reader.csv(released / name / ENVIRONMENT / "roc.csv", points)
             for name in (RELEASE, EARLIER)},
        predictions=reader.csv(released / EARLIER / ENVIRONMENT / "predictions.csv",
                               ("configuration", "NE_Score", "NE_Class", "predicted")),
        failure=reader.json(metrics / "failure" / "as-released" / EARLIER / run),
        burden=reader.csv(options.burden / f"{RELEASE}.csv",
                          ("study", "volume_mm3", "NE_Score", "NE_Class")),
        statistics=reader.json(metrics / "statistics" / f"{RELEASE}.json"),
        selected=reader.csv(options.selected / "as-released" / RELEASE / f"{ENVIRONMENT}.csv",
                            ("feature", "coefficient")),
        selection=reader.json(metrics / "selection" / "as-released" / RELEASE / run),
        converged={name: reader.json(metrics / "converged" / f"{name}.json")
                   for name in (RELEASE, EARLIER)},
        chance={name: reader.json(metrics / "chance" / f"{name}.json")
                for name in (EARLIER, RELEASE)},
        power=reader.csv(options.chance / f"{RELEASE}.csv", ("scores", "rule", "AUC", "power")),
        corrected=reader.json(metrics / "corrected" / RELEASE / run),
        leakage=reader.json(metrics / "leakage" / RELEASE / run),
        reliability=reader.csv(corrected / "reliability.csv", (*curve, "predicted", "observed",
                                                               "low", "high", "series")),
        decision=reader.csv(corrected / "decision.csv", (*curve, "threshold", "net_benefit",
                                                         "all_positive")),
        runs=reader.csv(corrected / "predictions.csv", (*curve, "seed", "NE_Class", "probability")),
        sweeps=[reader.json(path) for path in sorted(options.variations.glob("*.json"))],
        locks=_locks(options.containers),
        fragile=options.fragile and reader.text(options.fragile, FRAGILE),
        contradictions=options.contradictions and reader.text(options.contradictions,
                                                              CONTRADICTIONS),
        checklists=options.checklists and reader.text(options.checklists, CHECKLISTS),
        fingerprints=reader.fingerprints)
