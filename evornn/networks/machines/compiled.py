"""Weights of a program (Siegelmann & Sontag 1995): units of three layers, of which a step of the machine passes each.

A stack of symbols i1 (on top), i2, ... is one number, q = sum_k (2 i_k + 1) / base^k, base a power of 2, at least twice
the number of symbols and 4. All that a machine does to it is a q + b; what it sees is cut out of base q by saturation.

    looks     a unit for each state, [stack not empty] = s(base q), [top >= j] = s(base q - 2 j), and q
    rules     s(sum of what the rule asks for - their number + 1): 1 where all holds; and q
    changes   for each change of a stack s(a q + b + base (sum of its rules - 1)): the new q, or 0; and the next state
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from evornn.formula import SparseMatrix
from evornn.networks.machines.program import Program, Rule

TICKS = 3  # layers


@dataclass(frozen=True)
class Compiled:
    """h' = s(A h + B u + c): A [n, n], B [n, inputs], c [n]; start [n]. names: of the units that can be read, the first
    ones: states, "stack k", "stack k >= symbol".
    """

    A: SparseMatrix
    B: np.ndarray
    c: np.ndarray
    start: np.ndarray
    names: tuple[str, ...]


class Wires:
    """Weights by names of units, made as they are named."""

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self.weights: dict[tuple[int, int], float] = {}
        self.inputs: dict[tuple[int, int], float] = {}
        self.bias: dict[int, float] = {}

    def unit(self, name: str) -> int:
        """The number of the unit of this name."""
        return self.units.setdefault(name, len(self.units))

    def add(self, to: str, source: str, weight: float) -> None:
        """A weight from unit to unit; several add up."""
        key = self.unit(to), self.unit(source)
        self.weights[key] = self.weights.get(key, 0.0) + weight

    def add_bias(self, to: str, value: float) -> None:
        """A bias; several add up."""
        self.bias[self.unit(to)] = self.bias.get(self.unit(to), 0.0) + value


@functools.lru_cache(maxsize=16)
def compiled(program: Program) -> Compiled:
    """The program's units and weights."""
    symbols, stacks = program.symbols, range(program.stacks)
    base = 2.0 ** max(2, int(np.ceil(np.log2(2 * len(symbols)))))
    wires = Wires()
    levels = [f"stack {k} >= {symbol}" for k in stacks for symbol in symbols]
    names = (*program.states, *(f"stack {k}" for k in stacks), *levels)
    rules = [f"rule {i}" for i in range(len(program.rules))]
    for name in (*names, *rules, *(f"held {k}" for k in stacks)):  # the order in which sums are made
        wires.unit(name)
    for k in stacks:
        wires.add(f"held {k}", f"stack {k}", 1.0)
    for name, rule in zip(rules, program.rules, strict=True):
        _condition(wires, name, rule, program)
        wires.add(f"next {rule.to}", name, 1.0)
        for k in stacks:
            a, b = _change(rule.tops[k], rule.pushes[k], symbols, base)
            wires.add(f"stack {k} becomes {a} q + {b}", name, base)
    for state in program.states:
        wires.add(state, f"next {state}", 1.0)
    for name in [name for name in wires.units if " becomes " in name]:
        stack, a, b = name.split(" becomes ")[0], *map(float, name.split(" becomes ")[1].split(" q + "))
        wires.add(name, stack.replace("stack", "held"), a)
        wires.add_bias(name, b - base)
        wires.add(stack, name, 1.0)
        for j, symbol in enumerate(symbols):
            wires.add(f"{stack} >= {symbol}", name, base)
            wires.bias[wires.unit(f"{stack} >= {symbol}")] = -2.0 * j
    return _matrices(wires, len(program.inputs), names)


def _condition(wires: Wires, name: str, rule: Rule, program: Program) -> None:
    """The unit of a rule: 1 where the state, the input and the tops are what the rule asks for."""
    asked = 1
    wires.add(name, rule.state, 1.0)
    if rule.see is not None:
        seen = [rule.see] if rule.see else program.inputs
        asked += bool(rule.see)
        for symbol in seen:
            wires.inputs[wires.unit(name), program.inputs.index(symbol)] = 1.0 if rule.see else -1.0
    for k, top in enumerate(rule.tops):
        if top is not None:
            at = program.symbols.index(top) if top else 0
            wires.add(name, f"stack {k} >= {program.symbols[at]}", 1.0 if top else -1.0)
            asked += bool(top)
            if top and at + 1 < len(program.symbols):
                wires.add(name, f"stack {k} >= {program.symbols[at + 1]}", -1.0)
    wires.add_bias(name, 1.0 - asked)


def _change(top: str | None, push: str | None, symbols: str, base: float) -> tuple[float, float]:
    """a, b of what becomes of a stack: a q + b."""
    a, b = 1.0, 0.0
    if push is None:
        return a, b
    if top:
        a, b = base, -(2.0 * symbols.index(top) + 1.0)
    for symbol in push:
        a, b = a / base, (b + 2.0 * symbols.index(symbol) + 1.0) / base
    return a, b


def _matrices(wires: Wires, inputs: int, names: tuple[str, ...]) -> Compiled:
    from scipy.sparse import coo_array

    n = len(wires.units)
    rows, columns = np.array(list(wires.weights)).T
    A = SparseMatrix(coo_array((list(wires.weights.values()), (rows, columns)), shape=(n, n)).tocsr())
    B, c, start = np.zeros((n, inputs)), np.zeros(n), np.zeros(n)
    for (to, source), weight in wires.inputs.items():
        B[to, source] = weight
    for unit, value in wires.bias.items():
        c[unit] = value
    start[0] = 1.0
    return Compiled(A, B, c, start, names)
