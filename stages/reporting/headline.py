"""A study in ten numbers: its verdicts, and its headline as printed, recomputed and corrected.

Every study writes the same keys, few and short, so that ``dvc metrics show`` is a line per study.
Which number is the headline, and where its corrected value stands, says the section ``headline`` of
``params.yaml``.

exact, envelope, contradicted, private
    How many printed numbers have this verdict (private: what is behind them is not released).
printed, recomputed
    The headline, in the units of the paper.
corrected, low, high, P
    The headline without leakage, its interval, and the P of its test against chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section

CELL = ("item", "row", "metric", "statistic")
# What counts under which key: how the verdicts begin. Description ("not-checked") counts nowhere.
VERDICTS = {"exact": "exact", "envelope": "envelope", "contradicted": "contradicted",
            "private": "needs-private"}
UNCOUNTED = "not-checked"
CORRECTED = {"corrected": "value", "low": "low", "high": "high", "P": "P"}


@dataclass(frozen=True)
class Corrected:
    """Where the headline without the study's faults stands: a JSON file and paths in it (key/key)."""

    file: str
    value: str
    low: str
    high: str
    P: str


@dataclass(frozen=True)
class Headline:
    """The section ``headline``: the number's cell in the ledger, and its correction if there is one."""

    ledger: tuple[str, ...]
    corrected: Corrected | None


def counts(verdicts: pd.Series, source: str | Path) -> dict[str, int]:
    """Count the verdicts under the headline's keys.

    Raises
    ------
    InputError
        If a verdict is none of them.
    """
    found = dict.fromkeys(VERDICTS, 0)
    for verdict in verdicts[verdicts != UNCOUNTED]:
        key = next((key for key, start in VERDICTS.items() if verdict.startswith(start)), None)
        if key is None:
            raise InputError(f"unknown verdict '{verdict}'", source, "run 'dvc repro ledger'")
        found[key] += 1
    return found


def number(text: str, source: str | Path) -> float | None:
    """Return a ledger's cell as a number; None where it is empty.

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        return float(text) if text else None
    except ValueError:
        raise InputError(f"'{text}' is no number", source, "name another one by headline.ledger "
                         "in params.yaml") from None


def entry(content, path: str, source: str | Path) -> float:
    """Return the number at a path of a JSON document.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> entry({"test": {"AUC": 0.5}}, "test/AUC", "a.json")
    0.5
    """
    for key in path.split("/"):
        content = content.get(key) if isinstance(content, dict) else None
    if isinstance(content, bool) or not isinstance(content, (int, float)):
        raise InputError(f"has no number at '{path}'", source,
                         "correct headline.corrected in params.yaml")
    return content


def build(ledger: pd.DataFrame, settings: Headline, source: str | Path,
          root: Path = Path()) -> dict[str, float | int | None]:
    """Return the headline of a study.

    Parameters
    ----------
    ledger : DataFrame
        Texts, with the columns of `CELL`, published, verdict and reproduced.
    settings : Headline
        Which number it is.
    source : path
        The ledger's file, for messages.
    root : Path
        The repository.

    Raises
    ------
    InputError
        If no number is named, the ledger has not exactly one such, or the corrected one is missing.
    """
    if len(settings.ledger) != len(CELL):
        raise InputError("names no number by headline.ledger", "params.yaml",
                         f"write [{', '.join(CELL)}]")
    chosen = ledger[(ledger[list(CELL)] == list(settings.ledger)).all(axis="columns")]
    if len(chosen) != 1:
        raise InputError(f"has {len(chosen)} numbers {' | '.join(settings.ledger)} instead of one",
                         source, "correct headline.ledger in params.yaml")
    row = chosen.iloc[0]
    found = {**counts(ledger["verdict"], source), "printed": number(row["published"], source),
             "recomputed": number(row["reproduced"], source)}
    if settings.corrected is None:
        return {**found, **dict.fromkeys(CORRECTED)}
    file = settings.corrected.file
    document = canonical.read_json(root / file)
    return {**found, **{key: entry(document, getattr(settings.corrected, name), file)
                        for key, name in CORRECTED.items()}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.reporting.headline", __doc__)
    parser.add_argument("--params", type=Path, default="params.yaml")
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the headline (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "headline", Headline)
    ledger = canonical.read_csv(options.ledger, (*CELL, "published", "verdict", "reproduced"),
                                dtype=str, keep_default_na=False)
    canonical.write_json(options.out, build(ledger, settings, options.ledger))


if __name__ == "__main__":
    cli.main(stage)
