"""The second derivations agree with the first: on true sets and on planted errors."""

import inspect

import numpy as np
import pytest

from stages.verdicts.consistency import second, second_means
from stages.verdicts.consistency.registry import CHECKS
from tests.verdicts import truths
from tests.verdicts.test_true_data import planted

DERIVED = {name: function for module in (second, second_means)
           for name, function in inspect.getmembers(module, inspect.isfunction) if name in CHECKS}
FEW = {"two_by_two": 8, "spearman_groups": 2, "hazard_ratio": 10, "normal_p": 10, "spearman": 15}


def test_the_derivations_share_nothing():
    imports = [line for module in (second, second_means) for line in
               inspect.getsource(module).splitlines() if "import" in line and "stages" in line]
    assert imports == ["from stages.verdicts.consistency.second import _counts, _span, _tail"]
    assert len(DERIVED) >= 24


@pytest.mark.parametrize("name", DERIVED)
def test_what_the_first_refuses_the_second_refuses_too(name):
    rng, derived = np.random.default_rng(7), 0
    for _ in range(FEW.get(name, 60)):
        given = getattr(truths, name)(rng)
        if name == "feature_count":
            given = given | {"images": 1}
            given["count"] = str(int(given["count"]))
            if not CHECKS[name].possible(**given):
                continue
        wrong = planted(rng, given, CHECKS[name].kinds)
        try:
            assert DERIVED[name](**given), given
            if wrong is not None and not CHECKS[name].possible(**wrong):
                assert not DERIVED[name](**wrong), wrong
        except NotImplementedError:  # not derived twice for this case
            continue
        derived += 1
    assert derived
