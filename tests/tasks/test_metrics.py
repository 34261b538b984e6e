"""Metrics by hand."""

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.tasks import metrics

TARGETS = np.array([[[1.0], [3.0]], [[5.0], [7.0]]])  # mean 4, variance 5


def test_nrmse_by_hand():
    assert metrics.nrmse(np.full_like(TARGETS, 4.0), TARGETS) == pytest.approx(1.0)
    assert metrics.nrmse(TARGETS, TARGETS) == 0.0
    assert metrics.nrmse(TARGETS + 1.0, TARGETS) == pytest.approx(1 / np.sqrt(5))
    assert metrics.nrmse(TARGETS + 1.0, TARGETS, variance=4.0) == pytest.approx(0.5)
    outputs = TARGETS + np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    assert metrics.nrmse(outputs, TARGETS, [[1, 0], [1, 2]]) == pytest.approx(np.sqrt((1 + 9 + 2 * 16) / 4 / 5))
    assert metrics.nrmse_at(outputs, TARGETS, 1) == pytest.approx(np.sqrt((4 + 16) / 2 / 5))
    wide = np.concatenate([TARGETS, 2 * TARGETS], axis=2)  # variances 5 and 20
    assert metrics.nrmse(wide + 1.0, wide) == pytest.approx(1 / np.sqrt(12.5))


def test_accuracies_by_hand():
    right = [[True, True, False], [False, True, True], [True, True, True]]
    weight = [[1, 1, 0], [0.5, 1, 1], [1, 0, 0]]
    assert metrics.symbol_accuracy(right) == pytest.approx(7 / 9)
    assert metrics.symbol_accuracy(right, weight) == pytest.approx(5 / 6)
    assert metrics.sequence_accuracy(right) == pytest.approx(1 / 3)
    assert metrics.sequence_accuracy(right, weight) == pytest.approx(2 / 3)
    assert [metrics.reach(r) for r in ([1, 1, 0, 1], [0, 1], [1, 1], [])] == [2, 0, 2, 0]


@pytest.mark.parametrize("outputs", [TARGETS[0], TARGETS[:1], np.zeros((2, 2, 2))])
def test_unequal_shapes_are_told(outputs):
    with pytest.raises(EvornnError, match=r"must be \[E, T, m\]"):
        metrics.nrmse(outputs, TARGETS)


def test_a_step_beyond_the_end_is_told():
    with pytest.raises(EvornnError, match="step is 2"):
        metrics.nrmse_at(TARGETS, TARGETS, 2)
