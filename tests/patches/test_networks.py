"""Networks, what they start from, and models as files."""

import zipfile
from io import BytesIO

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from stages.common.errors import InputError
from stages.patches import networks, train
from stages.patches.settings import DENSE, KINDS, Dense, Network, check_network

IMAGES = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)


SMALL = Dense(16, 8, (2, 2, 2, 2))


def named(kind):
    return Network(kind, dense=SMALL if kind == DENSE else None)


def network(kind, seed=0):
    torch.manual_seed(seed)
    return networks.build(named(kind), 3, 32)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    train.device("cpu")


@pytest.mark.parametrize("kind, parameters, width", [
    (DENSE, 28_626, 32), ("densenet121", 6_955_906, 1024), ("efficientnet-b0", 4_010_110, 1280),
    ("efficientnet-lite0", 3_373_570, 1280)])
def test_each_network_has_the_size_of_its_paper(kind, parameters, width):
    """Without their last layers of 1000 classes: 7.0, 4.0 and 3.4 million parameters.

    The small DenseNet: 27,058 for one channel, and 49 for each of 16 filters and further channel.
    """
    model = network(kind)
    assert sum(value.numel() for value in model.parameters()) == parameters
    said = networks.probabilities(model, IMAGES)
    assert said.shape == (3,) and ((said > 0) & (said < 1)).all()
    assert networks.features(model, IMAGES, batch=2).shape == (3, width)


def test_features_are_what_the_last_layer_sees():
    model = network("efficientnet-lite0")
    rows = torch.from_numpy(networks.features(model, IMAGES))
    with torch.inference_mode():
        torch.testing.assert_close(torch.softmax(model._fc(rows), 1)[:, 1].double(),
                                   torch.from_numpy(networks.probabilities(model, IMAGES)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_from_its_file(kind, tmp_path):
    model = network(kind)
    networks.write(tmp_path, model, named(kind), {"channels": 3, "size": 32})
    found, about = networks.read(tmp_path)
    assert about["network"]["kind"] == kind
    assert (networks.probabilities(found, IMAGES) == networks.probabilities(model, IMAGES)).all()
    first = (tmp_path / networks.WEIGHTS).read_bytes()
    networks.write(tmp_path, found, named(kind), {"channels": 3, "size": 32})
    assert (tmp_path / networks.WEIGHTS).read_bytes() == first


def foreign(name):
    """Name a layer as EfficientNet-PyTorch does: blocks in one row."""
    parts = name.split(".")
    return ".".join(parts[:1] + parts[2:]) if parts[0] == "_blocks" else name


def test_weights_of_a_package_go_to_their_layers_and_the_last_stays(tmp_path):
    giver, taker = network("efficientnet-lite0", 1), network("efficientnet-lite0", 2)
    last = taker._fc.weight.clone()
    content = BytesIO()
    given = {foreign(name): value for name, value in giver.state_dict().items()}
    torch.save({**given, "_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}, content)
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("package/lite0.pth", content.getvalue())
    networks.start(taker, tmp_path / "a.whl")
    assert (networks.features(taker, IMAGES) == networks.features(giver, IMAGES)).all()
    assert (taker._fc.weight == last).all()


def test_what_is_no_weights_of_this_network_is_refused(tmp_path):
    model, path = network("efficientnet-lite0"), tmp_path / "own.safetensors"
    save_file(network("efficientnet-b0").state_dict(), path)
    with pytest.raises(InputError, match="weights of another network"):
        networks.start(model, path)
    broken = model.state_dict()
    broken["_conv_stem.weight"] = broken["_conv_stem.weight"] * float("nan")
    save_file(broken, path)
    with pytest.raises(InputError, match="no number in '_conv_stem.weight'"):
        networks.start(model, path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds no weights"):
        networks.start(model, path)
    with zipfile.ZipFile(tmp_path / "evil.whl", "w") as wheel:
        wheel.writestr("a.pth", b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR.")
    with pytest.raises(InputError, match="holds no weights"):
        networks.start(model, tmp_path / "evil.whl")
    with pytest.raises(InputError, match="holds no weights"):
        networks.start(model, tmp_path / "absent.safetensors")


def test_a_model_of_another_network_is_refused(tmp_path):
    networks.write(tmp_path, network("efficientnet-b0"), Network("efficientnet-lite0"),
                   {"channels": 3, "size": 32})
    with pytest.raises(InputError, match="no weights of this network"):
        networks.read(tmp_path)
    networks.write(tmp_path, network(DENSE), Network("densenet121"), {"channels": 3, "size": 32})
    with pytest.raises(InputError, match="no weights of this network"):
        networks.read(tmp_path)
    networks.write(tmp_path, network(DENSE), Network(DENSE), {"channels": 3, "size": 32})
    with pytest.raises(InputError, match="network.dense.*given for the kind densenet"):
        networks.read(tmp_path)
    (tmp_path / networks.MODEL).write_text("[]")
    with pytest.raises(InputError, match="describes no model"):
        networks.read(tmp_path)


@pytest.mark.parametrize("wrong, said", [
    (Network("densenet201"), "network.kind"), (Network(DENSE), "network.dense"),
    (Network("densenet121", dense=SMALL), "network.dense"),
    (Network(DENSE, dense=Dense(16, 8, ())), "network.dense"),
    (Network(DENSE, dense=Dense(16, 0, (2,))), "network.dense")])
def test_a_network_that_cannot_be_built_names_the_parameter(wrong, said):
    check_network(named(DENSE), "network", "test")
    with pytest.raises(InputError, match=f"'{said}'"):
        check_network(wrong, "network", "test")
