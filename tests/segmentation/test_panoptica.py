"""Lesion matching against panoptica, on the settings on which both must agree.

Both take 26-connected components. panoptica's NaiveThresholdMatching pairs lesions one to one, in
the order of falling intersection over union, down to a threshold: the rule ``iou``. It counts a
ratio that equals the threshold, this package's rule does not: the thresholds here are no ratio of
small numbers. The rule ``overlap`` has no counterpart there. Where two pairs that share a lesion
have the same ratio, either may come first: such phantoms count only above a half, where a lesion
has at most one partner.
"""

from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from panoptica import (
    ConnectedComponentsInstanceApproximator,
    NaiveThresholdMatching,
    Panoptic_Evaluator,
    SemanticPair,
    _functionals,
    instance_evaluator,
)
from panoptica.metrics import Metric, MetricMode

from stages.segmentation.matching import Detection, match
from tests.segmentation.test_matching import ambiguous, phantom


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Without a pool of processes for each pair of masks, which takes 0.1 s."""
    monkeypatch.setenv("PANOPTICA_CITATION_REMINDER", "false")
    for module in (_functionals, instance_evaluator):
        monkeypatch.setattr(module, "Pool", lambda: ThreadPool(1))


def theirs(reference, predicted, threshold):
    evaluator = Panoptic_Evaluator(
        SemanticPair, ConnectedComponentsInstanceApproximator(),
        NaiveThresholdMatching(Metric.IOU, threshold), eval_metrics=[Metric.DSC, Metric.IOU])
    pair = SemanticPair(predicted.astype(np.uint8), reference.astype(np.uint8))
    return evaluator.evaluate(pair)[0]


def closer(random, reference):
    """A prediction that misses some voxels of the lesions and invents a few."""
    return reference & (random.random(reference.shape) > 0.15) | (
        random.random(reference.shape) < 0.005)


@pytest.mark.parametrize("threshold", [0.500001, 0.700001, 0.100001])
def test_agrees_with_panoptica(threshold):
    random = np.random.default_rng(11)
    settings, compared, matched = Detection(26, "iou", threshold), 0, 0
    for number in range(200):
        reference, predicted = phantom(random)
        if number % 2:
            predicted = closer(random, reference)
        if threshold < 0.5 and ambiguous(reference, predicted, settings):
            continue
        own, other = match(reference, predicted, settings), theirs(reference, predicted, threshold)
        assert (own.found.sum(), own.false.sum(), (~own.found).sum()) == (
            other.tp, other.fp, other.fn)
        dice = other.get_list_metric(Metric.DSC, MetricMode.ALL) if other.tp else []
        np.testing.assert_allclose(np.sort(own.dice[own.found]), np.sort(dice))
        compared += 1
        matched += other.tp
    assert compared > 150 and matched > 100
