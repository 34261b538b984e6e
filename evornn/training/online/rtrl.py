"""Real-time recurrent learning (Williams & Zipser 1989), and its hybrid with BPTT (Schmidhuber 1992).

Over a step, or a block of steps, the state s of any network has the Jacobians A = ds'/ds [S, S] and B = ds'/dw [S, D].
The influence J = ds/dw of the weights since the episode's start obeys

    J' = A J + B

and the reward r of the block has the gradient (dr/ds) J + dr/dw. A, B and the reward's row come from one backward sweep
over the block, with a lane for each number of the state and one for the total.

RTRL has blocks of one step: for N units and D = O(N^2) weights, A J costs O(N^4) a step. The hybrid multiplies once a
block of h steps and sweeps O(N) lanes through O(N^2) operations a step: with h = N that is O(N^3) a step on average, in
a memory of fixed size however long the episode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evornn.errors import EvornnError, check_range
from evornn.training.online.estimator import GradientEstimator

if TYPE_CHECKING:
    from evornn.backends.stepwise import Stepwise

MEMORY = 16.0  # GB that influences may take: above, other methods are the better choice anyway


class Hybrid(GradientEstimator):
    """Exact gradients in a fixed memory: BPTT inside blocks of steps, RTRL from block to block (Schmidhuber 1992).

    block: steps, at least 1; None: as many as the state has numbers.
    """

    def __init__(self, block: int | None = None) -> None:
        self.block: int | None = None if block is None else check_range("block", block, 1, integer=True)

    def attach(self, stepwise: Stepwise) -> None:
        """Take memory; EvornnError if influences would not fit."""
        dimension = stepwise.simulation.genome.dimension
        needed = 3 * stepwise.size * dimension * np.dtype(stepwise.precision).itemsize / 1e9
        if needed > MEMORY:
            raise EvornnError(
                f"the influence of {dimension:,} weights on {stepwise.size:,} numbers of state takes {needed:,.0f} GB; "
                "method 'tbptt' stores none"
            )
        super().attach(stepwise)

    @property
    def memory(self) -> int:
        """Bytes, with two influences."""
        return super().memory + 2 * self.sweep.gradient.nbytes

    def window(self) -> int:
        """A block."""
        return self.block or max(self.size, 1)

    def lanes(self) -> int:
        """One for each number of the state, one for the total."""
        return self.size + 1

    def _begin(self) -> None:
        groups, dimension, lanes = self.sweep.gradient.shape
        one = np.eye(self.size + 1)
        self.sweep.fill(one)
        self._seeds = self.sweep.inputs.copy()
        self._influence, self._next = np.zeros((2, groups * lanes, dimension), self.sweep.gradient.dtype)
        if self.run.stepwise.start_moves:
            self._influence[: self.size] = self.run.start_gradient(one[:-1])

    def _due(self) -> bool:
        return bool(self.run.held == self.run.window)

    def _gain(self) -> np.ndarray:
        n, sweep = self.size, self.sweep
        sweep.inputs[:] = self._seeds
        sweep.gradient[:] = 0
        self.run.back(0, self.run.held)
        self.run.forget()
        jacobian = sweep.inputs.transpose(0, 2, 1).reshape(len(self._next), n + 1)  # row k: of number k of the state
        np.matmul(jacobian[:, :n], self._influence[:n], out=self._next)
        by_group = self._next.reshape(sweep.gradient.shape[0], -1, sweep.gradient.shape[1])
        by_group += sweep.gradient.transpose(0, 2, 1)
        self._influence, self._next = self._next, self._influence
        return self._influence[n].astype(np.float64)

    def rest(self, bars: np.ndarray) -> np.ndarray:
        """(d/ds) J."""
        return bars[: self.size] @ self._influence[: self.size].astype(np.float64)


class RTRL(Hybrid):
    """Real-time recurrent learning: exact gradients at every step (Williams & Zipser 1989)."""

    def __init__(self) -> None:
        super().__init__(block=1)
