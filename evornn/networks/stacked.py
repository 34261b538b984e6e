"""Stacked networks: each layer reads the units of the one below; the top layer gives the outputs (Schmidhuber 1992)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from evornn.errors import EvornnError, shown
from evornn.formula import Node, State
from evornn.genome import Parameter
from evornn.networks.base import Network, started, stepped
from evornn.networks.gated.gru import GRU

CLOCKLESS = State()  # for who calls a step by hand


class Stacked(Network):
    """Layers of networks: each reads all units of the one below, the last gives the outputs; Stacked(a, b, ...).

    A lower layer has no output layer of its own, whatever its `readout`. Parameters and states of layer k are named
    layerk_... from layer0, the one that sees the inputs. layers: the same as a list, for specs:
    layers = [{name = "LSTM", units = 8}, ...]. Without any: two small GRU layers.
    """

    def __init__(self, *networks: Network, layers: Sequence[Network] | None = None) -> None:
        if networks and layers is not None:
            raise EvornnError("a stack takes its networks one by one or as layers=[...], not both")
        if layers is not None and not isinstance(layers, list | tuple):
            raise EvornnError(f"layers is {shown(layers)}; it must be a list of networks")
        networks = networks or (GRU(units=4), GRU(units=4)) if layers is None else tuple(layers)
        if not networks:
            raise EvornnError("layers is []; a stack needs a network at least")
        for k, layer in enumerate(networks):
            if not isinstance(layer, Network):
                raise EvornnError(
                    f"layers: layer {k} is {shown(layer)}; it must be a network, for example LSTM(units=8)"
                )
            layer.check_methods(Network)
        self.layers = tuple(layer.layer() for layer in networks[:-1]) + networks[-1:]

    @property
    def width(self) -> int:
        """How many units the top layer has."""
        return self.layers[-1].width

    def layer(self) -> Self:
        """A copy whose top layer hands on all its units."""
        lower = copy.copy(self)
        lower.layers = (*self.layers[:-1], self.layers[-1].layer())
        return lower

    def bind(self, inputs: int, outputs: int) -> Self:
        """Every layer bound to the one below."""
        bound = super().bind(inputs, outputs)
        layers: list[Network] = []
        for layer in self.layers[:-1]:
            layers.append(layer.bind(inputs, layer.width))
            inputs = layer.width
        bound.layers = (*layers, self.layers[-1].bind(inputs, outputs))
        return bound

    def parameters(self) -> dict[str, Parameter]:
        """Each layer's parameters, layer after layer."""
        return {f"layer{k}_{name}": q for k, layer in enumerate(self.layers) for name, q in layer.parameters().items()}

    def refine(self, rng: np.random.Generator, genes: dict[str, np.ndarray]) -> None:
        """Each layer refines its own genes."""
        for k, layer in enumerate(self.layers):
            layer.refine(rng, {name: genes[f"layer{k}_{name}"] for name in layer.parameters()})

    def neurons(self) -> dict[str, np.ndarray]:
        """Each layer's units, counted on from those of the layers below."""
        units: dict[str, np.ndarray] = {}
        count = 0
        for k, layer in enumerate(self.layers):
            own = layer.neurons()
            units |= {f"layer{k}_{name}": np.where(u < 0, -1, u + count) for name, u in own.items()}
            count += 1 + max((int(u.max()) for u in own.values() if u.size), default=-1)
        return units

    def state(self) -> dict[str, tuple[int, ...]]:
        """Each layer's state, layer after layer."""
        return {
            f"layer{k}_{name}": shape for k, layer in enumerate(self.layers) for name, shape in layer.state().items()
        }

    def start(self, p: State) -> State:
        """Each layer's own start."""
        starts = [started(layer, part(p, k, layer.parameters())) for k, layer in enumerate(self.layers)]
        return State(**{f"layer{k}_{name}": value for k, start in enumerate(starts) for name, value in start.items()})

    def step(self, p: State, s: State, x: Node, now: State = CLOCKLESS) -> tuple[State, Node]:
        """Layer after layer: the outputs of one are the inputs of the next."""
        after: dict[str, Any] = {}
        for k, layer in enumerate(self.layers):
            state, x = stepped(layer, part(p, k, layer.parameters()), part(s, k, layer.state()), x, now)
            after |= {f"layer{k}_{name}": value for name, value in state.items()}
        return State(**after), x

    def describe(self) -> str:
        """One line: the constructor call that makes this network."""
        return f"Stacked({', '.join(layer.describe() for layer in self.layers)})"


def part(record: State, k: int, names: Any) -> State:
    """The fields of layer k, under their own names."""
    return State(**{name: getattr(record, f"layer{k}_{name}") for name in names})
