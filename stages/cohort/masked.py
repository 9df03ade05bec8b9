"""Take in series with their masks for features alone: no scores, no groups, no training.

The table's columns are those of `stages.cohort.own`; series, path and mask are needed. Writes
OUT/manifest.csv, OUT/series.csv, OUT/images and OUT/masks as that stage does, or with --check reads
everything and writes nothing. All that is wrong with the table and with any series is told at once.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from stages.cohort import masks
from stages.cohort.own import FOUND, OWN, PACKAGES, Place, every, take, take_changed
from stages.cohort.own_table import NAME, PATH, Own, check, look
from stages.common import canonical, cli
from stages.common import manifest as cohort_manifest
from stages.common.columns import PATIENT, SERIES, STUDY
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.faults import require_none
from stages.common.manifest import COHORT, IMAGE, MASK, PART
from stages.common.parameters import section

COLUMNS = (SERIES, STUDY, PATIENT, COHORT, PART, IMAGE, MASK)


def manifest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest of a table, one row per series."""
    rows = [{SERIES: row[NAME], STUDY: row[STUDY], PATIENT: row[PATIENT], COHORT: OWN,
             **cohort_manifest.files(row[NAME])} for row in table.to_dict("records")]
    return cohort_manifest.table(rows, COLUMNS)


def require_masks(table: pd.DataFrame, source: Path) -> list[InputError]:
    """Return an error for each series without a mask."""
    return [InputError(f"series {name} has no mask", source,
                       "name one in the column mask, or leave the series out")
            for name in table[NAME][table[MASK] == ""]]


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.masked", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="the cohort's table (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="read everything, write nothing")
    parser.add_argument("--record", type=Path, help="what was taken in before: only changes are")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    own = section(options.params, "own", Own)
    check(own, options.params)
    tissue = section(options.params, "radiomics.padding_below", float)
    table, errors = look(options.table, needed=(NAME, PATH))
    errors += require_masks(table, options.table)
    listed = manifest(table)
    texts = sorted({name for column in (SERIES, STUDY, PATIENT) for name in listed[column]})
    # A table at fault is read as far as it says where a series is.
    named = [row for row in table.to_dict("records") if row[PATH]]
    places = {row[NAME]: Place.of(row, options.table, options.out) for row in named}
    try:
        own = masks.lesions_only([path for place in places.values() for path in place.labelled()], own,
                                 options.table)
    except InputError as error:
        errors.append(error)
    if options.check or errors:
        # Nothing is written for a table that will change.
        errors += every(places, lambda name, place: take(name, place, own, texts, tissue, False))[1]
        require_none(errors)
        print(f"{len(table)} series can be read, with their masks")
        return
    record = Record(options.record, context([asdict(own), tissue], PACKAGES, __file__))
    rows, errors = every(
        places, lambda name, place: take_changed(name, place, own, texts, record, tissue))
    require_none(errors)
    record.close(options.out)
    canonical.write_csv(options.out / "series.csv", pd.DataFrame(rows, columns=FOUND, dtype=object))
    canonical.write_csv(options.out / "manifest.csv", listed)


if __name__ == "__main__":
    cli.main(stage)
