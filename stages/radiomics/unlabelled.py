"""Features of the lesions of series without NE scores, as the released table has them, for prediction.

Series without features (no lesion found, or lesions too small for PyRadiomics) are listed apart. A
series that --record knows is not computed again. Series that cannot be measured are listed in --failed
(JSON: what is wrong, by series) and left out; with --drawn nobody is told to correct a mask that a
network drew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import SERIES
from stages.common.done import Record
from stages.common.errors import InputError
from stages.common.manifest import LESION, LIVER
from stages.radiomics import extract, measure, rows, series, table
from stages.radiomics.parameters import Radiomics, read, read_jobs, read_lesion_count


def of_drawn(image: Path, mask: Path, settings: Radiomics) -> dict[str, object]:
    """Compute the row of a series whose mask a network drew (see `rows.compute`).

    Raises
    ------
    InputError
        As `rows.compute`, with what can be done about a network's mask.
    """
    try:
        return rows.compute(image, mask, settings)
    except InputError as error:
        if "mask" not in (error.fix or ""):
            raise
        raise InputError(error.what, error.where, "the network drew the mask: see whether the series "
                         "is in HU (rescale slope and intercept), name another network, or give a mask "
                         "of your own (MASKS=…)") from None


def join(found: list[dict], rule: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the feature table and the list of series without features.

    Parameters
    ----------
    found : list of dict
        Rows of the stage ``extract``.
    rule : str
        How lesions are counted: ``components`` or ``components-and-background``.

    Returns
    -------
    table : DataFrame
        File, 37 diagnostics, 107 features, Num_Lesions.
    excluded : DataFrame
        File, status, reason, components, voxels.
    """
    listed = pd.DataFrame({SERIES: [row[SERIES] for row in found],
                           table.SCORE: float("nan"), table.GROUP: ""})
    joined, excluded = table.join(found, listed, rule, 0.0)
    return joined.drop(columns=list(table.TRAILING)), excluded


def main() -> None:
    """Run the stage."""
    parser = cli.parser("stages.radiomics.unlabelled", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True, help="CSV: File, image, mask")
    parser.add_argument("--protocol", default="as-released", help="decides how lesions are counted, as "
                        "in the table that the classifiers were trained on")
    parser.add_argument("--jobs", type=int, help="processes, instead of imaging.jobs")
    parser.add_argument("--record", type=Path, required=True, help="what was computed before")
    parser.add_argument("--failed", type=Path, required=True, help="list of series that cannot be "
                        "measured")
    parser.add_argument("--drawn", action="store_true", help="the masks are a network's")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    options = parser.parse_args()
    rule = read_lesion_count(options.params, options.protocol)
    # Predicted masks, and own ones that were taken in, have these labels whatever the parameters say.
    settings = replace(read(options.params), label=LESION, other_labels=(LIVER,))
    jobs = read_jobs(options.params) if options.jobs is None else options.jobs
    listed = series.files(series.read(options.manifest), options.manifest, None, None)
    found, failed = measure.those_that_can(
        listed, settings, Record(options.record, extract.about(settings)), jobs,
        of_drawn if options.drawn else rows.compute)
    canonical.write_json(options.failed, failed)
    features, excluded = join([{SERIES: name, **row} for name, row in found.items()], rule)
    canonical.write_csv(options.out / "features.csv", features)
    canonical.write_csv(options.out / "excluded.csv", excluded)


if __name__ == "__main__":
    cli.main(main)
