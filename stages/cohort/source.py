"""Make the imaging pipeline's cohort from one of its sources.

Whatever the source, OUT/manifest.csv is a cohort manifest (stages.common.manifest). Sources other than
the phantom read the folder --inputs. OUT/source.json names the source. Series that --record knows are
not made again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from stages.cohort import lits, own
from stages.cohort.parameters import PHANTOM, SOURCES, read_source
from stages.cohort.phantom import stage as phantom
from stages.common import cli, origin
from stages.common.errors import InputError

MODULES = {PHANTOM: phantom, "lits": lits, "own": own}


def arguments(inputs: Path, checksums: Path, out: Path, record: Path | None = None
              ) -> dict[str, list]:
    """Return the command line of each source's own stage.

    The sources share a record: one that is taken up removes what another one left in ``out``.
    """
    scores = inputs / "scores.csv"
    known = ["--record", record] if record else []
    found = {PHANTOM: ["--out", out],
             "lits": ["--folder", inputs, "--checksums", checksums, "--out", out / "manifest.csv"],
             "own": ["--table", inputs / "cohort.csv",
                     *(["--scores", scores] if scores.exists() else []), "--out", out]}
    return {name: [*given, *known] for name, given in found.items()}


def check(source: str, params: Path) -> None:
    """Refuse to make the phantom where the parameters ask for another cohort.

    Raises
    ------
    InputError
        Naming what makes the other one: where the phantom is made, results go to git.
    """
    wanted = read_source(params)
    if source == PHANTOM != wanted:
        raise InputError(f"parameter 'cohort.source' is '{wanted}', but what this pipeline makes goes "
                         "to git", params, "run 'make demo': it works in a folder that git ignores")


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.source", __doc__)
    parser.add_argument("--source", choices=SOURCES, required=True)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--inputs", type=Path, required=True, help="folder that the source reads")
    parser.add_argument("--checksums", type=Path, required=True,
                        help="checksums of the first run, kept outside the cohort (CSV)")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    known = arguments(options.inputs, options.checksums, options.out, options.record)
    check(options.source, options.params)
    given = [*known[options.source], "--params", options.params]
    module = MODULES[options.source]
    sys.argv = [module.__name__, *(str(argument) for argument in given)]
    module.stage()
    origin.write(options.out, options.source)


if __name__ == "__main__":
    cli.main(stage)
