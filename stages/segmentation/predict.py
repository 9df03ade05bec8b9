"""Segment series of unknown NE status: MASK of each series of a manifest, on its image's own grid.

The network is one of this package (--model: a folder) or an nnU-Net that was given (--nnunet: a results
folder or an exported zip). A series that --record knows is not segmented again. Series that cannot be
segmented are listed in --failed (JSON: what is wrong, by series), and --kept is the manifest of the
others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from tqdm import tqdm

from stages.common import canonical, cli, nifti
from stages.common.columns import SERIES
from stages.common.done import Record, context
from stages.common.errors import InputError
from stages.common.nifti import Volume
from stages.segmentation import cases, infer, networks, settings


@contextlib.contextmanager
def network(options, device: torch.device) -> Iterator[Callable[[cases.Case], Volume]]:
    """Yield what segments a case with the network that the command line names."""
    if options.model:
        model = infer.load(options.model, device)
        yield lambda case: infer.segment(case.image, model)
        return
    # Only here: importing nnU-Net takes seconds.
    from stages.segmentation.nnunet import given

    with given.opened(options.nnunet, options.lesion, options.liver, device) as (model, _):
        yield lambda case: given.segment(case, model)


def fingerprints(path: Path) -> list[list[str]]:
    """Return name and SHA-256 of a file, or of every file of a folder."""
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    return [[file.relative_to(path).as_posix(), canonical.sha256(file)] for file in files]


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.predict", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="the cohort's manifest (CSV)")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", type=Path, help="folder of a trained network")
    which.add_argument("--nnunet", type=Path, help="results folder, or exported zip")
    parser.add_argument("--lesion", default="", help="the nnU-Net's label of lesions")
    parser.add_argument("--liver", default="", help="the nnU-Net's label of the liver")
    parser.add_argument("--device", choices=settings.DEVICES, default="cpu")
    parser.add_argument("--record", type=Path, required=True, help="what was made before")
    parser.add_argument("--failed", type=Path, required=True, help="list of series without a mask")
    parser.add_argument("--kept", type=Path, required=True, help="manifest of the others, beside it")
    options = parser.parse_args()
    device = networks.device(options.device)
    made_with = [fingerprints(options.model or options.nnunet), options.lesion, options.liver,
                 device.type]
    record = Record(options.record, context(made_with, networks.PACKAGES, __file__))
    listed = cases.select(options.manifest)
    waiting = [case for case in listed if record.get(case.file, [case.image], [case.mask]) is None]
    failed: dict[str, str] = {}
    with contextlib.ExitStack() as opened:
        segment = opened.enter_context(network(options, device)) if waiting else None
        for case in tqdm(waiting, "inference"):
            try:
                nifti.write(case.mask, segment(case))
            except InputError as error:
                failed[case.file] = str(error)
                continue
            record.put(case.file, [case.image], [case.mask])
    record.close()
    canonical.write_json(options.failed, failed)
    table = canonical.read_csv(options.manifest, (SERIES,), dtype=str, keep_default_na=False)
    canonical.write_csv(options.kept, table[~table[SERIES].isin(failed)])


if __name__ == "__main__":
    cli.main(stage)
