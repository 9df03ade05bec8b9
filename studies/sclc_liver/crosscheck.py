"""Run the rank-sum tests in R 4.4.1 (webR under Node), the release that the paper states.

The values of the metrics file, of this machine's R and of R 4.4.1 must agree. This is a check, not
a stage of the pipeline: it writes nothing.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.columns import LABEL
from stages.common.errors import EXIT_BAD_INPUT, InputError
from stages.common.parameters import section
from stages.statistics import rbridge, volumes
from studies.sclc_liver import burden

FOLDER = Path(__file__).resolve().parents[2] / "containers" / "statistics" / "webr"
TOLERANCE = 1e-12
# Source: paper, Methods, Statistical analysis.
RELEASE = "4.4.1"
SECONDS = 300


class Unavailable(InputError):
    """Node or webR is not installed."""


def locate_node(node: str, folder: Path) -> str:
    """Return the path of Node.

    Raises
    ------
    Unavailable
        Saying what to install when Node or webR is missing.
    """
    program = shutil.which(node)
    if program is None:
        raise Unavailable(f"Node ('{node}') is not installed or not on the PATH", fix="install it "
                          "(apt-get install nodejs npm; 18 or later), then run 'npm ci' in "
                          "containers/statistics/webr")
    if not (folder / "node_modules" / "webr" / "package.json").is_file():
        raise Unavailable("webR is not installed",
                          fix="run 'npm ci' in containers/statistics/webr")
    return program


def in_webr(program: str, folder: Path, positive: np.ndarray, negative: np.ndarray,
            exact: bool) -> tuple[str, dict[str, float | None]]:
    """Run ``rank_sum.R`` in webR.

    Parameters
    ----------
    program : str
        Node.
    folder : Path
        Folder of ``rank_sum.mjs`` and its ``node_modules``.
    positive, negative : array of shape (m,), (n,)
        Volumes of the two groups (mm³).
    exact : bool
        Ask for the exact P value too.

    Returns
    -------
    release : str
        R's version, such as ``4.4.1``.
    values : dict
        As `stages.statistics.rbridge.rank_sum`.

    Raises
    ------
    InputError
        If Node fails or does not answer.
    """
    request = {"positive": [float(x) for x in positive],
               "negative": [float(x) for x in negative], "exact": exact}
    fix = "run 'npm ci' in containers/statistics/webr again, with Node 18 or later"
    command = [program, str(folder / "rank_sum.mjs"), str(rbridge.SOURCE)]
    try:
        done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True,
                              timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"webR gave no answer ({error})", fix=fix) from None
    try:
        answer = json.loads(done.stdout)
        release = re.search(r"\d+\.\d+\.\d+", answer["r"])[0]
        return release, {name: answer["values"][name] for name in rbridge.NAMES}
    except (ValueError, KeyError, TypeError):
        errors = [line for line in done.stderr.splitlines() if "Error" in line] or ["no answer"]
        raise InputError(f"webR failed ({errors[0][:200]})", fix=fix) from None


def agreeing(left: dict, right: dict) -> list[str]:
    """Return the names whose values agree to a relative 1e-12 (or are missing in both)."""
    def close(a, b):
        if a is None or b is None:
            return a is b
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=0.0)

    return [name for name in rbridge.NAMES if close(left[name], right[name])]


def compare(paper: tuple[str, dict], here: tuple[str, dict], metrics: dict) -> str:
    """Compare R 4.4.1 with this machine's R and with the metrics file; return the line to print.

    Raises
    ------
    InputError
        Naming the values that differ.
    """
    for name, (release, values) in {"this machine's R": here, "the metrics file": (
            here[0], metrics)}.items():
        wrong = sorted(set(rbridge.NAMES) - set(agreeing(paper[1], values)))
        if wrong:
            told = "; ".join(f"{item} {paper[1][item]!r} against {values[item]!r}"
                             for item in wrong)
            raise InputError(f"R {paper[0]} disagrees with {name} (R {release}): {told}",
                             fix="run 'dvc repro' to renew the metrics, then check again")
    number = len(agreeing(paper[1], here[1]))
    return f"R {paper[0]} agrees with R {here[0]}: {number} of {number} values to {TOLERANCE:g}"


def check(given) -> str:
    """Carry out the cross-check; return the line to print."""
    program = locate_node(given.node, given.webr)
    exact_pairs = section(given.params, "statistics.exact_pairs", int)
    points = canonical.read_csv(given.points, ["study", volumes.BURDEN, LABEL])
    volumes.check_groups(points, given.points)
    metrics = canonical.read_json(given.metrics)
    recorded = metrics.get("rank_sum") if isinstance(metrics, dict) else None
    if not isinstance(recorded, dict) or not set(rbridge.NAMES) <= set(recorded):
        raise InputError("holds no rank-sum test", given.metrics, "make it again (dvc repro)")
    volume, label = points[volumes.BURDEN].to_numpy(), points[LABEL].to_numpy()
    groups = volume[label == 1], volume[label == 0]
    exact = burden.why_not_exact(*groups, exact_pairs) is None
    here = rbridge.version(), rbridge.rank_sum(*groups, exact)
    paper = in_webr(program, given.webr, *groups, exact)
    if paper[0] != RELEASE:
        raise InputError(f"webR holds R {paper[0]}, not {RELEASE}",
                         fix="run 'npm ci' in containers/statistics/webr")
    return compare(paper, here, recorded)


def stage() -> None:
    """Check, or say why not."""
    arguments = cli.parser("studies.sclc_liver.crosscheck", __doc__)
    arguments.add_argument("--points", required=True, help="points of the burden stage (CSV)")
    arguments.add_argument("--metrics", required=True, help="metrics of the burden stage (JSON)")
    arguments.add_argument("--params", type=Path, required=True)
    arguments.add_argument("--node", default="node", help="Node to use (default: on the PATH)")
    arguments.add_argument("--webr", type=Path, default=FOLDER, help="folder of webR")
    arguments.add_argument("--if-available", action="store_true",
                           help="exit 0, with one line, where Node or webR is not installed")
    given = arguments.parse_args()
    try:
        print(check(given))
    except Unavailable as error:
        line = f"R {RELEASE} cross-check skipped: {error}"
        print(line, file=sys.stdout if given.if_available else sys.stderr)
        if not given.if_available:
            sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    cli.main(stage)
