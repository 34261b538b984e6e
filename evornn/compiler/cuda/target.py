"""The language of kernels in which a thread is a lane: every size of a word is a function of its own."""

from __future__ import annotations

import re

from evornn.compiler.cuda.intrinsics import Intrinsics
from evornn.compiler.target import Target, number

CALL = re.compile(r"\b([a-z]\w*)\(")


class ScalarTarget(Target):
    """Spells the intrinsics of a text, then writes those that it uses. block: threads that are one network's units."""

    scalar = True

    def __init__(self, layout: str, bits: int, block: int = 1) -> None:
        super().__init__(layout)
        self.block = block if layout == "units" else 1
        self._intrinsics = Intrinsics(layout, bits, self.block)
        self._sized: dict[str, tuple[str, tuple[int | str, ...]]] = {}
        self._multiples: set[str] = set()

    def intrinsic(self, name: str, *sizes: int | str) -> str:
        """`affine_5x7s`: the name for these sizes."""
        if not sizes:
            return name
        lengths = "x".join(str(s) for s in sizes if isinstance(s, int))
        sized = f"{name}_{lengths}{''.join(s for s in sizes if isinstance(s, str))}"
        self._sized[sized] = (name, sizes)
        return sized

    def units(self, name: str, at: str) -> str:
        """Scratch that starts on a multiple of the block is each thread's own; other places need the block's order."""
        aligned = all(self._multiple(term) for term in at.split(" + "))
        return (
            name
            if aligned or self.layout != "units" or name.startswith(("weight", "constant", "data"))
            else f"{name}_any"
        )

    def step(self, name: str, step: int) -> None:
        """A loop variable is a multiple of `step`."""
        self._multiples.add(name)

    def whole(self, array: str, at: str) -> str:
        """Every thread has its own."""
        return f"int(data({array}, {at}))"

    def typed(self, text: str) -> str:
        """Numbers are typed one by one."""
        return text

    def number(self, value: float) -> str:
        """A float of the kernel's precision."""
        return f"f({number(value)})"

    def _multiple(self, term: str) -> bool:
        return any(f in self._multiples or (f.isdigit() and int(f) % self.block == 0) for f in term.split(" * "))

    def library(self, text: str) -> list[str]:
        """Definitions of the intrinsics that the text uses, and of those that these use."""
        found: dict[str, str] = {}
        waiting = [text]
        while waiting:
            for name in CALL.findall(waiting.pop()):
                if name not in found:
                    source = self._intrinsics.define(name, *self._sized.get(name, (name, ())))
                    if source is not None:
                        found[name] = source
                        waiting.append(source)
        return [f"@inline\n{source}" for _, source in sorted(found.items())]
