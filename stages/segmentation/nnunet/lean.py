"""A trained nnU-Net that resamples large series some planes at a time."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import torch

from stages.common.nifti import Volume
from stages.segmentation import checkpoint
from stages.segmentation.nnunet import plan as nnunet_plan
from stages.segmentation.nnunet import slabs
from stages.segmentation.nnunet.model import Model

# Up to here nnU-Net's own code has the whole series at once, which takes 1 GB.
WHOLE_VOXELS = 1 << 23


class Lean(Model):
    """A trained nnU-Net (see `Model`)."""

    def predict(self, image: Volume) -> np.ndarray:
        """Segment an image: see `Model.predict`.

        The scores of several folds are added up in half precision where the image is large.
        """
        if image.data.size <= WHOLE_VOXELS:
            return super().predict(image)
        predictor = self.predictor
        plans, configuration = predictor.plans_manager, predictor.configuration_manager
        properties = {"spacing": nnunet_plan.spacing(image)}
        with contextlib.redirect_stdout(io.StringIO()):
            data = slabs.prepared(nnunet_plan.as_array(image), plans, configuration, properties,
                                  configuration.preprocessor_class(verbose=False))
            scores = self.half_scores(torch.from_numpy(data))
            del data
            labels = slabs.labelled(scores, plans, configuration, predictor.label_manager, properties)
        return np.ascontiguousarray(labels.transpose(2, 1, 0)).astype(np.uint8, copy=False)

    def half_scores(self, data: torch.Tensor) -> torch.Tensor:
        """Return the mean scores of the folds in half precision, as nnU-Net itself adds them up."""
        total = None
        for weights in self.predictor.list_of_parameters:
            self.predictor.network.load_state_dict(weights)
            scores = self.predictor.predict_sliding_window_return_logits(data).cpu()
            total = scores if total is None else total.add_(scores)
        for planes in total.split(slabs.PLANES, dim=1):
            checkpoint.require_finite({"scores": planes}, "the network's output")
        return total.div_(len(self.predictor.list_of_parameters))
