"""The study's parameters are refused where they cannot be used."""

from pathlib import Path

import pytest
import yaml

from stages.common.errors import InputError
from studies.sclc_liver.parameters import read_chance
from tests.parameters import whole

PARAMS = Path(__file__).resolve().parents[4] / "studies/sclc_liver/params"


@pytest.mark.parametrize("keys, value, said", [
    (("models",), [], "chance.models"), (("models",), ["LR", "LR"], "chance.models"),
    (("models",), ["SVM"], "SVM"), (("permutations",), 5, "chance.permutations"),
    (("seed",), -1, "chance.seed"), (("power", "wanted"), 1, "chance.power.wanted"),
    (("power", "level"), 0, "chance.power.level"), (("power", "samples"), 0, "power.samples"),
    (("power", "seed"), 1 << 32, "chance.power.seed"),
    (("power", "areas", "start"), 0.4, "chance.power.areas"),
    (("power", "areas", "count"), 30, "chance.power.areas"),
    (("power", "likenesses"), [], "chance.power.likenesses"),
    (("power", "likenesses"), [{"patient": 0.5, "study": 0.4}], "chance.power.likenesses"),
    (("power", "likenesses"), [{"patient": 0.5, "studies": 0.4}], "did you mean 'study'?")])
def test_chance_out_of_range(tmp_path, keys, value, said):
    content = whole()
    node = content["chance"]
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError) as caught:
        read_chance(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)
