"""The files of a trained nnU-Net v2 as nnU-Net leaves or exports them: a results folder, or a zip.

A results folder (``…/TRAINER__PLANS__CONFIGURATION``) holds plans.json, dataset.json and
``fold_K/checkpoint_final.pth``; a zip of ``nnUNetv2_export_model_to_zip`` holds one or several of them.
Whoever made it is not trusted: nothing in a zip may lead out of the folder that it is unpacked into,
and sizes are limited.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stages.common import canonical
from stages.common.errors import InputError

PLANS, DATASET, CHECKPOINT = "plans.json", "dataset.json", "checkpoint_final.pth"
VALIDATION = "validation/summary.json"
FOLD = re.compile(r"fold_(\d+|all)")
# The configuration that is taken where an export holds several.
PREFERRED = "3d_fullres"
# How far below the folder that a user names a results folder may lie (RESULTS/DATASET/TRAINER__…).
DEPTH = 2
# Bytes. A checkpoint of nnU-Net's largest presets has below 2 GB, its optimizer's moments among them.
LARGEST = {".json": 2**26, ".pth": 2**33}
# Weights can hardly be compressed: what unpacks to more than this many times its size is no model.
MOST_RATIO = 100
SMALL = 2**20


@dataclass(frozen=True)
class Results:
    """A trained nnU-Net.

    Attributes
    ----------
    folder : Path
        The results folder; of a zip, where it was unpacked.
    where : str
        What the user knows it as, for error messages.
    plans, dataset : dict
        Content of the two files.
    folds : dict
        Name of the fold (``0``, ``all``) to its checkpoint.
    """

    folder: Path
    where: str
    plans: dict
    dataset: dict
    folds: dict[str, Path]


def read(given: Path, scratch: Path) -> Results:
    """Find and read a trained nnU-Net; its checkpoints are not opened yet.

    Parameters
    ----------
    given : Path
        Results folder, a folder above it, or a zip.
    scratch : Path
        Where a zip is unpacked.

    Raises
    ------
    InputError
        If something is missing, is too large or leads elsewhere.
    """
    if given.is_dir():
        found = [path.parent for depth in range(DEPTH + 1) for path in
                 sorted(given.glob("/".join([*"*" * depth, PLANS])))]
        folder = given / _one([path.relative_to(given).as_posix() for path in found], given)
        where = str(folder)
    elif given.is_file() and zipfile.is_zipfile(given):
        name = _unpack(given, scratch)
        folder, where = scratch / name, f"{given}: {name}"
    else:
        raise InputError("is no folder and no zip", given,
                         "name nnU-Net's results folder, or what nnUNetv2_export_model_to_zip wrote")
    plans, dataset = (_content(folder / name, where) for name in (PLANS, DATASET))
    folds = {found[1]: path / CHECKPOINT for path in sorted(folder.glob("fold_*"))
             if (found := FOLD.fullmatch(path.name)) and (path / CHECKPOINT).is_file()}
    # A fold that was trained on all cases is one more model, not a part of the cross-validation.
    if len(folds) > 1:
        folds.pop("all", None)
    if not folds:
        raise InputError(f"holds no fold_K/{CHECKPOINT}", where,
                         "finish the training, or export the model again")
    for path in folds.values():
        if path.stat().st_size > LARGEST[path.suffix]:
            raise InputError(f"{path.parent.name}/{path.name} is larger than a model", where,
                             "name the model that nnU-Net wrote")
    return Results(folder, where, plans, dataset, folds)


def configuration_named(folder: Path) -> str:
    """Return the configuration in the name of a results folder; "" where it has another name."""
    parts = folder.name.split("__")
    return parts[-1] if len(parts) == 3 else ""


def validation_dice(results: Results, label: str) -> list[float]:
    """Return the mean Dice of a label in each fold's own validation, as far as nnU-Net left it."""
    found = []
    for path in results.folds.values():
        try:
            scores = canonical.read_json(path.parent / VALIDATION)["mean"][label]
            found.append(float(scores["Dice"]))
        except (InputError, KeyError, TypeError, ValueError):
            continue
    return found


def _one(names: list[str], where) -> str:
    """Choose one of the results folders, by their paths."""
    preferred = [name for name in names if name.split("__")[-1] == PREFERRED]
    found = names if len(names) == 1 else preferred
    if len(found) != 1:
        what = f"holds several models ({', '.join(names)})" if names else f"holds no {PLANS}"
        raise InputError(what, where, "name the results folder of one (…__nnUNetPlans__3d_fullres)")
    return found[0]


def _content(path: Path, where: str) -> dict:
    if not path.is_file():
        raise InputError(f"holds no {path.name}", where,
                         "name the whole results folder, or export again")
    if path.stat().st_size > LARGEST[path.suffix]:
        raise InputError(f"{path.name} is larger than {LARGEST[path.suffix]} bytes", where,
                         "export the model again")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise InputError(f"{path.name} is no JSON of names and values", where, "export the model again")
    return content


def _unpack(given: Path, scratch: Path) -> str:
    """Unpack what is needed of one model; return its folder's path in the zip.

    Raises
    ------
    InputError
        If any entry leads out of the zip's folder, is a link, or is larger than it may be.
    """
    try:
        with zipfile.ZipFile(given) as content:
            entries = {info.filename: info for info in content.infolist() if not info.is_dir()}
            for info in content.infolist():
                _require_inside(info, given)
            name = _one([PurePosixPath(path).parent.as_posix() for path in entries
                         if PurePosixPath(path).name == PLANS], given)
            for path, info in entries.items():
                inner = PurePosixPath(path)
                if not inner.is_relative_to(name) or not _needed(inner.relative_to(name)):
                    continue
                _require_size(info, given)
                target = scratch / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with content.open(info) as source, open(target, "wb") as stream:
                    shutil.copyfileobj(source, stream)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(f"is a damaged or encrypted zip ({error})", given, "export it again") from None
    return name


def _needed(inner: PurePosixPath) -> bool:
    text = inner.as_posix()
    if text in (PLANS, DATASET):
        return True
    return bool(FOLD.fullmatch(inner.parts[0])) and text.partition("/")[2] in (CHECKPOINT, VALIDATION)


def _require_inside(info: zipfile.ZipInfo, given: Path) -> None:
    name, mode = info.filename, info.external_attr >> 16
    # A file without a mode (written by other systems) has 0.
    special = stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
    if name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name) or special:
        raise InputError(f"holds {name!r}, which leads elsewhere", given,
                         "do not use this file: nnU-Net exports no such paths")


def _require_size(info: zipfile.ZipInfo, given: Path) -> None:
    limit = LARGEST[PurePosixPath(info.filename).suffix]
    if info.file_size > limit or info.file_size > MOST_RATIO * max(info.compress_size, SMALL):
        raise InputError(f"{info.filename} unpacks to {info.file_size} bytes", given,
                         "do not use this file: no model of nnU-Net is packed like this")
