"""The second derivations agree with the first: on true sets and on planted errors."""

import inspect

import numpy as np
import pytest

from stages.verdicts.consistency import second
from stages.verdicts.consistency.registry import CHECKS
from tests.verdicts import truths
from tests.verdicts.test_true_data import planted

BOTH = [name for name, function in inspect.getmembers(second, inspect.isfunction) if name in CHECKS]
FEW = {"two_by_two": 8, "spearman_groups": 2, "hazard_ratio": 10, "normal_p": 10, "spearman": 15}


def derive(name, given):
    try:
        return getattr(second, name)(**given)
    except NotImplementedError:
        pytest.skip("not derived twice for this case")


def test_the_derivations_share_nothing():
    assert not [line for line in inspect.getsource(second).splitlines() if "import" in line
                and "stages" in line]
    assert len(BOTH) >= 20


@pytest.mark.parametrize("name", BOTH)
def test_what_the_first_refuses_the_second_refuses_too(name):
    rng = np.random.default_rng(7)
    for _ in range(FEW.get(name, 60)):
        given = getattr(truths, name)(rng)
        if name == "feature_count":
            given = given | {"images": 1}
            given["count"] = str(int(given["count"]))
            if not CHECKS[name].possible(**given):
                continue
        assert derive(name, given), given
        wrong = planted(rng, given, CHECKS[name].kinds)
        if wrong is not None and not CHECKS[name].possible(**wrong):
            assert not derive(name, wrong), wrong
