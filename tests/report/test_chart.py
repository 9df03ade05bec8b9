"""Axes, marks and the order of what is drawn."""

import pytest

from stages.report import chart, forest


def test_most_fragile_first():
    rows = [{"minimum": "0.1", "maximum": "0.9", "decimals": "2"},
            {"minimum": "0.1", "maximum": "0.2", "decimals": "3"}]
    assert [forest.width(row) for row in rows] == pytest.approx([80, 100])


def test_an_axis_cuts_what_lies_outside():
    linear = chart.Axis(0, 2, [])
    assert [linear.share(value) for value in (-1, 1, 3)] == [0, 0.5, 1]
    assert chart.Axis(1, 100, [], log=True).share(10) == pytest.approx(0.5)


@pytest.mark.parametrize("shape", chart.SHAPES)
def test_marks_carry_their_series(shape):
    assert 'class="mark s2"' in chart.mark(10, 10, "s2", shape)
