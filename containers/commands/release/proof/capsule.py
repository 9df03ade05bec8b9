"""Questions whose answers were recomputed, made from the ledgers alone. Part of verify.sh.

In the manner of CORE-Bench: who runs the analysis again (a person, a program, an agent) answers each
question, and ``score.py`` counts the answers inside the accepted intervals. An interval is what was
recomputed, never what the paper prints. The standard library alone, and none of its neighbours.
"""

import csv
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

WHAT = {"value": "the value", "ci_low": "the lower end of its confidence interval",
        "ci_high": "the upper end of its confidence interval", "min": "the smallest",
        "max": "the largest", "count": "how many", "sd": "the standard deviation",
        "P": "the P value", "rho": "the correlation coefficient", "z": "the z statistic",
        "rank": "the rank", "percent": "the percentage",
        "test_set": "the value on the test set, without resampling",
        "first_maximum": "the first setting of the search that gives the best score"}
PROTOCOLS = {"as-released": "as the released code does it",
             "as-described": "as the paper's text says it"}
UNIT = re.compile(r"\(([^()]+)\)$|\b(cm3|mm)\b|(%|\bpercent$)")


def _rows(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _number(text):
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _unit(metric):
    found = UNIT.search(metric)
    if not found:
        return ""
    return "percent" if found[3] else found[1] or found[2]


def question(name, title, row, reservation):
    """Return a question on a line of a ledger; None where no number was recomputed.

    Parameters
    ----------
    name, title : str
        The study's folder, and the paper.
    row : dict
        The line; its printed number and its verdict are not read.
    reservation : str
        How it is computed, where its rule says so.
    """
    value = _number(row["reproduced"])
    if value is None or row["basis"] not in ("arithmetic", "variations"):
        return None
    ends = [value]
    if row["basis"] == "variations":
        ends += [Decimal(row["minimum"]), Decimal(row["maximum"])]
    decimals = int(row["decimals"] or 0)
    # A rounded answer is one; a count is not rounded.
    half = Decimal(1).scaleb(-decimals) / 2 if "." in row["reproduced"] else Decimal(0)
    run = {key: row[key] for key in ("release", "protocol", "environment", "kernel") if row[key]}
    place = f"{row['item']}, row '{row['row']}', column '{row['metric']}'"
    where = f"in the image '{run['environment']}'" + (
        f" with the BLAS core {run['kernel']}, one thread" if "kernel" in run else "")
    what = WHAT.get(row["statistic"], f"the {row['statistic']}")
    text = (f"{title}: {place}: {what}, computed from the release {run['release']} of its data "
            f"{PROTOCOLS.get(run['protocol'], run['protocol'])}, "
            f"{where}" + (f" ({reservation})" if reservation else "") + "?")
    evidence = {"kind": "exact value: nothing is fitted, nothing can vary"}
    if row["basis"] == "variations":
        evidence = {"kind": "measured envelope: the least and greatest of neutral variations",
                    "variations": int(row["variations"])}
    return {"id": "/".join((name, row["item"], row["row"], row["metric"], row["statistic"])),
            "study": name, "question": text,
            "place": {key: row[key] for key in ("item", "row", "metric", "statistic")},
            "run": run, "unit": _unit(row["metric"]), "decimals": decimals,
            "accepted": {"low": float(min(ends) - half), "high": float(max(ends) + half),
                         "evidence": evidence}}


def build(root, studies):
    """Return the capsule of a repository.

    Parameters
    ----------
    root : path
    studies : dict
        Name to what ``studies.json`` says of each.

    Raises
    ------
    ValueError
        If two questions are the same.
    """
    questions = []
    for name in sorted(studies):
        rules = sorted({row["note"] for row in _rows(Path(root, "studies", name, "rules.csv"))
                        if row["note"]}, key=lambda note: (-len(note), note))
        for row in _rows(Path(root, "reports", name, "ledger.csv")):
            said = next((note for note in rules if f"{row['note']}; ".startswith(f"{note}; ")), "")
            found = question(name, studies[name].get("title", name), row, said)
            if found:
                questions.append(found)
    names = [one["id"] for one in questions]
    for one in names:
        if names.count(one) > 1:
            raise ValueError(f"two questions are called '{one}'")
    return {"format": "questions with accepted intervals, 1", "questions": questions}
