"""Put every printed number of a study to the checks that its list declares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import published
from stages.verdicts import study as studies
from stages.verdicts.consistency import declarations, second, second_means
from stages.verdicts.consistency.check import Result
from stages.verdicts.consistency.declarations import Declaration, Place, Reason
from stages.verdicts.consistency.prepared import prepare
from stages.verdicts.names import CONSISTENT, IMPOSSIBLE, INCONSISTENT, UNTESTED

# What `_confirm` makes sure of for every refusal.
AGREES = "yes"
REFUSED = (INCONSISTENT, IMPOSSIBLE)
COLUMNS = ("id", "check", "verdict", "numbers", "assumption", "reading", "otherwise", "right_if",
           "source", "second")
# Of a finding: the numbers are possible, but not under this reading of the text.
EXCLUDED = "reading excluded"


@dataclass(frozen=True)
class Answer:
    """What one declared check says.

    Attributes
    ----------
    entry : Declaration
    result : Result
    places : dict of Place
        By the name of the argument, as in ``result.used``.
    charged : tuple of Place
        Who gets the verdict if it refuses.
    """

    entry: Declaration
    result: Result
    places: dict[str, Place]
    charged: tuple[Place, ...]

    @property
    def refused(self) -> bool:
        """Whether the printed numbers are refused."""
        return self.result.verdict in REFUSED

    def shifts(self, place: Place, which: str) -> set[int]:
        """Return the shifts of a number that were ``tried`` or ``refused``."""
        return set().union(*(getattr(self.result, which)[name]
                             for name, at in self.places.items() if at == place))


def answer(entry: Declaration, found: Mapping[Place, str]) -> Answer:
    """Run one declared check, and its second derivation where it refuses.

    Raises
    ------
    InputError
        If a number is not printed or does not fit, or a refusal has no second derivation, or one
        that disagrees.
    """
    ready = prepare(entry, found)
    result = ready.run(ready.check, found)
    if result.verdict in REFUSED:
        _confirm(entry, ready.fill(found)[1])
    return Answer(entry, result, ready.places, ready.charged)


def _confirm(entry: Declaration, texts: dict) -> None:
    try:
        again = getattr(second_means if hasattr(second_means, entry.check) else second,
                        entry.check)(**texts)
    except (AttributeError, NotImplementedError):
        raise InputError(f"check '{entry.id}' refuses printed numbers, but {entry.check} has no second "
                         "derivation for this case", fix="add one to second.py") from None
    if again:
        raise InputError(f"check '{entry.id}': the second derivation finds the numbers possible",
                         fix="settle which one is right before anything is said")
    if not (entry.right_if or entry.of or entry.otherwise):
        raise InputError(f"check '{entry.id}' refuses printed numbers and does not say what would "
                         "have to be true for the authors to be right", fix="add 'right_if'")


def statements(answers: Iterable) -> list[list]:
    """Group the readings of one statement (answers, or prepared checks); others stand alone."""
    groups: dict[str, list] = defaultdict(list)
    for one in answers:
        groups[f"of {one.entry.of}" if one.entry.of else f"id {one.entry.id}"].append(one)
    return list(groups.values())


def refuted(group: list[Answer]) -> bool:
    """Tell whether every reading of a statement is refused."""
    return all(one.refused and not one.entry.otherwise for one in group)


def evaluate(found: Mapping[Place, str], entries: list[Declaration],
             reasons: list[Reason] = ()) -> tuple[list[dict], list[Answer]]:
    """Give every printed number a verdict.

    Parameters
    ----------
    found : dict of str
        What is printed, by place (`declarations.numbers`).
    entries, reasons
        The study's list (`declarations.read`).

    Returns
    -------
    rows : list of dict
        One for each number, in the order of ``found``: ``verdict``; ``checks`` that touch it;
        ``could_fail``, the share of other printed values that they refuse together; ``assumption``;
        ``excluded`` readings; ``right_if``; ``reason`` where it is untested.
    answers : list of Answer
    """
    answers = [answer(entry, found) for entry in entries]
    touched = defaultdict(list)
    for group in statements(answers):
        for place in dict.fromkeys(place for one in group for place in one.places.values()):
            touched[place].append(group)
    rows = [_row(place, text, touched.get(place, []), reasons) for place, text in found.items()]
    return rows, answers


def _row(place: Place, text: str, groups: list[list[Answer]], reasons) -> dict:
    against, held, excluded, tried, noticed = [], [], [], set(), set()
    for group in groups:
        inside = [one for one in group if place in one.places.values()]
        if refuted(group):
            against += [one for one in inside if place in one.charged]
            continue
        excluded += [one for one in inside if one.refused]
        tried |= set().union(*(one.shifts(place, "tried") for one in inside))
        # A statement with several readings refuses a value only where each of them does.
        now = set() if any(one.entry.otherwise for one in group) else set.intersection(
            *(one.shifts(place, "refused") if place in one.places.values() else set()
              for one in group))
        noticed |= now
        held += inside if now else []
    verdict = UNTESTED
    if against:
        verdict = weightier(one.result.verdict for one in against)
    elif noticed:
        verdict = CONSISTENT
    said = against or [one for one in held if not one.refused]
    reason = ""
    if verdict == UNTESTED:
        named = [one.reason for one in reasons if one.covers(place)]
        reason = named[0] if named else \
            "its checks refuse no other value either" if groups else "no check touches it"
    return {"item": place.item, "row": place.row, "metric": place.metric, "bound": place.bound,
            "printed": text, "verdict": verdict, "checks": _join(one.entry.id for one in said),
            "could_fail": 1.0 if against else len(noticed) / len(tried) if tried else 0.0,
            "assumption": _join(assumption(one) for one in said),
            "excluded": _join(one.entry.reading for one in excluded),
            "right_if": _join(one.entry.right_if for one in against), "reason": reason,
            "second": AGREES if against else ""}


def weightier(verdicts: Iterable[str]) -> str:
    """Return the verdict of several refusals: impossible if one of them is.

    Examples
    --------
    >>> weightier(["inconsistent", "impossible"])
    'impossible'
    """
    return IMPOSSIBLE if IMPOSSIBLE in verdicts else INCONSISTENT


def assumption(one: Answer) -> str:
    """Return under which assumption an answer holds."""
    return "; ".join(filter(None, (one.result.assumption, one.entry.assumption)))


def _join(texts) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def findings(answers: list[Answer]) -> list[dict]:
    """List what is refused: statements, and single readings of statements that another one saves."""
    rows = []
    for group in statements(answers):
        for one in group:
            if one.refused:
                rows.append({
                    "id": one.entry.id, "check": one.entry.check,
                    "verdict": one.result.verdict if refuted(group) else EXCLUDED,
                    "numbers": "; ".join(f"{place} = {one.result.used[name]}"
                                         for name, place in one.places.items()),
                    "assumption": assumption(one), "reading": one.entry.reading,
                    "otherwise": one.entry.otherwise or _join(
                        other.entry.reading for other in group if not other.refused),
                    "right_if": one.entry.right_if, "source": one.entry.source,
                    "second": AGREES})
    return rows


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.consistency.evaluate", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study = studies.read(options.study)
    printed = published.read(study.published, study.content.numbers)
    found = {Place(one.item, one.row, one.metric, one.bound): one.printed for one in printed}
    rows, answers = evaluate(found, *declarations.read(study.folder / "checks.yaml"))
    folder = study.reports(options.root)
    canonical.write_csv(folder / "consistency.csv", pd.DataFrame(rows))
    canonical.write_csv(folder / "findings.csv", pd.DataFrame(findings(answers), columns=COLUMNS))


if __name__ == "__main__":
    cli.main(stage)
