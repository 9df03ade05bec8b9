"""Check what the paper says against itself, the released code and the recomputation.

Every row of ``contradictions.csv`` is a claim of the study's folder ``claims``: its texts
take their numbers from the results, and its status is the value of an expression on them. A row is
``confirmed`` where the expression holds on results of this pipeline, ``text-only`` where it holds
on printed numbers alone, and ``not-confirmed`` where it does not hold (a point that was checked and
found to be in order).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from stages.common import canonical, cli, yaml_text
from stages.common.errors import InputError
from stages.verdicts import settings as house
from stages.verdicts import study as studies
from stages.verdicts.expressions import Expression
from stages.verdicts.values import PRINTED, Reader, rounds

COLUMNS = ("id", "topic", "locator", "stated", "implementation", "recomputed", "source", "status",
           "size", "severity", "right_if", "second")
TEXTS = ("stated", "implementation", "recomputed", "size")
OPTIONAL = {"derived", "right_if", "second"}
SEVERITIES = ("result", "method", "reporting")


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes
    ----------
    id, topic, locator, severity : str
        ``locator`` is the place in the paper or in the released data.
    values : dict
        Name to address (`stages.verdicts.values`).
    derived : dict
        Name to expression on the names before it.
    confirmed : Expression
        Whether the contradiction holds.
    texts : dict
        The columns of `TEXTS`, and ``right_if``, with ``{name}`` for a value.
    second : Expression or None
        The same on other values: a second derivation, which must agree.
    """

    id: str
    topic: str
    locator: str
    severity: str
    values: dict[str, str]
    derived: dict[str, Expression]
    confirmed: Expression
    texts: dict[str, str]
    second: Expression | None = None

    @property
    def text_only(self) -> bool:
        """Whether only printed numbers decide."""
        return all(address.startswith(f"{PRINTED} ") for address in self.values.values())


def read(folder: str | Path, tolerance: float) -> list[Claim]:
    """Read all claims below ``folder``, sorted by file, in the order of each file.

    Parameters
    ----------
    folder : path
    tolerance : float
        For ``rounds`` in expressions: how near to half a unit counts as half-way.

    Raises
    ------
    InputError
        If a claim is incomplete, has an unknown part, is listed twice or cannot be evaluated.
    """
    claims, seen = [], set()
    for path in sorted(Path(folder).glob("*.yaml")):
        try:
            entries = yaml_text.parse(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, OSError, ValueError) as error:
            raise InputError(f"is not readable YAML ({error})", path, "correct it") from None
        if not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
            raise InputError("is not a list of claims", path, "begin each claim with '- id:'")
        for entry in entries:
            claim = _claim(entry, path, {"rounds": lambda a, b: rounds(a, b, tolerance)})
            if claim.id in seen:
                raise InputError(f"claim {claim.id} is listed twice", path, "keep one")
            seen.add(claim.id)
            claims.append(claim)
    if not claims:
        raise InputError("holds no claims", folder, "restore it from the repository")
    return claims


def _claim(entry, path, functions) -> Claim:
    name = entry.get("id", "without id")
    wanted = {"id", "topic", "locator", "severity", "values", "confirmed", *TEXTS}
    faults = sorted(map(str, (wanted - set(entry)) | (set(entry) - wanted - OPTIONAL)))
    if faults:
        raise InputError(f"claim {name}: missing or unknown part {', '.join(faults)}", path,
                         f"parts: {', '.join(sorted(wanted))}; may be left out: "
                         f"{', '.join(sorted(OPTIONAL))}")
    if "second" in entry and "right_if" not in entry:
        raise InputError(f"claim {name} is derived twice and does not say what would have to be true "
                         "for the authors to be right", path, "add 'right_if'")
    if not isinstance(entry["values"], dict) or not isinstance(entry.get("derived", {}), dict):
        raise InputError(f"claim {name}: values and derived must be 'name: …' pairs", path,
                         "correct them")
    texts = [entry["id"], entry["topic"], entry["locator"], *entry["values"].values()]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"claim {name}: id, topic, locator and the addresses of values must be "
                         "texts", path, "put them in quotation marks")
    if entry["severity"] not in SEVERITIES:
        raise InputError(f"claim {name}: severity is '{entry['severity']}'", path,
                         f"valid: {', '.join(SEVERITIES)}")
    known, derived = set(entry["values"]), {}
    try:
        for key, text in entry.get("derived", {}).items():
            derived[key] = _expression(text, known, functions)
            known.add(key)
        confirmed = _expression(entry["confirmed"], known, functions)
        second = _expression(entry["second"], known, functions) if "second" in entry else None
    except ValueError as error:
        raise InputError(f"claim {name}: {error}", path, "correct the expression") from None
    return Claim(entry["id"], entry["topic"], entry["locator"], entry["severity"],
                 dict(entry["values"]), derived, confirmed,
                 {column: " ".join(str(entry.get(column, "")).split())
                  for column in (*TEXTS, "right_if")}, second)


