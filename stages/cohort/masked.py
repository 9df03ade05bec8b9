"""Take in series with their masks, or (--images) alone: no scores, no groups, no training.

The table's columns are those of `stages.cohort.own`; series, path and mask are needed; mask is not with
--images, where the manifest names the masks that will be predicted. Writes OUT/manifest.csv,
OUT/series.csv, OUT/images and OUT/masks as that stage does, or with --check reads everything and writes
nothing. All that is wrong with the table and with any series is told at once.

With --plan it takes in one part of the table (`stages.cohort.parts`). With --failed, series that cannot
be used are listed there (JSON: what is wrong, by series) and left out, instead of ending the stage; a
name that gives away what a header holds ends it all the same.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from stages.cohort import parts
from stages.cohort.identity import Revealed
from stages.cohort.own import FOUND, OWN, PACKAGES, Place, every, take, take_changed
from stages.cohort.own_table import NAME, Own, check
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


def require_pseudonyms(places: dict[str, Place], texts: list[str]) -> None:
    """Compare the names of the whole table with the headers of a part.

    Raises
    ------
    InputError
        For all of them at once.
    """
    errors = []
    for place in places.values():
        try:
            place.require_pseudonyms(texts)
        except InputError as error:
            errors.append(error)
    require_none(errors)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.masked", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="the cohort's table (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--plan", type=Path, help="parts of the table (stages.cohort.parts)")
    parser.add_argument("--part", type=int, help="the one that is taken in, from 0")
    parser.add_argument("--images", action="store_true", help="take images alone, without masks")
    parser.add_argument("--check", action="store_true", help="read everything, write nothing")
    parser.add_argument("--headers", action="store_true", help="compare names with headers alone")
    parser.add_argument("--record", type=Path, help="what was taken in before: only changes are")
    parser.add_argument("--failed", type=Path, help="list of series that cannot be used (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    own = section(options.params, "own", Own)
    check(own, options.params)
    tissue = section(options.params, "radiomics.padding_below", float)
    plan = canonical.read_json(options.plan) if options.plan else None
    if plan:
        own = parts.labelled(plan, own)
    whole = parts.understand(options.table, options.out, own, plan is not None, options.images)
    own, errors = whole.own, [*whole.errors, *whole.failed.values()]
    listed = manifest(whole.table)
    texts = sorted({name for column in (SERIES, STUDY, PATIENT) for name in listed[column]})
    places = whole.places
    if plan:
        # What is wrong with the table as a whole is told where it is cut.
        errors, places = [], {name: places[name] for name in plan["parts"][options.part]}
    if options.headers:
        return require_pseudonyms(places, texts)
    if options.check or errors:
        # Nothing is written for a table that will change.
        def use(name, place):
            return take(name, place, own, texts, tissue, False)
    else:
        record = Record(options.record, context([asdict(own), tissue], PACKAGES, __file__))

        def use(name, place):
            return take_changed(name, place, own, texts, record, tissue)
    failed: dict[str, InputError] = {}

    def used(name, place):
        try:
            return use(name, place)
        except InputError as error:
            failed[name] = error
            raise
    rows, found = every(places, used)
    forbidding = [*errors, *found] if not options.failed else [] if options.check else [
        error for error in found if isinstance(error, Revealed)]
    if not options.check and not forbidding:
        # Before the list is written: what is refused here is no fault of a series. Masks beside images
        # that came alone are a network's, of a run before.
        record.close(options.out / "images" if options.images else options.out)
    if options.failed:
        canonical.write_json(options.failed, {name: str(error) for name, error in failed.items()})
    require_none(forbidding)
    if options.check:
        if not plan:
            print(f"{len(rows)} series can be read, with their masks")
        return
    canonical.write_csv(options.out / "series.csv", pd.DataFrame(rows, columns=FOUND, dtype=object))
    canonical.write_csv(options.out / "manifest.csv",
                        listed[listed[SERIES].isin([row[SERIES] for row in rows])])


if __name__ == "__main__":
    cli.main(stage)
