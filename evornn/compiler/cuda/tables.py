"""Noise, tables, and rows at an index of each thread's own, as functions of one thread's scalars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evornn.compiler.cuda.algebra import TextLanes, TextMachine, Writer
from evornn.compiler.simd.gathers import row_of, uniform

Result = TextLanes | str | Sequence[TextLanes | str]  # what a function returns: a value, or a tuple


class Tables:
    """Writes functions; and those of noise and tables."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def _function(self, name: str, arguments: str, build: Callable[[TextMachine], Result]) -> str:
        """A function whose body `build` writes; it gives the result."""
        writer = Writer()
        result = build(TextMachine(writer, self.bits))
        values = result if isinstance(result, list) else [result]
        text = ", ".join(v.v if isinstance(v, TextLanes) else str(v) for v in values)
        returned = f"({text},)" if isinstance(result, list) else text
        return f"def {name}({arguments}):\n" + "".join(f"    {s}\n" for s in [*writer.lines, f"return {returned}"])

    def _row_at(self, name: str, prefix: str) -> str:
        lines = f"    return {prefix}(array, offset + row * width + column)\n"
        return f"def {name}(array, offset, row, width, column):\n" + lines

    def _random(self, name: str) -> str:
        def build(m: TextMachine) -> Result:
            numbers = [m.keep(f"u({n})", "word") for n in ("seed", "episode", "t", "draw")]
            first, second = (
                uniform(m, numbers, k, lambda x, by: x << by, lambda x, by: x >> by, lambda i: m.keep(f"f({i.v})"))
                for k in (0, 1)
            )
            return m.keep(f"{first.v} if word == 0 else {second.v}")

        return self._function(name, "seed, episode, t, draw, word", build)

    def _store_at(self, name: str) -> str:
        return (
            f"def {name}(array, offset, row, width, column, value):\n"
            "    store(array, offset + row * width + column, value)\n"
        )

    def _row_index(self, name: str) -> str:
        return self._function(name, "x, rows", lambda m: row_of(m, TextLanes(m, "x"), m.keep("f(rows - 1)")))
