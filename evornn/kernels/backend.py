"""What all backends have: single steps, for learning online and for analysis, by kernels over lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evornn.kernels.step_jacobians import StepJacobians
    from evornn.kernels.stepwise import Stepwise


class Backend:
    """Base of the backends of one simulation."""

    def __init__(self, simulation: Any, precision: str) -> None:
        self.simulation, self.precision = simulation, precision
        self._stepwise: Stepwise | None = None
        self._jacobians: StepJacobians | None = None

    def stepwise(self, scenario_size: int) -> Stepwise:
        """Episodes step by step, with the adjoint of every step, in the backend's precision."""
        if self._stepwise is None:
            from evornn.kernels.stepwise import Stepwise

            self._stepwise = Stepwise(self.simulation, scenario_size, self.precision)
        return self._stepwise

    def step_jacobians(self) -> StepJacobians:
        """The network's step with its Jacobians, in float64."""
        if self._jacobians is None:
            from evornn.kernels.step_jacobians import StepJacobians

            self._jacobians = StepJacobians(self.simulation)
        return self._jacobians
