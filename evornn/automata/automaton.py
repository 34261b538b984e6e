"""Deterministic finite automata: run, made minimal (Moore 1956), compared, and drawn by Graphviz."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evornn.errors import EvornnError, shown


@dataclass(frozen=True)
class Automaton:
    """moves[state][k]: the next state on the k-th of the symbols; the first state is 0. accepting: states in which a
    string belongs to the language. Two minimal automata of one language are equal.
    """

    moves: tuple[tuple[int, ...], ...]
    accepting: frozenset[int]
    symbols: str = "01"

    def __post_init__(self) -> None:
        object.__setattr__(self, "moves", tuple(tuple(row) for row in self.moves))
        object.__setattr__(self, "accepting", frozenset(self.accepting))
        count = len(self.moves)
        if not count or any(
            len(row) != len(self.symbols) or not all(0 <= to < count for to in row) for row in self.moves
        ):
            raise EvornnError(
                f"moves are {shown(self.moves)}; they must be rows of {len(self.symbols)} states below {count}"
            )
        if not self.accepting <= set(range(count)):
            raise EvornnError(f"accepting is {shown(sorted(self.accepting))}; it must be states below {count}")

    def state_after(self, string: Iterable[str], state: int = 0) -> int:
        """Where a string leads from a state."""
        for symbol in string:
            state = self.moves[state][self.symbols.index(symbol)]
        return state

    def accepts(self, string: Iterable[str]) -> bool:
        """Whether the string belongs to the language."""
        return self.state_after(string) in self.accepting

    def minimal(self) -> Automaton:
        """The smallest automaton of the language, its states numbered as a breadth-first search meets them."""
        groups = [int(state in self.accepting) for state in range(len(self.moves))]
        while True:  # states of one group stay together if all their moves go to equal groups
            kinds = [(groups[s], *(groups[to] for to in row)) for s, row in enumerate(self.moves)]
            numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
            finer = [numbers[kind] for kind in kinds]
            if len(numbers) == len(set(groups)):
                break
            groups = finer
        order, members = [finer[0]], {finer[0]: 0}
        for group in order:
            for to in self.moves[members[group]]:
                if finer[to] not in members:
                    members[finer[to]] = to
                    order.append(finer[to])
        moves = [[order.index(finer[to]) for to in self.moves[members[group]]] for group in order]
        accepting = {n for n, group in enumerate(order) if members[group] in self.accepting}
        return Automaton(tuple(map(tuple, moves)), frozenset(accepting), self.symbols)

    def graphviz(self) -> str:
        """The automaton as text for Graphviz's `dot`; accepting states have two rings."""
        lines = ["digraph automaton {", "    rankdir=LR;", '    begin [shape=none, label=""];', "    begin -> 0;"]
        for state, row in enumerate(self.moves):
            lines.append(f"    {state} [shape={'doublecircle' if state in self.accepting else 'circle'}];")
            for to in dict.fromkeys(row):
                label = ", ".join(s for s, other in zip(self.symbols, row, strict=True) if other == to)
                lines.append(f'    {state} -> {to} [label="{label}"];')
        return "\n".join([*lines, "}"]) + "\n"
