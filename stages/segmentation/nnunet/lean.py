"""A trained nnU-Net for large series: some planes are resampled at a time, one fold is in memory."""

from __future__ import annotations

import contextlib
import errno
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from stages.common.errors import InputError
from stages.common.nifti import Volume
from stages.segmentation import checkpoint
from stages.segmentation.nnunet import plan as nnunet_plan
from stages.segmentation.nnunet import slabs
from stages.segmentation.nnunet.model import Model, read_weights, weights_file

# Up to here nnU-Net's own code has the whole series at once, which takes 1 GB.
WHOLE_VOXELS = 1 << 23


class Stored:
    """The weights of each fold, read when their turn comes: five of the paper's take 0.6 GB.

    Parameters
    ----------
    files : list of Path
        One for each fold.
    network : Module
        Which they are of; has them afterwards.

    Raises
    ------
    OSError
        When iterated over, if a file is not there any more or another one: that is no fault of the
        series at hand, which an `InputError` would leave out.
    """

    def __init__(self, files: list[Path], network: torch.nn.Module):
        self.files, self.network = files, network
        self.states = [_state(path) for path in files]

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        return map(self._again, self.files, self.states)

    def _again(self, path: Path, state: tuple[int, int]) -> dict[str, torch.Tensor]:
        with contextlib.suppress(InputError, OSError):
            if _state(path) == state:
                return read_weights(path, self.network)
        raise OSError(errno.EIO, "the weights were read before, and cannot be read again or are others "
                      "now", str(path))


def _state(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


class Lean(Model):
    """A trained nnU-Net (see `Model`)."""

    def __init__(self, folder: Path, device: torch.device):
        super().__init__(folder, device)
        files = [weights_file(folder, fold) for fold in sorted(self.about["folds"], key=int)]
        if len(files) > 1:
            self.predictor.list_of_parameters = Stored(files, self.predictor.network)

    def predict(self, image: Volume) -> np.ndarray:
        """Segment an image: see `Model.predict`.

        The scores of several folds are added up in half precision where the image is large.
        """
        if image.data.size <= WHOLE_VOXELS:
            return super().predict(image)
        predictor = self.predictor
        plans, configuration = predictor.plans_manager, predictor.configuration_manager
        properties, voxels = {"spacing": nnunet_plan.spacing(image)}, nnunet_plan.as_array(image)
        # Held by nobody else while the network runs (`infer.segment`): two bytes a voxel less.
        del image
        with contextlib.redirect_stdout(io.StringIO()):
            data = slabs.prepared(voxels, plans, configuration, properties,
                                  configuration.preprocessor_class(verbose=False))
            del voxels
            scores = self.half_scores(torch.from_numpy(data))
            del data
            labels = slabs.labelled(scores, plans, configuration, predictor.label_manager, properties)
        return np.ascontiguousarray(labels.transpose(2, 1, 0)).astype(np.uint8, copy=False)

    def half_scores(self, data: torch.Tensor) -> torch.Tensor:
        """Return the mean scores of the folds in half precision, as nnU-Net itself adds them up.

        The sum waits in a temporary file while the next fold's network runs.
        """
        count = len(self.predictor.list_of_parameters)
        with tempfile.TemporaryFile() as kept:
            for number, weights in enumerate(self.predictor.list_of_parameters, 1):
                self.predictor.network.load_state_dict(weights)
                del weights
                scores = self.predictor.predict_sliding_window_return_logits(data).cpu()
                if number > 1:
                    _add(scores, kept)
                if number < count:
                    _keep(scores, kept)
                    del scores
        for planes in scores.split(slabs.PLANES, dim=1):
            checkpoint.require_finite({"scores": planes}, "the network's output")
        return scores.div_(count)


def _add(scores: torch.Tensor, kept: BinaryIO) -> None:
    """Add what is kept to scores, in place."""
    kept.seek(0)
    for planes in scores.split(slabs.PLANES, dim=1):
        before = np.fromfile(kept, np.float16, planes.numel()).reshape(planes.shape)
        planes.add_(torch.from_numpy(before))


def _keep(scores: torch.Tensor, kept: BinaryIO) -> None:
    """Keep scores instead of what is there.

    Raises
    ------
    OSError
        If there is no room, with the folder's name.
    """
    try:
        kept.seek(0)
        for planes in scores.split(slabs.PLANES, dim=1):
            kept.write(planes.numpy().tobytes())
        kept.flush()
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} (scores of a fold wait there; TMPDIR names "
                      "another folder)", tempfile.gettempdir()) from None
