"""Features of series with their own masks: one row for each series and region.

Regions are all lesions together, each lesion, the largest one, the liver (with its lesions) and the
parenchyma (the liver without them). Writes OUT/features.csv, and OUT/excluded.csv for regions without
features. A series that --record knows and whose files and settings did not change is not computed
again. With --failed, series that cannot be measured are listed there (JSON: what is wrong, by series)
and left out, instead of ending the stage.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.columns import PATIENT, SERIES, STUDY
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.faults import each
from stages.radiomics import choices, extract, regions, rows, standard, table
from stages.radiomics import series as listed_series
from stages.radiomics.parameters import METHODS, Radiomics, read, read_jobs
from stages.radiomics.series import Series
from stages.radiomics.standard import Standard

REGION, LESION = "region", "lesion"
EXCLUDED = (SERIES, REGION, LESION, "status", "reason", "components", "voxels")


@dataclass(frozen=True)
class Work:
    """What is computed of every series.

    Attributes
    ----------
    settings : Radiomics
    ibsi : Standard
    name : str
        Feature settings (`choices.extractor`).
    wanted : tuple of str
        Regions.
    """

    settings: Radiomics
    ibsi: Standard
    name: str
    wanted: tuple[str, ...]


def compute(image: Path, mask: Path, work: Work) -> list[dict]:
    """Return the rows of one series (`stages.radiomics.rows`) with region and number of the lesion.

    Raises
    ------
    InputError
        If a file cannot be used, or PyRadiomics refuses it under these settings.
    """
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    how = choices.extractor(work.name, work.settings, work.ibsi)
    series, found = regions.read(image, mask, work.settings, work.wanted)
    result = []
    for region, number, voxels in found:
        try:
            row = rows.of_pair([series, regions.image_of(voxels, series)], how)
        except (ValueError, RuntimeError, NotImplementedError) as error:
            reason = str(error).strip().splitlines()[-1][:200] if str(error).strip() else "no reason"
            raise InputError(f"PyRadiomics cannot compute the region '{region}' ({reason})", image,
                             "use other settings, or leave the series out") from None
        if row["status"] == rows.NO_LESION:
            row["reason"] = f"the mask holds no {regions.REGIONS[region]}"
        result.append({REGION: region, LESION: number, **row})
    return result


def join(found: dict[str, list[dict]], listed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the table of features and the list of regions without.

    Parameters
    ----------
    found : dict
        Rows of every series (`compute`).
    listed : DataFrame
        The manifest; study and patient are taken from it.

    Returns
    -------
    features : DataFrame
        File, study, patient, region, lesion, diagnostics, features, Num_Lesions.
    excluded : DataFrame
        File, region, lesion, status, reason, components, voxels.
    """
    about = {row[SERIES]: {name: row[name] for name in (SERIES, STUDY, PATIENT) if name in row}
             for row in listed.to_dict("records")}
    kept, left = [], []
    for name, series in found.items():
        for row in series:
            where = {**about[name], REGION: row[REGION], LESION: row[LESION]}
            if row["status"] == rows.FEATURES:
                kept.append({**where, **row["values"], table.COUNT: row["components"]})
            else:
                left.append({**where, **row})
    values = [name for row in kept for name in row]
    first = [name for name in (SERIES, STUDY, PATIENT, REGION, LESION) if name in values or not kept]
    known = table.columns([{"values": row} for row in kept])
    # What other settings add stands behind what the released table has, in PyRadiomics' order.
    others = [name for name in dict.fromkeys(values) if name not in (*first, *known, table.COUNT)]
    features = pd.DataFrame(kept, columns=[*first, *known, *others, table.COUNT])
    excluded = pd.DataFrame(left, columns=EXCLUDED)
    return (frame.astype({LESION: "Int64"}) for frame in (features, excluded))


def about(work: Work) -> str:
    """Return a hash of what rows depend on besides their files, the file of the settings too."""
    file = Path(work.name)
    content = canonical.sha256(file) if file.suffix in choices.SUFFIXES and file.is_file() else ""
    return context([asdict(work), content], extract.PACKAGES, __file__)


def those_that_can(listed: list[Series], work, record: Record, jobs: int,
                   computed=None) -> tuple[dict, dict[str, str]]:
    """Compute every series that can be.

    Parameters
    ----------
    listed, work, record, jobs, computed
        As `extract.extract`.

    Returns
    -------
    found : dict
        What was computed, by series.
    failed : dict
        What is wrong, by series.

    Raises
    ------
    InputError
        If something else than a file of a series is at fault.
    """
    try:
        return extract.extract(listed, work, record, jobs, computed or compute), {}
    except InputError as error:
        wrong = {str(one.where): one for one in each(error)}
        found, failed = {}, {}
        for series in listed:
            rows_of = record.get(series.name, (series.image, series.mask))
            faults = [str(wrong.pop(str(path))) for path in (series.image, series.mask)
                      if str(path) in wrong]
            if faults:
                failed[series.name] = faults[0]
            elif rows_of is not None:
                found[series.name] = rows_of
        if wrong or len(found) + len(failed) < len(listed):
            raise
        return found, failed


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.radiomics.measure", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True, help="the cohort's manifest (CSV)")
    parser.add_argument("--settings", default=choices.RELEASED,
                        help=f"{', '.join(choices.NAMES)}, or a parameter file of PyRadiomics")
    parser.add_argument("--regions", default=regions.LESIONS,
                        help=f"some of {', '.join(regions.REGIONS)}, with commas between")
    parser.add_argument("--method", choices=METHODS, help="instead of the parameter")
    parser.add_argument("--jobs", type=int, help="processes, instead of imaging.jobs")
    parser.add_argument("--record", type=Path, help="what was computed before: only changes are")
    parser.add_argument("--check", action="store_true", help="look at the settings only")
    parser.add_argument("--failed", type=Path, help="list of series that cannot be measured (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    options = parser.parse_args()
    settings = read(options.params)
    if options.method:
        settings = Radiomics(**{**vars(settings), "method": options.method})
    work = Work(settings, standard.read(options.params), options.settings,
                tuple(options.regions.split(",")))
    unknown = [name for name in work.wanted if name not in regions.REGIONS]
    if unknown or len(set(work.wanted)) < len(work.wanted):
        raise InputError(f"--regions is '{options.regions}'", None,
                         f"give some of {', '.join(regions.REGIONS)}, each once")
    jobs = read_jobs(options.params) if options.jobs is None else options.jobs
    if jobs < 1:
        raise InputError(f"--jobs is {jobs}", None, "give 1 or more")
    if options.failed and not options.record:
        raise InputError("--failed is given without --record", None, "give both: it keeps the others")
    choices.extractor(work.name, settings, work.ibsi)
    if options.check:
        return
    manifest = listed_series.read(options.manifest)
    listed = listed_series.files(manifest, options.manifest, None, None)
    record = Record(options.record, about(work))
    if options.failed:
        found, failed = those_that_can(listed, work, record, jobs)
        canonical.write_json(options.failed, failed)
    else:
        found = extract.extract(listed, work, record, jobs, compute)
    features, excluded = join(found, manifest)
    canonical.write_csv(options.out / "features.csv", features)
    canonical.write_csv(options.out / "excluded.csv", excluded)


if __name__ == "__main__":
    cli.main(stage)
