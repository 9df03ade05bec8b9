"""What the authors' own run stored of a printed number."""

from dataclasses import replace

import pytest

from stages.verdicts import stored
from stages.verdicts.published import Number
from tests.made_up import READ


@pytest.mark.parametrize("value, follows", [(0.7150004, True), (0.715001, False), (0.7049996, True),
                                            (0.704999, False)])
def test_what_is_stored_is_known_to_six_decimals(value, follows):
    number = Number("T", "A", "AUC", "value", "0.71", "")
    assert stored.Stored(value, stored.PRECISION, "here").follows(number, 1e-9) is follows


def test_a_study_without_stored_outputs():
    assert stored.of(replace(READ, content=replace(READ.content, stored=0))) == []
