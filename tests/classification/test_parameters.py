"""The parameters of this room are refused where they cannot be used."""

from pathlib import Path

import pytest
import yaml

from stages.classification import parameters
from stages.common.errors import InputError
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "studies/sclc_liver/params"


@pytest.fixture
def content():
    return whole()


def refusal(tmp_path, content, reader):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError) as caught:
        reader(path)
    return str(caught.value)


@pytest.mark.parametrize("name, value", [
    ("samples", 0), ("samples", -5), ("seed", -1), ("seed", 1 << 32), ("level", 1.0),
    ("level", 0.0)])
@pytest.mark.parametrize("reader, where", [
    (parameters.read_bootstrap, "bootstrap"), (parameters.read_corrected, "corrected.bootstrap")])
def test_bootstrap_parameters_have_bounds(tmp_path, content, name, value, reader, where):
    node = content["classification"]
    for key in where.split("."):
        node = node[key]
    node[name] = value
    said = f"'classification.{where}.{name}' cannot be used"
    assert said in refusal(tmp_path, content, reader)


@pytest.mark.parametrize("name, value", [("alpha", -1.0), ("alpha", 0.0), ("target", "score")])
def test_selection_parameters_are_checked(tmp_path, content, name, value):
    content["classification"]["protocols"]["as-released"]["selection"][name] = value
    said = refusal(tmp_path, content, parameters.read_protocols)
    assert f"protocols.as-released.selection.{name}'" in said


def test_wrong_choice_lists_the_valid_ones(tmp_path, content):
    content["classification"]["protocols"]["as-released"]["ensemble"] = "median"
    assert "valid: refit, fold-mean" in refusal(tmp_path, content, parameters.read_protocols)


@pytest.mark.parametrize("penalty", [0, 1])
def test_penalties_are_shares(tmp_path, content, penalty):
    content["classification"]["corrected"]["models"]["LR"]["penalties"] = [penalty]
    said = refusal(tmp_path, content, parameters.read_corrected)
    assert "corrected.models.LR.penalties' cannot be used; valid: between 0 and 1" in said


def test_single_difference_protocols():
    protocols = parameters.read_protocols(PARAMS)
    released, described = protocols["as-released"], protocols["as-described"]
    for part in parameters.PARTS:
        mixed = parameters.read_protocol(PARAMS, f"released+described-{part}")
        for name in parameters.PARTS:
            expected = described if name == part else released
            assert getattr(mixed, name) == getattr(expected, name)
            assert getattr(released, name) != getattr(described, name)
    with pytest.raises(InputError, match="valid: as-described, as-released"):
        parameters.protocol(protocols, "released+described-colour")
