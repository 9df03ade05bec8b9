"""Write a study's row of ``dvc metrics show`` (``headline.json``): the same keys for every study.

Beside it, ``reports/overview/STUDY.json`` says what the overview of all studies shows of this one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import acceptance, lines, names, values
from stages.verdicts import study as studies

# The row of ``dvc metrics show``, which fits a terminal: counts of verdicts (`refuted`: contradicted,
# inconsistent or impossible; `open`: untestable or untested), the headline as recomputed, and under
# the corrected protocol with its P; `passed`: share of numbers wrong by one unit of the last digit
# that would pass as confirmed.
KEYS = ("exact", "unstable", "envelope", "consistent", "refuted", "open", "passed", "found",
        "corrected", "P")
# The overview shows the headline as printed and the corrected one's 95 % interval too.
OVERVIEW = ("printed", "low", "high")


def build(study: studies.Study, entries: list[dict], root: Path, wrong: Sequence[dict] = ()) -> dict:
    """Return the row (`KEYS`) and what the overview adds (`OVERVIEW`).

    Parameters
    ----------
    study : Study
    entries : list of dict
        Rows of the ledger, as text.
    root : Path
        The repository.
    wrong : sequence of dict
        How often a wrong number is accepted (`acceptance.read`).

    Raises
    ------
    InputError
        If the ledger lacks the headline, or an address leads to no number.
    """
    tally = Counter(entry["verdict"] for entry in entries)
    row = {"exact": tally[names.EXACT], "unstable": tally[names.UNSTABLE],
           "envelope": tally[names.ENVELOPE], "consistent": tally[names.CONSISTENT],
           "refuted": sum(tally[name] for name in names.AGAINST),
           "open": tally[names.UNTESTABLE] + tally[names.UNTESTED],
           "passed": acceptance.accepted(wrong, "1")}
    wanted = study.content.headline.number
    found = next((entry for entry in entries if tuple(
        entry[name] for name in ("item", "row", "metric", "statistic")) == wanted), None)
    if found is None:
        raise InputError(f"headline.number names {' / '.join(wanted)}, which the ledger lacks",
                         study.folder / studies.FILE, "correct it")
    try:
        row |= {"printed": float(found["published"]),
                "found": float(found["reproduced"]) if found["reproduced"] else None}
    except ValueError:
        raise InputError(f"headline.number names {' / '.join(wanted)}, which is no number",
                         study.folder / studies.FILE, "name another one") from None
    addresses = asdict(study.content.headline.corrected)
    return row | {"corrected" if name == "value" else name:
                  _number(address, study, root) if address else None
                  for name, address in addresses.items()}


def _number(address: str, study: studies.Study, root: Path) -> float:
    file, _, path = address.partition("::")
    value = values.lookup(root, f"metrics/{study.name}/results/{file}", path)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise InputError(f"'{path}' is no number ({value!r})", study.results(root) / file,
                         "make it again (dvc repro)")
    return float(value)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.headline", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study = studies.read(options.study)
    entries = canonical.read_csv(study.reports(options.root) / "ledger.csv", lines.COLUMNS,
                                 dtype=str, keep_default_na=False).to_dict("records")
    wrong = acceptance.read(study.reports(options.root) / acceptance.FILE)
    row = build(study, entries, options.root, wrong)
    canonical.write_json(options.root / "metrics" / study.name / "headline.json",
                         {name: row[name] for name in KEYS})
    canonical.write_json(options.root / "reports" / "overview" / f"{study.name}.json",
                         {"headline": row, "verdicts": Counter(e["verdict"] for e in entries)})


if __name__ == "__main__":
    cli.main(stage)
