"""Sentences whose every number comes from the results."""

from __future__ import annotations

from collections import Counter

from stages.common.errors import InputError
from stages.reporting import report_chance
from stages.reporting.report_figures import short
from stages.reporting.report_inputs import EARLIER, RELEASE, Inputs
from stages.reporting.report_tables import MODELS, Row


def find(inputs: Inputs, item: str, row: str, metric: str, statistic: str) -> Row:
    """Return one row of the ledger.

    Raises
    ------
    InputError
        If there is none.
    """
    wanted = (item, row, metric, statistic)
    for entry in inputs.ledger:
        if (entry["item"], entry["row"], entry["metric"], entry["statistic"]) == wanted:
            return entry
    raise InputError(f"lacks {' / '.join(wanted)}", "reports/ledger.csv",
                     "restore metrics/published/ and run dvc repro ledger")


def counts(inputs: Inputs) -> str:
    """Return what became of the published numbers."""
    tally = Counter(row["verdict"] for row in inputs.ledger)
    private = tally["needs-private-images"] + tally["needs-private-labels"]
    return (f"Of the {len(inputs.ledger)} numbers that the paper prints, {tally['exact']} follow "
            f"at the printed precision from the released tables and code, {tally['envelope']} lie "
            f"inside the spread that the same code shows over numerical variations, and "
            f"{tally['contradicted']} do not follow; {private} rest on images, masks or labels "
            f"that are not public, and {tally['not-checked']} are settings, literature values or "
            "not settled.")


def fragility(inputs: Inputs) -> str:
    """Return what the headline AUC depends on."""
    headline = find(inputs, "Abstract", "headline test", "AUC", "test_set")
    table = find(inputs, "Table4", "LR", "AUC", "mean")
    solved = inputs.converged[RELEASE].get("configurations", "LR", "test", "AUC")
    warned = inputs.models[EARLIER].get("configurations", "LR", "warnings", "refit")
    spread = ""
    if headline["minimum"]:
        spread = (f" and moves between {short(float(headline['minimum']), 2)} and "
                  f"{short(float(headline['maximum']), 2)} over {headline['variations']} numerical "
                  "variations of the same code")
    return (f"The logistic regression of the headline "
            f"{'stops before it converges' if warned else 'converges'}: its AUC (printed "
            f"{headline['published']}) is that of the {headline['release']} release{spread}, Table "
            f"4 is that of the {table['release']} release, and the same objective solved to its "
            f"optimum on release {RELEASE} gives {short(solved, 2)}.")


def trivial(inputs: Inputs) -> str:
    """Return what the answer "everyone" scores."""
    reached = inputs.corrected.get("trivial_as_in_table_4", "F1", "mean")
    printed = sorted({find(inputs, "Table4", model, "F1", "mean")["published"] for model in MODELS})
    return (f"Calling everyone NE-positive reaches F1 {short(reached, 2)} where Table 4 prints "
            f"{' to '.join((printed[0], printed[-1]))}.")


def reviewer(inputs: Inputs) -> list[str]:
    """Return four points for a reviewer of the paper."""
    return [counts(inputs), fragility(inputs),
            report_chance.sentence(inputs.chance, inputs.corrected), trivial(inputs)]
