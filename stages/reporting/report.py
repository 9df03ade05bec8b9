"""Make the report: every published number beside its recomputation, in one self-contained page.

Reads the ledger, the metrics and the curves, checks that they belong together, and writes one HTML
page (and a second one with the reporting checklists) that needs no network and no JavaScript.
"""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import TemplateError

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.reporting import report_inputs, report_page

LIMIT = 3 * 1024 * 1024


def arguments():
    """Return the parser of the command line."""
    parser = cli.parser("stages.reporting.report", __doc__)
    for name, default, text in (
            ("ledger", "reports/ledger.csv", "verdicts"),
            ("published", "metrics/published", "printed numbers"),
            ("metrics", "metrics", "folder of recomputed values"),
            ("variations", "metrics/sensitivity", "folder of numerical variations"),
            ("predictions", "data/predictions", "folder of predictions and ROC curves"),
            ("burden", "data/burden", "folder of tumour burden by study"),
            ("selected", "features/selected", "folder of selected features"),
            ("chance", "data/chance", "folder of power curves"),
            ("corrected", "data/corrected", "folder of the corrected protocol's tables"),
            ("containers", "containers", "folder of image digests and locked packages"),
            ("params", "params.yaml", "parameters"),
            ("out", "reports/index.html", "the page")):
        parser.add_argument(f"--{name}", type=Path, default=default, help=f"{text} ({default})")
    parser.add_argument("--fragile", type=Path, help="order and quartiles of the forest plot (CSV)")
    parser.add_argument("--contradictions", type=Path, help="contradictions (CSV)")
    parser.add_argument("--checklists", type=Path, help="answers to reporting checklists (CSV)")
    parser.add_argument("--checklists-out", type=Path, default="reports/checklists.html",
                        help="page of the checklists (reports/checklists.html)")
    return parser


def write(path: Path, page: str) -> None:
    """Write a page.

    Raises
    ------
    InputError
        If it is larger than people's mail takes.
    """
    content = page.encode()
    if len(content) > LIMIT:
        raise InputError(f"would be {len(content):,} bytes, more than {LIMIT:,}", path,
                         "show fewer points in the figures")
    canonical.write_bytes(path, content)


def stage() -> None:
    """Command line."""
    options = arguments().parse_args()
    inputs = report_inputs.read(options)
    page, answers = options.out, options.checklists_out
    try:
        content = report_page.index(inputs, os.path.relpath(answers, page.parent))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
            TemplateError) as error:
        # Results of the right form with values that no stage writes: the pipeline knows which.
        raise InputError(f"cannot be drawn from these results ({type(error).__name__}: {error})", page,
                         "a file that it is made from was changed: run dvc repro") from None
    write(page, content)
    if inputs.checklists is not None:
        root = Path()
        write(answers, report_page.checklists(inputs, os.path.relpath(page, answers.parent), root,
                                              os.path.relpath(root, answers.parent) + "/"))


if __name__ == "__main__":
    cli.main(stage)
