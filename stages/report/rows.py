"""How much of each printed row single runs give, in words (`stages.verdicts.rows`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.common.errors import InputError
from stages.report.files import MAKE, Reader
from stages.report.tables import row_name
from stages.verdicts.envelope import NEUTRAL, RACE, SEED
from stages.verdicts.rows import COLUMNS
from stages.verdicts.study import Study
from stages.verdicts.together import KINDS, RELEASED

Line = dict[str, str]
WORDS = {RELEASED: "runs as released", NEUTRAL: "variations that should not matter",
         SEED: "runs with another seed", RACE: "repeats of a race between threads"}
HEAD = ("Where", "Row", "Numbers", "Kind of runs", "Runs", "At once", "By so many",
        "The first of these")
COUNTS = ("numbers", "held", "each", "at_once", "runs", "as_many")


def of_rows(reader: Reader, path: Path) -> dict[tuple[str, str], list[Line]]:
    """Read the lines of each item and row.

    Raises
    ------
    InputError
        If the table is missing or damaged.
    """
    found = defaultdict(list)
    for line in reader.text(path, COLUMNS):
        row = line["item"], line["row"]
        for name in COUNTS:
            if not (line[name].isascii() and line[name].isdigit()):
                raise InputError(f"{' / '.join(row)}: {name} is '{line[name]}'", path, MAKE)
        if line["kind"] not in KINDS:
            raise InputError(f"{' / '.join(row)}: '{line['kind']}' is no kind of runs", path, MAKE)
        found[row].append(line)
    return dict(found)


def told(lines: Sequence[Line]) -> str:
    """Say which variations give more of a row at once than the runs as released; empty for none.

    Examples
    --------
    >>> told([{"kind": "released", "at_once": "9"}, {"kind": "seed", "runs": "80", "as_many": "1",
    ...        "at_once": "21", "numbers": "21"}])
    '1 of 80 runs with another seed gives 21 of 21'
    >>> told([{"kind": "released", "at_once": "9"}, {"kind": "seed", "at_once": "9"}])
    ''
    """
    least = max((int(line["at_once"]) for line in lines if line["kind"] == RELEASED), default=0)
    return "; ".join(
        f"{line['as_many']} of {line['runs']} {WORDS[line['kind']]} "
        f"{'gives' if line['as_many'] == '1' else 'give'} {line['at_once']} of {line['numbers']}"
        for line in lines if line["kind"] != RELEASED and int(line["at_once"]) > least)


def table(study: Study, found: Mapping[tuple[str, str], Sequence[Line]]) -> list[tuple[str, ...]]:
    """Return the rows of several numbers that variations were held against, as lines of `HEAD`."""
    titles = {name: item.title.split(":")[0] for name, item in study.content.items.items()}
    return [(titles.get(item, item), row_name(study, row), line["numbers"], WORDS[line["kind"]],
             line["runs"], line["at_once"], line["as_many"], line["run"])
            for (item, row), lines in found.items() if lines[0]["numbers"] != "1"
            and any(line["kind"] != RELEASED for line in lines) for line in lines]
