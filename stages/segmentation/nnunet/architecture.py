"""The network that plans describe, in the words of nnU-Net 2.2 and of the releases after it.

Since nnU-Net 2.5 plans name the class of the network and its arguments (``architecture``); before, they
had numbers from which nnU-Net built it. Only nnU-Net's own U-Nets and PyTorch's layers are built,
whatever the plans name.
"""

from __future__ import annotations

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet

from stages.common.errors import InputError
from stages.segmentation.nnunet import home as nnunet_home  # noqa: F401 (before anything of nnU-Net)

# isort: split
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager, PlansManager

KEY = "architecture"
NETWORKS = {"PlainConvUNet": PlainConvUNet, "ResidualEncoderUNet": ResidualEncoderUNet}
# The only class of a norm, a convolution, a non-linearity that plans of nnU-Net name.
LAYERS = {name: getattr(torch.nn, name) for name in (
    "Conv2d", "Conv3d", "InstanceNorm2d", "InstanceNorm3d", "BatchNorm2d", "BatchNorm3d", "LeakyReLU",
    "ReLU", "Dropout2d", "Dropout3d")}


def build(plans: PlansManager, dataset: dict, configuration: ConfigurationManager,
          where: str) -> torch.nn.Module:
    """Return the untrained network: one channel in, one score per label or region out.

    Parameters
    ----------
    plans : PlansManager
    dataset : dict
        Content of dataset.json.
    configuration : ConfigurationManager
    where : str
        The model, for error messages.

    Raises
    ------
    InputError
        If the plans describe another network than nnU-Net's own.
    """
    try:
        if KEY not in configuration.configuration:
            return get_network_from_plans(plans, dataset, configuration, 1, deep_supervision=False)
        described = configuration.configuration[KEY]
        arguments = dict(described["arch_kwargs"])
        for name in described["_kw_requires_import"]:
            if arguments[name] is not None:
                arguments[name] = _named(arguments[name], LAYERS, "torch.nn")
        kind = _named(described["network_class_name"], NETWORKS, "dynamic_network_architectures")
        heads = plans.get_label_manager(dataset).num_segmentation_heads
        return kind(input_channels=1, num_classes=heads, **arguments | {"deep_supervision": False})
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError,
            RuntimeError) as error:
        lines = str(error).strip().splitlines()
        raise InputError(f"plans.json describes no network that nnU-Net 2.2 builds "
                         f"({type(error).__name__}: {lines[0][:120] if lines else ''})", where,
                         "use a model with nnU-Net's own U-Net") from None


def _named(name: str, known: dict, package: str):
    found = known.get(name.rpartition(".")[2]) if name.startswith(f"{package}.") else None
    if found is None:
        raise LookupError(f"{name} is none of {', '.join(known)}")
    return found
