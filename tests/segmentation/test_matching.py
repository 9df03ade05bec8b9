"""Lesion matching against a slow, plain reference on random phantoms."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from stages.segmentation.matching import Detection, match

SETTINGS = [Detection(26, "overlap", 0.0), Detection(26, "overlap", 0.3), Detection(26, "iou", 0.0),
            Detection(26, "iou", 0.5), Detection(6, "overlap", 0.0), Detection(18, "iou", 0.1)]


def neighbours(connectivity):
    reach = {6: 1, 18: 2, 26: 3}[connectivity]
    return [(a, b, c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)
            if 0 < abs(a) + abs(b) + abs(c) <= reach]


def flood(mask, connectivity):
    """Components as sets of voxels, by flood fill."""
    left, found = {tuple(int(i) for i in voxel) for voxel in np.argwhere(mask)}, []
    while left:
        front = [left.pop()]
        component = set(front)
        while front:
            x, y, z = front.pop()
            for a, b, c in neighbours(connectivity):
                near = (x + a, y + b, z + c)
                if near in left:
                    left.remove(near)
                    component.add(near)
                    front.append(near)
        found.append(component)
    return found


def plain(reference, predicted, settings):
    """Return multisets of (size, found, dice) and (size, false), and the scan's Dice."""
    truths, guesses = (flood(mask, settings.connectivity) for mask in (reference, predicted))
    partners = {index: [] for index in range(len(truths))}
    true = set()
    if settings.rule == "iou":
        ranked = sorted(((Fraction(len(t & g), len(t | g)), i, j) for i, t in enumerate(truths)
                         for j, g in enumerate(guesses) if t & g), reverse=True)
        for ratio, i, j in ranked:
            if not partners[i] and j not in true and ratio > Fraction(str(settings.threshold)):
                partners[i].append(j)
                true.add(j)
        found = {i for i, linked in partners.items() if linked}
    else:
        share = Fraction(str(settings.threshold))
        everything = [set().union(*masks) if masks else set() for masks in (truths, guesses)]
        partners = {i: [j for j, g in enumerate(guesses) if t & g] for i, t in enumerate(truths)}
        found, true = ({n for n, lesion in enumerate(lesions)
                        if Fraction(len(lesion & other), len(lesion)) > share}
                       for lesions, other in zip((truths, guesses), everything[::-1]))
    rows = []
    for i, t in enumerate(truths):
        joined = set().union(*(guesses[j] for j in partners[i])) if partners[i] else set()
        dice = 2 * len(t & joined) / (len(t) + len(joined)) if i in found else 0.0
        rows.append((len(t), i in found, round(dice, 12)))
    total = reference.sum() + predicted.sum()
    return (Counter(rows), Counter((len(g), j not in true) for j, g in enumerate(guesses)),
            2 * (reference & predicted).sum() / total if total else None)


def fast(reference, predicted, settings):
    got = match(reference, predicted, settings)
    rows = zip(got.reference_voxels.tolist(), got.found.tolist(), np.round(got.dice, 12).tolist())
    return (Counter(rows), Counter(zip(got.predicted_voxels.tolist(), got.false.tolist())),
            got.scan_dice)


def ball(shape, centre, radius):
    grid = np.indices(shape)
    return sum((g - c) ** 2 for g, c in zip(grid, centre)) <= radius**2


def phantom(random):
    """Reference and prediction: touching, nested, single-voxel and border lesions, and none."""
    shape = tuple(random.integers(6, 15, 3))
    reference, predicted = np.zeros(shape, bool), np.zeros(shape, bool)
    for _ in range(random.integers(0, 7)):
        centre = random.integers(0, shape)
        kind, radius = random.integers(6), random.integers(1, 4)
        if kind == 0:  # single voxels, often at a border
            reference[tuple(np.where(random.random(3) < 0.4, 0, centre))] = True
        elif kind == 1:  # touching by a corner only
            reference |= ball(shape, centre, 0) | ball(shape, centre + 1, 0)
        elif kind == 2:  # a shell around a core
            shell = ball(shape, centre, radius + 1) & ~ball(shape, centre, radius)
            reference |= shell | ball(shape, centre, max(radius - 2, 0))
        else:
            reference |= ball(shape, centre, radius)
        if random.random() < 0.7:
            predicted |= ball(shape, centre + random.integers(-2, 3, 3), random.integers(0, 4))
    if random.random() < 0.3:
        predicted |= random.random(shape) < 0.03
    return reference, predicted


@pytest.mark.parametrize("settings", SETTINGS,
                         ids=lambda s: f"{s.connectivity}-{s.rule}-{s.threshold}")
def test_equals_the_plain_reference_on_200_phantoms(settings):
    random = np.random.default_rng(7)
    for number in range(200):
        reference, predicted = phantom(random)
        # Ties in the order of pairs may fall either way where equal overlaps compete.
        expected, got = plain(reference, predicted, settings), fast(reference, predicted, settings)
        if settings.rule == "iou" and ambiguous(reference, predicted, settings):
            assert [sum(part.values()) for part in got[:2]] == [
                sum(part.values()) for part in expected[:2]], number
        else:
            assert got == expected, number


def ambiguous(reference, predicted, settings):
    """Whether two pairs that share a lesion have the same intersection over union."""
    truths, guesses = (flood(mask, settings.connectivity) for mask in (reference, predicted))
    pairs = [(Fraction(len(t & g), len(t | g)), i, j) for i, t in enumerate(truths)
             for j, g in enumerate(guesses) if t & g]
    return any(a[0] == b[0] and (a[1] == b[1] or a[2] == b[2])
               for n, a in enumerate(pairs) for b in pairs[:n])


def test_few_phantoms_are_ambiguous():
    random = np.random.default_rng(7)
    drawn = [phantom(random) for _ in range(200)]
    assert sum(ambiguous(*masks, SETTINGS[2]) for masks in drawn) < 20
    sizes = [len(c) for masks in drawn for c in flood(masks[0], 26)]
    assert sizes.count(1) > 50 and max(sizes) > 100
    assert sum(not masks[0].any() for masks in drawn) > 5


def test_the_rule_decides():
    reference = np.zeros((20, 8, 8), bool)
    predicted = reference.copy()
    reference[2:10, 2:6, 2:6] = True
    predicted[8:16, 2:6, 2:6] = True
    by_overlap = match(reference, predicted, SETTINGS[0])
    by_iou = match(reference, predicted, SETTINGS[3])
    assert by_overlap.found.tolist() == [True] and by_overlap.false.tolist() == [False]
    assert by_iou.found.tolist() == [False] and by_iou.false.tolist() == [True]
    assert by_overlap.dice.tolist() == [0.25] and by_iou.dice.tolist() == [0.0]
    assert by_overlap.scan_dice == by_iou.scan_dice == 0.25


def test_one_prediction_over_two_lesions():
    reference = np.zeros((20, 5, 5), bool)
    reference[2:5], reference[8:11] = True, True
    predicted = np.zeros_like(reference)
    predicted[2:11] = True
    assert match(reference, predicted, SETTINGS[0]).found.tolist() == [True, True]
    pairs = match(reference, predicted, SETTINGS[2])
    assert pairs.found.tolist() == [True, False] and pairs.false.tolist() == [False]


def test_nothing_at_all():
    empty = np.zeros((4, 4, 4), bool)
    got = match(empty, empty, SETTINGS[0])
    assert got.scan_dice is None and len(got.found) == len(got.false) == 0
