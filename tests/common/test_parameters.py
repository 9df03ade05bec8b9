"""params.yaml is refused where it is wrong, with the place and the fix in one line."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from stages.common import parameters
from stages.common.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def content():
    return yaml.safe_load((ROOT / "studies/sclc_liver/params.yaml").read_text())


def load(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return parameters.load(path)


def refusal(tmp_path, content):
    with pytest.raises(InputError) as caught:
        load(tmp_path, content)
    assert "\n" not in str(caught.value) and "params.yaml" in str(caught.value)
    return str(caught.value)


def test_the_repository_parameters_are_valid_and_frozen(tmp_path, content):
    loaded = load(tmp_path, content)
    assert loaded.classification.bootstrap.samples == 1000
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.classification.bootstrap.samples = 5


def test_unknown_parameter_suggests_the_nearest(tmp_path, content):
    content["classification"]["bootstrap"]["sample"] = 10
    message = refusal(tmp_path, content)
    assert "classification.bootstrap.sample" in message and "did you mean 'samples'?" in message


def test_unknown_section(tmp_path, content):
    content["zzz"] = 1
    assert "unknown parameter 'zzz'" in refusal(tmp_path, content)


def test_missing_parameter(tmp_path, content):
    del content["classification"]["bootstrap"]["seed"]
    assert "'classification.bootstrap.seed' is missing" in refusal(tmp_path, content)


@pytest.mark.parametrize("value", ["many", 2.5, None, True, [1]])
def test_wrong_type(tmp_path, content, value):
    content["classification"]["bootstrap"]["samples"] = value
    assert "must be a value of type int" in refusal(tmp_path, content)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_are_finite(tmp_path, content, value):
    content["classification"]["bootstrap"]["level"] = value
    assert "'classification.bootstrap.level' must be a finite number" in refusal(tmp_path, content)


@pytest.mark.parametrize("name, value", [
    ("samples", 0), ("samples", -5), ("seed", -1), ("level", 1.0), ("level", 0.0)])
def test_bootstrap_parameters_have_bounds(tmp_path, content, name, value):
    content["classification"]["bootstrap"][name] = value
    assert f"'classification.bootstrap.{name}' cannot be used" in refusal(tmp_path, content)


@pytest.mark.parametrize("name, value", [("alpha", -1.0), ("alpha", 0.0), ("target", "score")])
def test_selection_parameters_are_checked(tmp_path, content, name, value):
    content["classification"]["protocols"]["as-released"]["selection"][name] = value
    assert f"protocols.as-released.selection.{name}'" in refusal(tmp_path, content)


def test_wrong_choice_lists_the_valid_ones(tmp_path, content):
    content["classification"]["protocols"]["as-released"]["ensemble"] = "median"
    assert "valid: refit, fold-mean" in refusal(tmp_path, content)


def test_unknown_model(tmp_path, content):
    content["classification"]["configurations"]["SVM"] = {"model": "SVM"}
    assert "valid: LR, RF, XGB" in refusal(tmp_path, content)


@pytest.mark.parametrize("text", ["a: [1", "just text", "- 1"])
def test_not_a_mapping(tmp_path, text):
    refusal(tmp_path, text)


def test_absent_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        parameters.load(tmp_path / "params.yaml")


def test_single_difference_protocols(tmp_path, content):
    loaded = load(tmp_path, content).classification
    released, described = loaded.protocols["as-released"], loaded.protocols["as-described"]
    for part in parameters.PARTS:
        mixed = parameters.protocol(loaded, f"released+described-{part}")
        for name in parameters.PARTS:
            expected = described if name == part else released
            assert getattr(mixed, name) == getattr(expected, name)
            assert getattr(released, name) != getattr(described, name)
    with pytest.raises(InputError, match="valid: as-described, as-released"):
        parameters.protocol(loaded, "released+described-colour")


def test_every_published_number_has_a_source():
    """Each block of params.yaml that holds numbers of the paper or the code says where from."""
    text = (ROOT / "studies/sclc_liver/params.yaml").read_text()
    for block in ("releases:\n    \"2025", "expected:", "configurations:", "as-released:\n",
                  "as-described:\n", "search:", "bootstrap: {", "label: NE"):
        before = text[:text.index(block)].splitlines()[-6:]
        assert any("Source" in line for line in before), block


@pytest.mark.parametrize("keys, value, said", [
    (("models",), [], "chance.models"), (("models",), ["LR", "LR"], "chance.models"),
    (("models",), ["SVM"], "SVM"), (("permutations",), 5, "chance.permutations"),
    (("seed",), -1, "chance.seed"), (("power", "wanted"), 1, "chance.power.wanted"),
    (("power", "level"), 0, "chance.power.level"), (("power", "samples"), 0, "power.samples"),
    (("power", "areas", "start"), 0.4, "chance.power.areas"),
    (("power", "areas", "count"), 30, "chance.power.areas"),
    (("power", "likenesses"), [], "chance.power.likenesses"),
    (("power", "likenesses"), [{"patient": 0.5, "study": 0.4}], "chance.power.likenesses"),
    (("power", "likenesses"), [{"patient": 0.5, "studies": 0.4}], "did you mean 'study'?")])
def test_chance_out_of_range(tmp_path, content, keys, value, said):
    node = content["chance"]
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    assert said in refusal(tmp_path, content)
