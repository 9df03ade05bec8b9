"""Sentences whose every number comes from the results."""

from __future__ import annotations

from stages.common.errors import InputError
from stages.report.figure import short
from studies.sclc_liver.report import chance
from studies.sclc_liver.report.figures import MODELS
from studies.sclc_liver.report.inputs import EARLIER, RELEASE, Inputs

Row = dict[str, str]


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
    raise InputError(f"lacks {' / '.join(wanted)}", "reports/sclc_liver/ledger.csv",
                     "restore studies/sclc_liver/published/ and run dvc repro")


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
    reached = inputs.trivial.get("scores", "F1", "mean")
    printed = sorted({find(inputs, "Table4", model, "F1", "mean")["published"] for model in MODELS})
    return (f"Calling everyone NE-positive reaches F1 {short(reached, 2)} where Table 4 prints "
            f"{' to '.join((printed[0], printed[-1]))}.")


def reviewer(inputs: Inputs) -> list[str]:
    """Return sentences for a reviewer of the paper, behind the verdicts' own."""
    return [fragility(inputs), chance.sentence(inputs.chance, inputs.corrected), trivial(inputs)]
