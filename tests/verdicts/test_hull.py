"""Whether a hull and a box are apart: corners, planes, and what lies within rounding."""

import numpy as np
import pytest

from stages.verdicts.consistency import hull


@pytest.mark.parametrize("points, low, high, apart", [
    (np.empty((0, 2)), [0, 0], [1, 1], True),
    # Corners in one plane, whose equations have more than one solution.
    ([[1, 1], [1, 2], [1, 3], [1, 4]], [0, 0], [0.5, 0.5], True),
    ([[1, 0], [1, 1], [1, 2]], [0, 0.4], [1, 0.6], False),
    # A corner of the hull is one of the box: it is nearest alone.
    ([[2, 2], [0, 0]], [-1, -1], [0, 0], False),
    ([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], [0.4, 0.4, 0], [0.6, 0.6, 0.9], True),
    ([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], [0.4, 0.4, 0], [0.6, 0.6, 1], False)])
def test_a_hull_and_a_box(points, low, high, apart):
    assert hull.separated([np.array(points, float)], np.array(low, float), np.array(high, float)) \
        is apart


def test_without_proof_nothing_is_apart(monkeypatch):
    cloud, low, high = np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2), np.full(2, 0.4)
    assert hull.separated([cloud], low, high)
    monkeypatch.setattr(hull, "STEPS", 0)
    assert not hull.separated([cloud], low, high)


def test_of_a_box_within_rounding_of_the_hull_nothing_is_proved(monkeypatch):
    """There the farthest corner may be one of those in use: none is to count twice."""
    shortest, draw = hull._shortest, np.random.default_rng(1)

    def seen(corners, weights):
        assert len(np.unique(corners, axis=0)) == len(corners)
        return shortest(corners, weights)

    monkeypatch.setattr(hull, "_shortest", seen)
    for _ in range(60):
        corners = draw.integers(0, 4, (3, 2)) * 100 / 3
        reached = corners.mean(axis=0)
        beside = draw.integers(-9, 10, 2) * 10.0 ** -draw.integers(7, 10)
        hull.separated([corners], reached + beside, reached + beside + 1e-8)
        assert not hull.separated([corners], reached - abs(beside), reached + abs(beside))


def test_equations_without_a_solution_are_solved_as_well_as_can_be():
    singular = np.ones((3, 3))
    singular[0, 0] = 0.0
    assert hull._solved(singular) == pytest.approx([1.0 - 2.0, 0.5, 0.5])
    assert hull._solved(np.zeros((2, 2))) == pytest.approx([0.0, 0.0])
