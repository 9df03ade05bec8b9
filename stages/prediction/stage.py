"""The corrected protocol on a table of lesions.

The table (CSV) has the columns ``patient``, ``lesion`` and ``label`` (0 or 1, one for each patient);
all others are features.
"""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.prediction import judge, lesions
from stages.prediction.parameters import as_tuned, read_corrected, read_models


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.prediction.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="lesions (CSV)")
    parser.add_argument("--size", help="the feature that is the size of a lesion")
    parser.add_argument("--out", type=Path, required=True, help="areas, intervals and tests (JSON)")
    options = parser.parse_args()
    settings = read_corrected(options.params)
    models = as_tuned(read_models(options.params), settings)
    found = lesions.read(options.table)
    if options.size is not None and options.size not in found.names:
        raise InputError(f"has no feature {options.size}", options.table, "correct --size")
    if len(found.outcome) < settings.folds:
        raise InputError(f"{len(found.outcome)} patients cannot make {settings.folds} folds",
                         options.table, "lower corrected.presets.*.folds")
    canonical.write_json(options.out, judge.judge(found, settings, models, options.size))


if __name__ == "__main__":
    cli.main(stage)
