"""Make the imaging pipeline's cohort from the source that params.yaml names (cohort.source).

Whatever the source, OUT/manifest.csv has one row per series with the columns File, study, patient,
Cohort, NE_Score, NE_Status, NE_Class, Group, Segmentation, image and mask. Group (train, val, test)
is the part of the classification, Segmentation (train, test) that of the segmentation; an empty
cell leaves the series out of it. Paths are relative to the manifest. Sources other than the phantom
read the folder --inputs. Series that --record knows are not made again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stages.cohort import lits, own, phantom
from stages.common import cli
from stages.common.parameters import choose, load


def arguments(inputs: Path, checksums: Path, out: Path, record: Path | None = None
              ) -> dict[str, list]:
    """Return the command line of each source's own stage.

    The sources share a record: one that is taken up removes what another one left in ``out``.
    """
    scores = inputs / "scores.csv"
    known = ["--record", record] if record else []
    found = {"phantom": ["--out", out],
             "lits": ["--folder", inputs, "--checksums", checksums, "--out", out / "manifest.csv"],
             "own": ["--table", inputs / "cohort.csv",
                     *(["--scores", scores] if scores.exists() else []), "--out", out]}
    return {name: [*given, *known] for name, given in found.items()}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.source", __doc__)
    parser.add_argument("--params", type=Path, default="params.yaml")
    parser.add_argument("--inputs", type=Path, required=True, help="folder that the source reads")
    parser.add_argument("--checksums", type=Path, required=True,
                        help="checksums of the first run, kept outside the cohort (CSV)")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    known = arguments(options.inputs, options.checksums, options.out, options.record)
    name = load(options.params).cohort.source
    given = [*choose(known, name, "cohort.source"), "--params", options.params]
    module = {"phantom": phantom, "lits": lits, "own": own}[name]
    sys.argv = [module.__name__, *(str(argument) for argument in given)]
    module.stage()


if __name__ == "__main__":
    cli.main(stage)
