"""Loops in PTX: natural loops by dominators, passes of those whose number is constant, and the loop over the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from evornn.bench.ptx.listing import Block, Function
from evornn.bench.ptx.passes import passes


@dataclass(eq=False)
class Loop:
    """A natural loop: where it is entered, its blocks, the blocks that jump back, the loops around it and in it."""

    header: int
    blocks: set[int]
    back: set[int]
    around: Loop | None = None
    inside: list[Loop] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """1 for a loop in no other."""
        return 1 if self.around is None else self.around.depth + 1


class Flow:
    """The flow of control of one function."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.order = self._order()
        self._leaves = {b for b in self.order if not function.blocks[b].follow}
        self._passes: dict[Loop, int | None] = {}

    def _order(self) -> list[int]:
        """Blocks that can be reached, each before those that follow it, but for jumps back."""
        blocks, seen, done = self.function.blocks, {0}, list[int]()
        path = [(0, iter(blocks[0].follow))]
        while path:
            block, rest = path[-1]
            following = next((b for b in rest if b not in seen), None)
            if following is None:
                done.append(block)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(blocks[following].follow)))
        return done[::-1]

    @cached_property
    def dominators(self) -> dict[int, int]:
        """Block -> the blocks that every way to it passes, as bits (Aho and others 2006, algorithm 9.6)."""
        before: dict[int, list[int]] = {b: [] for b in self.order}
        for block in self.order:
            for following in self.function.blocks[block].follow:
                before[following].append(block)
        everything = (1 << len(self.function.blocks)) - 1
        sets = dict.fromkeys(self.order, everything) | {0: 1}
        changed = True
        while changed:
            changed = False
            for block in self.order[1:]:
                common = everything
                for previous in before[block]:
                    common &= sets[previous]
                if (now := common | 1 << block) != sets[block]:
                    sets[block], changed = now, True
        return sets

    def dominates(self, one: int, other: int) -> bool:
        """Whether every way to `other` passes `one`."""
        return bool(self.dominators[other] >> one & 1)

    @cached_property
    def loops(self) -> list[Loop]:
        """All natural loops, outer ones first."""
        found: dict[int, Loop] = {}
        for block in self.order:
            for header in self.function.blocks[block].follow:
                if self.dominates(header, block):
                    loop = found.setdefault(header, Loop(header, {header}, set()))
                    loop.back.add(block)
                    self._fill(loop, block)
        loops = sorted(found.values(), key=lambda loop: -len(loop.blocks))
        for number, loop in enumerate(loops):
            loop.around = next((outer for outer in reversed(loops[:number]) if loop.blocks < outer.blocks), None)
            if loop.around is not None:
                loop.around.inside.append(loop)
        return loops

    def passes(self, loop: Loop) -> int | None:
        """How often a loop's body runs each time it is entered, where that is constant, else None."""
        if loop not in self._passes:
            exits = [b for b in loop.blocks if any(f not in loop.blocks for f in self.function.blocks[b].follow)]
            body = [b for b in self.order if b in loop.blocks]
            self._passes[loop] = passes(self.function, body, exits, lambda b: self._once(b, loop))
        return self._passes[loop]

    def _fill(self, loop: Loop, back: int) -> None:
        """Add the blocks from which `back` is reached without passing the header."""
        waiting = [back]
        while waiting:
            block = waiting.pop()
            if block not in loop.blocks:
                loop.blocks.add(block)
                waiting += [b for b in self.order if block in self.function.blocks[b].follow]

    def innermost(self, block: int) -> Loop | None:
        """The smallest loop that holds a block."""
        return next((loop for loop in reversed(self.loops) if block in loop.blocks), None)

    def _once(self, block: int, loop: Loop) -> bool:
        """Whether every full pass through a loop runs the block exactly once."""
        return self.innermost(block) is loop and self.always(block, loop)

    def always(self, block: int, region: Loop | None) -> bool:
        """Whether every full pass through `region` (None: the function) runs the block at least once."""
        loop = self.innermost(block)
        while True:
            ends = self._leaves if loop is None else loop.back
            if not all(self.dominates(block, end) for end in ends):
                return False
            if loop is region or loop is None:
                return True
            block, loop = loop.header, loop.around

    def step_loop(self, weight: Callable[[Block], float]) -> Loop | None:
        """The loop over the steps: from the outermost loop of most arithmetic (`weight` of its blocks) inwards, while a
        loop whose number of passes is not constant holds at least half of it. None: no loop.
        """

        def total(loop: Loop) -> float:
            return sum(weight(self.function.blocks[b]) for b in loop.blocks)

        best = max((loop for loop in self.loops if loop.around is None), key=total, default=None)
        while best is not None:
            open_ended = [loop for loop in best.inside if self.passes(loop) is None]
            heaviest = max(open_ended, key=total, default=None)
            if heaviest is None or 2 * total(heaviest) < total(best):
                break
            best = heaviest
        return best
