"""Train as stages.classification.train does, and say what the cohort was: MODELS/source.json.

Takes that stage's arguments besides --cohort.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stages.classification import train
from stages.common import cli, origin


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.train_on_cohort", __doc__)
    parser.add_argument("--cohort", type=Path, required=True, help="folder of the cohort")
    parser.add_argument("--models", type=Path, required=True, help="folder for the fitted models")
    options, others = parser.parse_known_args()
    source = origin.read(options.cohort)
    sys.argv = ["stages.classification.train", "--models", str(options.models), *others]
    train.stage()
    origin.write(options.models, source)


if __name__ == "__main__":
    cli.main(stage)