def _expression(text, known, functions) -> Expression:
    expression = Expression(str(text), functions)
    unknown = sorted(expression.names - known)
    if unknown:
        raise ValueError(f"'{text}' uses {', '.join(unknown)}, which is not defined")
    return expression


def gather(claim: Claim, source: Reader) -> dict[str, object]:
    """Return the values of a claim by name."""
    return {name: source.value(address, claim.id) for name, address in claim.values.items()}


def evaluate(claim: Claim, values: Mapping[str, object]) -> tuple[dict, str]:
    """Work out a claim.

    Parameters
    ----------
    claim : Claim
    values : mapping
        The claim's values by name.

    Returns
    -------
    (dict, str)
        All values, derived ones too; the status.

    Raises
    ------
    InputError
        If the values do not fit the expressions.
    """
    known = dict(values)
    try:
        for name, expression in claim.derived.items():
            known[name] = expression.evaluate(known)
        holds = bool(claim.confirmed.evaluate(known))
    except (TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
        raise _fault(claim, error) from None
    return known, ("text-only" if claim.text_only else "confirmed") if holds else "not-confirmed"


def row(claim: Claim, values: Mapping[str, object]) -> dict[str, str]:
    """Return one row of the table, as `evaluate` and the claim's texts give it."""
    known, status = evaluate(claim, values)
    # True would be printed as 1 where a text asks for digits.
    shown = {name: str(value) if isinstance(value, bool) else value for name, value in known.items()}
    try:
        texts = {column: text.format_map(shown) for column, text in claim.texts.items()}
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise _fault(claim, error) from None
    return {"id": claim.id, "topic": claim.topic, "locator": claim.locator,
            "source": "; ".join(dict.fromkeys(claim.values.values())), "status": status,
            "severity": claim.severity, "second": _agree(claim, known, status)} | texts


def _agree(claim: Claim, known: Mapping[str, object], status: str) -> str:
    """Return ``agrees``; ``disagrees`` of a claim that falls; empty without a second derivation.

    Raises
    ------
    InputError
        If the second derivation does not confirm what the first one does, or cannot be worked out.
    """
    if claim.second is None:
        return ""
    try:
        holds = bool(claim.second.evaluate(known))
    except (TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
        raise _fault(claim, error) from None
    if status == "not-confirmed":
        # Nothing is said against anybody: an experiment with other settings goes on.
        return "disagrees" if holds else "agrees"
    if not holds:
        raise InputError(f"claim {claim.id}: 'confirmed' says True and 'second' False",
                         "claims", "settle which one is right before anything is said")
    return "agrees"


def _fault(claim: Claim, error: Exception) -> InputError:
    return InputError(f"claim {claim.id} cannot be worked out ({error})", "claims",
                      "correct the claim or the value it uses")


def build(claims: list[Claim], source: Reader) -> pd.DataFrame:
    """Return the table, one row per claim, in the order of ``claims``."""
    rows = [row(claim, gather(claim, source)) for claim in claims]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.claims", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--params", type=Path, required=True, help="the house's parameters")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study, tolerance = studies.read(options.study), house.read(options.params).halfway_tolerance
    table = build(read(study.claims, tolerance), Reader(study, options.root, tolerance))
    canonical.write_csv(study.reports(options.root) / "contradictions.csv", table)


if __name__ == "__main__":
    cli.main(stage)
