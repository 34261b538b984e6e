"""Emitting matrix-vector products: in registers, in tiles, sparse, and with computed matrices."""

from __future__ import annotations

import numpy as np

from evornn.compiler.emit.core import Core
from evornn.compiler.emit.values import Memory, Small, Value, plus
from evornn.compiler.memory_plan import TILE, tiles
from evornn.formula.node import Constant, Node
from evornn.graph.simplify import in_registers

Operand = tuple[str, str, int, int, str | Memory]  # of a product: word suffix, array, offset, columns, the vector
Factor = tuple[Node, int, int]  # of a product of matrices: see `_product`


class Products(Core):
    """`affine` and its kin."""

    # matrix-vector products -------------------------------------------------------------------------------------------
    def _sparse(self, node: Node) -> Value:
        entries: np.ndarray = node.attr.csr.data
        place = Memory("K", str(self.plan.constants.offset(Constant(entries), entries.shape) if len(entries) else 0))
        return self._sparse_product(node, ("k", place), -1, node.args[0])

    def _sparse_values(self, node: Node) -> Value:
        values, x = node.args
        return self._sparse_product(node, self._factor(values), self.plan.table(node.attr.order), x)

    def _sparse_product(self, node: Node, values: tuple[str, Memory], picks: int, x: Node) -> Value:
        csr, (letter, place), (other, vector) = node.attr.csr, values, self._factor(x)
        slot = self.plan.slot(node.size)
        word = self.target.intrinsic(f"sparse_{letter}{other}", node.size, int(picks >= 0))
        arrays = f"S, {slot}, {place.array}, {place.at}, {vector.array}, {vector.at}, J"
        tables = f"{self.plan.table(csr.indptr)}, {self.plan.table(csr.indices)}, {picks}"
        self.text.add(f"{word}({arrays}, {tables}, {node.size})")
        return self._placed(node, slot)

    def _placed(self, node: Node, slot: int) -> Value:
        """What was written to scratch: a small value in registers."""
        place = Memory("S", str(slot))
        return self._fetch(node, place) if in_registers(node) else place

    def _affine(self, node: Node) -> Value:
        terms = node.args[1:] if node.attr else node.args
        start = node.args[0] if node.attr else None
        pairs = list(zip(terms[::2], terms[1::2], strict=True))
        if any(
            w.op not in ("parameter", "constant")
            and not (w.op == "transpose" and w.args[0].op in ("parameter", "constant"))
            for w, _ in pairs
        ):
            return self._computed(node, start, pairs)
        if self.target.layout != "units" and in_registers(node) and all(in_registers(x) for _, x in pairs):
            return self._affine_small(node, start, pairs)
        return self._affine_tiles(node, start, pairs)

    def _matrix(self, matrix: Node, order: str) -> tuple[str, str, int]:
        """Word suffix, array and offset of a parameter or constant matrix stored in this order."""
        leaf = matrix.args[0] if matrix.op == "transpose" else matrix
        store, suffix, array = (
            (self.plan.weights, "", "w") if leaf.op == "parameter" else (self.plan.constants, "_constant", "K")
        )
        return suffix, array, store.offset(leaf.attr, leaf.shape, order, leaf is not matrix)

    def _affine_small(self, node: Node, start: Node | None, pairs: list[tuple[Node, Node]]) -> Value:
        value = str(node.size) if start is None else self.small(start).text()
        for matrix, x in pairs:
            suffix, array, at = self._matrix(matrix, "rows")
            name, sums = self.name(), "s" if value.isdigit() else "t"
            word = self.target.intrinsic(f"affine{suffix}", node.size, x.size, sums)
            self.text.add(f"{name} = {word}({value}, {array}, {at}, {self.small(x).text()})")
            value = name
        return Small([f"{value}[{i}]" for i in range(node.size)], value)

    def _affine_tiles(self, node: Node, start: Node | None, pairs: list[tuple[Node, Node]]) -> Value:
        step = self.plan.step
        begin = None if start is None else self._in_memory(start)
        operands = [
            (*self._matrix(m, "tile"), x.size, self.small(x).text() if in_registers(x) else self.memory(x))
            for m, x in pairs
        ]
        spans = tiles(node.size, step)
        in_tuple = in_registers(node) and self.target.layout != "units"
        slot = 0 if in_tuple else self.plan.slot(node.size)
        elements: list[str] = []
        whole = len(spans) - (spans[-1][1] != TILE)
        loops = (
            [(None, span) for span in spans]
            if in_tuple or whole < 2
            else [(whole, spans[0])] + [(None, s) for s in spans[whole:]]
        )
        for count, (first, packs) in loops:
            k = "" if count is None else self.name()
            if k:
                self.text.add(f"for {k} in range({count}):")
                self.text.indent += 1
            row = plus(str(first * step), f"{k} * {TILE * step}") if k else str(first * step)
            name = self._tile(begin, operands, row, packs, k, first)
            if in_tuple:
                elements += [f"{name}[{r}]" for r in range(packs)]
            else:
                for r in range(packs):
                    self.text.add(self.units("store", Memory("S", str(slot + r * step)), row, f"{name}[{r}]"))
            self.text.indent -= bool(k)
        if in_tuple:
            return Small(elements)
        return self._placed(node, slot)

    def _in_memory(self, node: Node) -> Memory:
        """A large value where it is; a small one put into scratch."""
        value = self.value(node)
        return value if isinstance(value, Memory) and not in_registers(node) else self.memory(node)

    def _tile(self, begin: Memory | None, operands: list[Operand], row: str, packs: int, k: str, first: int) -> str:
        step = self.plan.step
        value = str(packs)
        if begin is not None:
            reads = [
                self.units(begin.prefix, Memory(begin.array, plus(begin.at, str(r * step))), row) for r in range(packs)
            ]
            value = f"({', '.join(reads)},)"
        for suffix, array, base, columns, x in operands:
            at = (
                plus(str(base + first * step * columns), f"{k} * {TILE * step * columns}")
                if k
                else str(base + first * step * columns)
            )
            name, sums = self.name(), "s" if value.isdigit() else "t"
            if isinstance(x, Memory):
                word = self.target.intrinsic(f"tile{suffix}", packs, columns, sums)
                self.text.add(f"{name} = {word}({value}, {array}, {at}, {x.array}, {x.at}, {columns})")
            else:
                word = self.target.intrinsic(f"tile{suffix}_tuple", packs, columns, sums)
                self.text.add(f"{name} = {word}({value}, {array}, {at}, {x})")
            value = name
        return value

    def _computed(self, node: Node, start: Node | None, pairs: list[tuple[Node, Node]]) -> Value:
        """Products with matrices that are themselves computed, one after another."""
        slot = self.plan.slot(node.size + self.plan.step)
        if start is not None:
            self.copy(start, self.value(start), Memory("S", str(slot)))
        for k, (matrix, x) in enumerate(pairs):
            (rows, columns), added = matrix.shape, start is not None or k > 0
            if matrix.op == "transpose":  # as a row: its elements lie side by side
                self._product(slot, (x, 0, 1), (matrix.args[0], rows, 1), (1, columns, rows), added)
            else:
                self._product(slot, (matrix, columns, 1), (x, 1, 0), (rows, columns, 1), added)
        return self._placed(node, slot)

    def _product(self, slot: int, left: Factor, right: Factor, sizes: tuple[int, int, int], added: bool) -> None:
        """Factors: a value, and the steps from an element to the next in its column and in its row."""
        places = [self._factor(node) for node, _, _ in (left, right)]
        numbers = (*sizes, *left[1:], *right[1:], int(added))
        word = self.target.intrinsic(f"product_{places[0][0]}{places[1][0]}", *numbers)
        arrays = ", ".join(f"{place.array}, {place.at}" for _, place in places)
        self.text.add(f"{word}(S, {slot}, {arrays}, {', '.join(map(str, numbers))})")

    def _factor(self, node: Node) -> tuple[str, Memory]:
        """The letter of the memory that a factor is in, and its place there."""
        place = self.indexed(node)
        if place.prefix == "data":
            place = self.memory(node)
        return {"scratch": "s", "weight": "w", "constant": "k"}[place.prefix], place

    def _solve(self, node: Node) -> Value:
        """The equations side by side in scratch, then solved there."""
        (matrix, right), n = node.args, node.size
        leaf, turned = (matrix.args[0], True) if matrix.op == "transpose" else (matrix, False)
        a, b, (i, j) = self.indexed(leaf), self.indexed(right), (self.name(), self.name())
        work, slot = self.plan.slot(n * (n + 1)), self.plan.slot(n)
        self.text.add(f"for {i} in range({n}):")
        self.text.add(f"    store(S, {work + n} + {i} * {n + 1}, {b.prefix}({b.array}, {plus(b.at, i)}))")
        self.text.add(f"    for {j} in range({n}):")
        place = plus(a.at, f"{j} * {n} + {i}" if turned else f"{i} * {n} + {j}")
        self.text.add(f"        store(S, {work} + {i} * {n + 1} + {j}, {a.prefix}({a.array}, {place}))")
        word = self.target.intrinsic("solve", n, int(node.attr))
        self.text.add(f"{word}(S, {work}, {slot}, {n}, {int(node.attr)})")
        return self._placed(node, slot)

    def _matmul(self, node: Node) -> Value:
        def factor(matrix: Node) -> Factor:
            rows, columns = matrix.shape
            return (matrix.args[0], 1, rows) if matrix.op == "transpose" else (matrix, columns, 1)

        (a, b), (rows, columns) = node.args, node.shape
        slot = self.plan.slot(node.size + self.plan.step)
        self._product(slot, factor(a), factor(b), (rows, a.shape[1], columns), False)
        return Memory("S", str(slot))
