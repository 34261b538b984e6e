"""Base of networks: named parameters, a state, and one step written as a formula."""

from __future__ import annotations

import copy
import functools
import inspect
from typing import Any, ClassVar, Self, dataclass_transform

import numpy as np

from evornn.errors import EvornnError, check_choice
from evornn.formula import Node, State, relu, sigmoid, sin, tanh
from evornn.genome import Parameter
from evornn.options import choice, flag, number, one_of, other, whole
from evornn.representation import Part

ACTIVATIONS = {"tanh": tanh, "sigmoid": sigmoid, "relu": relu, "sin": sin, "linear": lambda x: x}


@dataclass_transform(field_specifiers=(whole, number, flag, choice, one_of, other))
class Network(Part):
    """Base of all networks. A subclass gives `parameters`, `state`, `step`; `inputs` and `outputs` are set by `bind`.
    Its options are declared as in `evornn.options`, or are those of an `__init__` of its own.

    smooth: whether `step` is differentiable everywhere.
    """

    smooth: ClassVar[bool] = True
    inputs: int = 0
    outputs: int = 0

    def bind(self, inputs: int, outputs: int) -> Self:
        """A copy for `inputs` observations and `outputs` actions; raises EvornnError if they do not fit."""
        bound = copy.copy(self)
        bound.inputs, bound.outputs = inputs, outputs
        bound.check()
        return bound

    def check(self) -> None:
        """Raise EvornnError if the bound sizes cannot work."""

    @property
    def width(self) -> int:
        """How many units a layer of a stack hands on."""
        raise EvornnError(f"{type(self).__name__} has no width, so it cannot be a lower layer of a stack")

    def layer(self) -> Self:
        """A copy that hands on all its `width` units: a lower layer of a stack."""
        raise EvornnError(f"{type(self).__name__} cannot be a lower layer of a stack")

    def parameters(self) -> dict[str, Parameter]:
        """The searched parameters, in genome order."""
        raise EvornnError(f"{type(self).__name__} names no parameters")

    @property
    def absent_parameters(self) -> tuple[str, ...]:
        """Names that formulas read as 0: parameters, such as biases, that the options leave out."""
        return ()

    def refine(self, rng: np.random.Generator, genes: dict[str, np.ndarray]) -> None:
        """Adjust initial genes name -> [P, *shape] in place (centre-crossing and the like)."""

    def neurons(self) -> dict[str, np.ndarray]:
        """Which unit each gene belongs to: name -> whole numbers [*shape], -1 for genes that all units share. Searches
        that evolve neurons go by it. Here row i of every parameter belongs to unit i; override where that is not so.
        """
        return {name: by_rows(q.shape) for name, q in self.parameters().items()}

    def state(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the state's fields; all start at zero unless `start` says otherwise."""
        return {}

    def start(self, p: State) -> State:
        """The state before the first step."""
        return State(**{name: np.zeros(shape) if shape else 0.0 for name, shape in self.state().items()})

    def penalty(self, p: State) -> Node | float:
        """A number that the parameters cost, subtracted from the fitness of every episode: weight decay, a prior."""
        return 0.0

    def forced(self, s: State, y: Node, wanted: Node) -> State:
        """The state s after a step as if its outputs had been `wanted` [outputs] and not y: teacher forcing, for
        networks that feed their outputs back. Asked for at steps whose data row `forced` is above 0.
        """
        return s

    def step(self, p: State, s: State, x: Node) -> tuple[State, Node]:
        """One step: parameters p, state s, observation x [inputs] -> (next state, output y [outputs]).

        A network whose step takes a fourth argument, `step(self, p, s, x, now)`, is also given `now`: the step's number
        `now.t` from 0, the same for all lanes, and the task's data rows.
        """
        raise EvornnError(f"{type(self).__name__} has no step")


def started(network: Network, p: State) -> State:
    """The network's state before the first step."""
    return network.start(complete(network, p))


def stepped(network: Network, p: State, s: Any, x: Any, now: State) -> tuple[Any, Any]:
    """What the network's step returns; EvornnError unless that is a new state and outputs."""
    step: Any = network.step
    more = (now,) if takes_now(type(network).step) else ()
    result: Any = step(complete(network, p), s, x, *more)
    if not (isinstance(result, tuple) and len(result) == 2):
        raise EvornnError(
            f"{type(network).__name__}.step returns {type(result).__name__}; it must return two values, "
            "the new state and the outputs: `return State(...), y`"
        )
    if isinstance(result[1], State) and not isinstance(result[0], State):
        raise EvornnError(
            f"{type(network).__name__}.step returns the outputs first; it must return the new state, then "
            "the outputs: `return State(...), y`"
        )
    return result


@functools.cache
def takes_now(step: Any) -> bool:
    """Whether such a step, of a class, asks for the time step and data rows."""
    return len(inspect.signature(step).parameters) > 4


def complete(network: Network, p: State) -> State:
    """The parameters, with 0 for those that are absent."""
    absent = network.absent_parameters
    return State(**dict(p.items()), **dict.fromkeys(absent, 0.0)) if absent else p


def by_rows(shape: tuple[int, ...], units: int | None = None) -> np.ndarray:
    """Units [*shape]: row i belongs to unit i, or to i modulo `units` where gates stand one below the other."""
    rows = np.arange(shape[0], dtype=np.int64) if shape else np.array(-1)
    rows = rows if units is None or not shape else rows % units
    return np.broadcast_to(rows.reshape(shape[:1] + (1,) * (len(shape) - 1)), shape)


def activation(name: str) -> Any:
    """The activation function called `name`; EvornnError naming the nearest one otherwise."""
    return ACTIVATIONS[check_choice("activation", name, ACTIVATIONS)]
