"""Extract radiomic features: one JSON row per series of a manifest.

A series that --record knows and whose image, mask and settings did not change is not computed again,
so that adding a scan costs one scan.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from pathlib import Path

import SimpleITK as sitk
from tqdm import tqdm

from stages.common import canonical, cli
from stages.common.columns import SERIES
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.faults import require_none
from stages.radiomics import rows
from stages.radiomics import series as listed_series
from stages.radiomics.parameters import Radiomics, read, read_jobs
from stages.radiomics.series import Series

PACKAGES = ("numpy", "SimpleITK", "pyradiomics", "PyWavelets", "connected-components-3d", "scipy")


def about(settings: Radiomics) -> str:
    """Return a hash of what rows depend on besides their files: not on how lesions are counted."""
    kept = {name: value for name, value in asdict(settings).items() if name != "lesion_count"}
    return context(kept, PACKAGES, __file__)


def extract(listed: list[Series], settings, record: Record, jobs: int = 1,
            compute=None) -> dict:
    """Return the rows of all series by name.

    Parameters
    ----------
    listed : list of Series
    settings : Radiomics
        Or what else ``compute`` takes.
    record : Record
        Rows that it knows are not computed; rows that are computed are put there at once, so that
        an interrupted run goes on where it was.
    jobs : int
        Processes; the rows do not depend on it.
    compute : callable
        Takes image, mask and settings; returns what is kept of a series: a function of a module
        (`rows.compute`).

    Raises
    ------
    InputError
        Naming every file that cannot be used; all other series are computed first.
    """
    found, waiting, errors = {}, {}, []
    for series in listed:
        known = record.get(series.name, (series.image, series.mask))
        if known is None:
            waiting[series.name] = series
        else:
            found[series.name] = known
    for name, row in _compute(waiting, (compute or rows.compute, settings), jobs, errors):
        record.put(name, (waiting[name].image, waiting[name].mask), value=row)
        found[name] = row
    record.close()
    require_none(errors)
    return {series.name: found[series.name] for series in listed}


def _compute(waiting, work, jobs, errors):
    """Yield name and row of every series that can be computed; collect the errors of the others."""
    with tqdm(total=len(waiting), unit="series", delay=2, mininterval=1) as progress:
        for name, job in _results(waiting, work, jobs):
            try:
                yield name, job()
            except InputError as error:
                errors.append(error)
            progress.update()


def _results(waiting, work, jobs):
    compute, settings = work
    calls = {name: (series.image, series.mask, settings) for name, series in waiting.items()}
    if jobs == 1 or len(calls) < 2:
        _prepare()
        for name, call in calls.items():
            yield name, lambda call=call: compute(*call)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare_worker) as pool:
        futures = {pool.submit(compute, *call): name for name, call in calls.items()}
        try:
            for future in as_completed(futures):
                if isinstance(future.exception(), BrokenProcessPool):
                    raise InputError("the system ended a process that computed features", None,
                                     "it takes too much memory: give fewer --jobs, or more memory; "
                                     "with --record it goes on from here")
                yield futures[future], future.result
        finally:
            # After Ctrl-C, series that wait are not begun.
            pool.shutdown(cancel_futures=True)


def _prepare_worker() -> None:
    # Ctrl-C reaches every process of a terminal: the one that waits for the others tells of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prepare()


def _prepare() -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    # PyRadiomics repeats for every series that its GLCM is symmetrical; errors are kept.
    logging.getLogger("radiomics").setLevel(logging.ERROR)


def write(found: dict[str, dict], out: str | Path) -> None:
    """Write one JSON file per series into the folder ``out``; remove rows of other series."""
    out = Path(out)
    wanted = {f"{name}.json" for name in found}
    for stale in out.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, row in sorted(found.items()):
        canonical.write_json(out / f"{name}.json", {SERIES: name, **row})


def main() -> None:
    """Run the stage."""
    parser = cli.parser("stages.radiomics.extract", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", required=True, help="CSV: File, image, mask of each series")
    parser.add_argument("--images", help="folder of the images (default: the manifest's)")
    parser.add_argument("--masks", help="folder of the masks (default: the manifest's)")
    parser.add_argument("--out", required=True, help="folder for the rows")
    parser.add_argument("--record", type=Path, help="what was computed before: only changes are")
    parser.add_argument("--method", choices=sorted(rows.METHODS), help="instead of the parameter")
    parser.add_argument("--label", type=int, help="of lesions, instead of the parameter")
    parser.add_argument("--other-labels", type=int, nargs="*",
                        help="that a mask may hold besides, instead of the parameter")
    parser.add_argument("--jobs", type=int, help="processes, instead of imaging.jobs")
    options = parser.parse_args()
    settings = read(options.params)
    given = {"method": options.method, "label": options.label,
             "other_labels": None if options.other_labels is None else tuple(options.other_labels)}
    settings = replace(settings, **{name: value for name, value in given.items()
                                    if value is not None})
    jobs = read_jobs(options.params) if options.jobs is None else options.jobs
    if jobs < 1:
        raise InputError(f"--jobs is {jobs}", None, "give 1 or more")
    table = listed_series.read(options.manifest)
    listed = listed_series.files(table, options.manifest, options.images, options.masks)
    found = extract(listed, settings, Record(options.record, about(settings)), jobs)
    Path(options.out).mkdir(parents=True, exist_ok=True)
    write(found, options.out)


if __name__ == "__main__":
    cli.main(main)
