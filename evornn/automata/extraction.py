"""Draw a finite automaton out of a trained network (Giles, Miller, Chen, Chen, Sun & Lee 1992).

The range of each number of the network's state is cut into equal parts; states in the same parts count as one. From
the state before the first symbol, all symbols are tried, and again from each new one, until no new ones come. Parts are
made finer until the automaton says of all given strings what the network says of them; then it is made minimal.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from evornn.automata.automaton import Automaton
from evornn.errors import EvornnError, check_range
from evornn.formula import Node, State
from evornn.formula.state import flatten
from evornn.networks.base import started, stepped
from evornn.problem import Problem

FINEST = 16  # parts of a range


class Reader:
    """A network as what reads strings: its state after a string, and whether it says yes of it."""

    def __init__(self, problem: Problem, genome: ArrayLike, end: int | None, border: float) -> None:
        genes = problem.simulation.genome
        values = genes.split(genes.values(np.asarray(genome, dtype=np.float64)[None]))
        self.network, self.p = problem.simulation.network, State(**{name: v[0] for name, v in values.items()})
        self.rows, self.end, self.border = np.eye(self.network.inputs), end, border
        self.first = started(self.network, self.p)

    def after(self, state: State, symbol: int) -> tuple[State, Node]:
        """The state and outputs after one more symbol."""
        return stepped(self.network, self.p, state, self.rows[symbol], State(t=0))

    def says_yes(self, state: State, y: Node | None) -> bool:
        """Of a string that led here: the first output after it, or after the symbol that ends strings."""
        if self.end is not None:
            y = self.after(state, self.end)[1]
        return bool(y is not None and y[0] > self.border)

    def read(self, string: Iterable[int]) -> tuple[list[State], bool]:
        """All states on the way, and the answer."""
        states, y = [self.first], None
        for symbol in string:
            state, y = self.after(states[-1], symbol)
            states.append(state)
        return states, self.says_yes(states[-1], y)


def extract(
    problem: Problem,
    genome: ArrayLike,
    symbols: str = "01",
    end: int | None = 2,
    border: float = 0.0,
    strings: Iterable[str] | None = None,
    most: int = 1000,
) -> Automaton:
    """The minimal automaton that a network has come to, in float64.

    symbols: a letter for each of the first inputs, which are one-hot. end: the input that ends a string and asks for
    the answer; None: the answer is the output after the last symbol. border: the first output is above it for yes.
    strings: on which network and automaton must agree; None: all up to length 8. most: states to try at most. Raises
    EvornnError if no automaton of so many states agrees: the network is none, or its states need finer parts.
    """
    check_range("most", most, 1, integer=True)
    reader = Reader(problem, genome, end, border)
    given = map("".join, (s for n in range(9) for s in itertools.product(symbols, repeat=n)))
    tried = list(given if strings is None else strings)
    read = {string: reader.read([symbols.index(c) for c in string]) for string in tried}
    vectors = np.array([_vector(state) for states, _ in read.values() for state in states])
    low, span = vectors.min(axis=0), np.ptp(vectors, axis=0)
    for parts in range(2, FINEST + 1):
        found = _walk(reader, symbols, low, np.where(span > 0, span, 1.0) / parts, parts, most)
        if found is not None and all(found.accepts(string) == answer for string, (_, answer) in read.items()):
            return found.minimal()
    raise EvornnError(
        f"no automaton of up to {most:,} states says what the network says of {len(tried):,} strings, with up to "
        f"{FINEST} parts of each unit's range"
    )


def _vector(state: State) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in flatten(state)[0]])


def _walk(reader: Reader, symbols: str, low: np.ndarray, width: np.ndarray, parts: int, most: int) -> Automaton | None:
    """The automaton of cells of states, None if there are more than `most`."""

    def cell(state: State, y: Node | None) -> tuple[bytes, bool]:
        places = np.clip(np.floor((_vector(state) - low) / width), 0, parts - 1)
        return places.astype(np.int8).tobytes(), reader.says_yes(state, y)

    first = cell(reader.first, None)
    numbers, states, moves = {first: 0}, [reader.first], []
    for state in states:
        row = []
        for symbol in range(len(symbols)):
            after, y = reader.after(state, symbol)
            key = cell(after, y)
            if key not in numbers:
                if len(numbers) == most:
                    return None
                numbers[key] = len(numbers)
                states.append(after)
            row.append(numbers[key])
        moves.append(tuple(row))
    return Automaton(tuple(moves), frozenset(number for (_, yes), number in numbers.items() if yes), symbols)
