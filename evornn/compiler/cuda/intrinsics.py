"""The intrinsics of emitted text as functions of one thread's scalars, written as Python text.

Arithmetic comes from the formulas that SIMD intrinsics are built from, run over `algebra`; only addressing is new here.
Tuples of each length get functions of their own (`tanh_5t`, `affine_5x7s`). What threads are to memory:

individuals, episodes: a thread is one episode of one individual. Weights, scenarios and data are views (array, start,
             stride): neighbouring threads read neighbouring numbers, or all the same one. Scratch is the thread's own.
units:       a block is one episode of one individual, a thread is a unit (a row). Scratch is shared; element i of a
             vector that starts on a multiple of the block belongs to thread i mod block. A thread that reads or writes
             another's element waits for the whole block before and after it, so the order of threads does not matter.
             A scalar is computed by every thread.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import cast

from evornn.compiler.cuda import loops
from evornn.compiler.cuda.algebra import TextLanes, TextMachine
from evornn.compiler.cuda.far_angle import far_angle
from evornn.compiler.cuda.tables import Result, Tables
from evornn.compiler.lanes import elementary
from evornn.compiler.lanes.algebra import Fold
from evornn.compiler.lanes.elementwise import ELEMENTWISE, LOGICAL, maximum
from evornn.compiler.simd.products import Sums

VIEWS = ("weight", "data")
PRIMITIVE = ("add", "sub", "mul", "div", "fma")
WAIT = "cuda.syncthreads()"


def _parts(name: str, count: int) -> list[str]:
    return [f"{name}[{i}]" for i in range(count)]


class Intrinsics(Tables):
    """Definitions for one layout and precision. block: threads that share scratch (1: none do)."""

    def __init__(self, layout: str, bits: int, block: int) -> None:
        super().__init__(bits)
        self.block, self.shared = block, layout == "units"

    def define(self, name: str, word: str, sizes: tuple[int | str, ...]) -> str | None:
        """The function `name`: `word` for tuples of these sizes; None if the word is a primitive or no word."""
        lifted: Callable[..., str] = self._lifted
        read_tuple: Callable[..., str] = self._read_tuple
        if word in PRIMITIVE:
            return lifted(name, word, *sizes) if sizes else None
        head, _, tail = word.partition("_")
        if word in ELEMENTWISE:
            return lifted(name, word, *sizes) if sizes else self._elementwise(name)
        if head in ("product", "sparse", "solve"):
            return self._program(name, head, tail, *cast("tuple[int, ...]", sizes))
        if head in ("affine", "tile"):
            return getattr(self, f"_{head}")(name, word, *sizes)
        if tail == "tuple" and head in (*VIEWS, "constant", "scratch"):
            return read_tuple(name, head, *sizes)
        if head in (*VIEWS, "constant", "scratch") and tail == "at":
            return self._row_at(name, head)
        if head in (*VIEWS, "constant", "scratch", "store") and tail in ("", "units", "units_any"):
            return self._store(name, tail) if head == "store" else self._read(name, head, tail)
        maker = getattr(self, f"_{word}", None)
        return None if maker is None else maker(name, *sizes)

    # elementwise ------------------------------------------------------------------------------------------------------
    def _elementwise(self, name: str) -> str:
        function = ELEMENTWISE[name]
        names = list(signature(function).parameters)[1:]
        if name == "lanes":
            return self._function(name, "a", lambda m: "f(a)")
        kinds = ["mask"] * len(names) if name in LOGICAL else ["float"] * len(names)
        kinds[0] = "mask" if name == "where" else kinds[0]

        def build(m: TextMachine) -> Result:
            return function(m, *(TextLanes(m, n, k) for n, k in zip(names, kinds, strict=True)))

        return self._function(name, ", ".join(names), build)

    def _lifted(self, name: str, word: str, size: int, pattern: str) -> str:
        names = [f"a{i}" for i in range(len(pattern))]
        calls = [
            f"{word}({', '.join(f'{n}[{i}]' if p == 't' else n for n, p in zip(names, pattern, strict=True))})"
            for i in range(size)
        ]
        return self._function(name, ", ".join(names), lambda m: calls)

    def _sincos(self, name: str) -> str:
        return self._function(name, "x", lambda m: list(elementary.sincos(m, TextLanes(m, "x"))))

    def _truth(self, name: str) -> str:
        return self._function(name, "x", lambda m: "x")

    def _far_angle(self, name: str) -> str:
        return self._function(name, "mask, x, r, q", far_angle)

    # memory -----------------------------------------------------------------------------------------------------------
    def _place(self, array: str, at: str) -> str:
        """An element of a view or of a plain array."""
        return f"{array}[0][index({array}[1] + ({at}) * {array}[2])]" if array == "view" else f"array[index({at})]"

    def _read(self, name: str, head: str, tail: str) -> str:
        array = "view" if head in VIEWS else "array"
        at = "at + cuda.threadIdx.x" if tail and self.shared else "at"
        others = self.shared and head == "scratch" and tail != "units"
        return self._function(name, f"{array}, at", self._waiting(others, [self._place(array, at)], single=True))

    def _read_tuple(self, name: str, head: str, size: int) -> str:
        array = "view" if head in VIEWS else "array"
        reads = [self._place(array, f"at + {i}") for i in range(size)]
        return self._function(name, f"{array}, at, n", self._waiting(self.shared and head == "scratch", reads))

    def _waiting(self, others: bool, reads: list[str], single: bool = False) -> Callable[[TextMachine], Result]:
        def build(m: TextMachine) -> Result:
            if not others:
                return reads[0] if single else reads
            m.writer.lines.append(WAIT)
            values = [m.writer.name(r) for r in reads]
            m.writer.lines.append(WAIT)
            return values[0] if single else values

        return build

    def _store(self, name: str, tail: str) -> str:
        lines = [f"{self._place('array', 'at')} = value"]
        if self.shared and tail:
            lines = [f"{self._place('array', 'at + cuda.threadIdx.x')} = value"]
            lines = [WAIT, *lines, WAIT] if tail == "units_any" else lines
        elif self.shared:  # by the thread whose element it is
            lines = [f"if cuda.threadIdx.x == at % {self.block}:", f"    {lines[0]}"]
        return f"def {name}(array, at, value):\n" + "".join(f"    {line}\n" for line in lines)

    def _store_tuple(self, name: str, size: int) -> str:
        return f"def {name}(array, at, values):\n" + "".join(
            f"    store(array, at + {i}, values[{i}])\n" for i in range(size)
        )

    # products and reductions ------------------------------------------------------------------------------------------
    def _sums(self, m: TextMachine, start: str, rows: int, columns: int) -> Sums[TextLanes]:
        given: list[TextLanes | None] = (
            [TextLanes(m, s) for s in _parts("start", rows)] if start == "t" else [None] * rows
        )
        return Sums(m, given, columns)

    def _affine(self, name: str, word: str, rows: int, columns: int, start: str) -> str:
        source = "constant" if "constant" in word else "weight"

        def build(m: TextMachine) -> Result:
            sums = self._sums(m, start, rows, columns)
            for j in range(columns):
                for r in range(rows):
                    sums.add(r, j, m.keep(f"{source}(w, at + {r * columns + j})"), TextLanes(m, f"x[{j}]"))
            return sums.results()

        return self._function(name, "start, w, at, x", build)

    def _tile(self, name: str, word: str, packs: int, columns: int, start: str) -> str:
        source = "constant_units" if "constant" in word else "weight_units"
        in_registers = word.endswith("_tuple")

        def weight(m: TextMachine, column: str, row: int) -> TextLanes:
            return m.keep(f"{source}(w, at + ({column}) * {packs * self.block} + {row * self.block})")

        def build(m: TextMachine) -> Result:
            sums = self._sums(m, start, packs, columns)
            if in_registers:
                for j in range(columns):
                    for r in range(packs):
                        sums.add(r, j, weight(m, str(j), r), TextLanes(m, f"x[{j}]"))
                return sums.results()
            lines, chains = m.writer.lines, sums.chains
            lines += [WAIT] if self.shared else []
            cells = [[m.keep(v.v) for v in chain] for chain in sums.filled()]
            lines.append(f"for k in range(0, {columns - columns % chains}, {chains}):")
            before = len(lines)
            for c, chain in enumerate(cells):
                value = m.keep(f"S[index(place + k + {c})]")
                for r, cell in enumerate(chain):
                    lines.append(f"{cell.v} = fma({weight(m, f'k + {c}', r).v}, {value.v}, {cell.v})")
            lines[before:] = [f"    {line}" for line in lines[before:]]
            sums.sums = [list(chain) for chain in cells]
            for j in range(columns - columns % chains, columns):
                value = m.keep(f"S[index(place + {j})]")
                for r in range(packs):
                    sums.add(r, j, weight(m, str(j), r), value)
            lines += [WAIT] if self.shared else []
            return sums.results()

        return self._function(name, "start, w, at, x" if in_registers else "start, w, at, S, place, columns", build)

    def _program(self, name: str, word: str, kinds: str, *sizes: int) -> str:
        block = self.block if self.shared else 1
        if word == "product":
            return loops.product(name, kinds, sizes, self.bits, block)
        if word == "sparse":
            return loops.sparse(name, kinds, sizes[0], sizes[1], self.bits, block)
        return loops.solve(name, sizes[0], bool(sizes[1]), self.bits, block)

    def _fold(self, name: str, combine: Fold) -> str:
        def build(m: TextMachine) -> Result:
            lines = m.writer.lines
            lines += [WAIT] if self.shared else []
            lines += ["total = array[index(at)]", "for k in range(1, n):"]
            before = len(lines)
            value = combine(m, TextLanes(m, "total"), m.keep("array[index(at + k)]"))
            lines.append(f"total = {value.v}")
            lines[before:] = [f"    {line}" for line in lines[before:]]
            lines += [WAIT] if self.shared else []
            return "total"

        return self._function(name, "array, at, n", build)

    def _sum_scratch(self, name: str) -> str:
        return self._fold(name, lambda m, a, x: a + x)

    def _max_scratch(self, name: str) -> str:
        return self._fold(name, maximum)

    def _fold_tuple(self, name: str, size: int, combine: Fold) -> str:
        def build(m: TextMachine) -> Result:
            total, *rest = (TextLanes(m, x) for x in _parts("x", size))
            for x in rest:
                total = combine(m, total, x)
            return total

        return self._function(name, "x", build)

    def _sum_tuple(self, name: str, size: int) -> str:
        return self._fold_tuple(name, size, lambda m, a, x: a + x)

    def _max_tuple(self, name: str, size: int) -> str:
        return self._fold_tuple(name, size, maximum)

    def _dot_tuple(self, name: str, size: int) -> str:
        def build(m: TextMachine) -> Result:
            total = TextLanes(m, "a[0]") * TextLanes(m, "b[0]")
            for i in range(1, size):
                total = m.fma(TextLanes(m, f"a[{i}]"), TextLanes(m, f"b[{i}]"), total)
            return total

        return self._function(name, "a, b", build)

    def _dot_scratch(self, name: str) -> str:
        wait = [WAIT] if self.shared else []
        lines = [
            *wait,
            "total = mul(a[index(i)], b[index(j)])",
            "for k in range(1, n):",
            "    total = fma(a[index(i + k)], b[index(j + k)], total)",
            *wait,
            "return total",
        ]
        return f"def {name}(a, i, b, j, n):\n" + "".join(f"    {line}\n" for line in lines)
