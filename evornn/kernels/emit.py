"""Graph to kernel text: one statement an operation for small values, one loop for each run of elementwise operations on large ones.

The text is Python in the words of `prelude`; it is the same for every layout but for offsets and loop steps.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from evornn.errors import EvornnError
from evornn.formula.graph import Constant, Node
from evornn.formula.simplify import in_registers, value_of
from evornn.formula.trace import Function, reachable
from evornn.kernels.plan import TILE, Plan, tiles

ELEMENTWISE = {
    "add", "sub", "mul", "div", "neg", "fma", "abs", "sqrt", "floor", "sign", "minimum", "maximum", "tanh", "sigmoid", "exp", "log",
    "softplus", "sin", "cos", "where", "lt", "le", "eq", "ne", "and", "or", "not",
}  # fmt: skip
WORDS = {"and": "and_", "or": "or_", "not": "not_"}
VARIABLE = re.compile(r"[A-Za-z_]\w*(\[\d+\])*$")
WHOLE = {"add": "+", "sub": "-", "mul": "*", "floordiv": "//", "mod": "%"}


class LayoutUnsupported(EvornnError):
    """This graph has an operation that the "units" layout does not have; another layout serves."""


@dataclass
class Memory:
    """A large value: `array` is S (scratch), w (weights), K (constants) or an episode's data row; `at` its offset, as text."""

    array: str
    at: str

    @property
    def words(self) -> str:
        """The prefix of the words that read this array."""
        return {"S": "scratch", "w": "weight", "K": "constant"}.get(self.array, "data")


@dataclass
class Small:
    """A scalar or small vector: one expression an element, and one for the whole tuple where there is one."""

    elements: list[str]
    whole: str = ""

    def text(self) -> str:
        """The vector as one expression."""
        return self.whole or f"({', '.join(self.elements)},)"


Value = Small | Memory


@dataclass
class Text:
    """Lines of a function body, indented."""

    indent: int = 1
    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Append one line."""
        self.lines.append("    " * self.indent + line)


class Body:
    """Emits the statements of one graph into a text; nested loops and functions share the plan and the names."""

    def __init__(self, plan: Plan, layout: str, functions: dict[int, str], text: Text, prefix: str = "v") -> None:
        self.plan, self.layout, self.functions, self.text, self.prefix = plan, layout, functions, text, prefix
        self.values: dict[int, Value] = {}
        self.done: set[int] = set()
        self._waiting: dict[int, list[Node]] = {}
        self._readers: dict[int, list[Node]] = defaultdict(list)
        self._count = 0
        self._homes: dict[int, tuple[Node, Memory]] = {}
        self._outputs: set[int] = set()

    # the driver -----------------------------------------------------------------------------------------------------------------
    def emit(self, outputs: list[Node], homes: dict[int, tuple[Node, Memory]] | None = None) -> None:
        """Emit everything below `outputs` that has no value yet. `homes` offers an output's memory: (old value, place), see `_home`."""
        nodes = [n for n in reachable(outputs, frozenset(self.values)) if n.id not in self.values]
        self._homes, self._outputs = homes or {}, {o.id for o in outputs}
        self._readers = defaultdict(list)
        for node in nodes:
            for arg in node.args:
                self._readers[arg.id].append(node)
        shared = self._sine_pairs(nodes)
        late = [n for n in nodes if n.op == "put" and n.id in self._homes and not self._readers[n.id]]
        late_ids = {n.id for n in late}
        for node in [n for n in nodes if n.id not in late_ids] + late:
            if node.id in late_ids:  # writes a carried buffer in place: everything that reads its old rows comes first
                for size in list(self._waiting):
                    self._flush(size)
            if node.id in self.values or node.op in ("transpose", "parameter", "constant"):
                continue
            if node.op in ELEMENTWISE and not in_registers(node):
                self._wait(node)
            else:
                for arg in node.args:
                    self._settle(arg)
                if node.id in shared:
                    self._sine_pair(node, shared[node.id])
                if node.id not in self.values:
                    self.values[node.id] = getattr(self, f"_{node.op}", self._elementwise)(node)
            self.done.add(node.id)
        for size in list(self._waiting):
            self._flush(size)

    def name(self) -> str:
        """A fresh variable."""
        self._count += 1
        return f"{self.prefix}{self._count}"

    def value(self, node: Node) -> Value:
        """Where a value is; leaves are placed on first use."""
        if node.id not in self.values and node.op in ("parameter", "constant"):
            return self._leaf(node)
        self._settle(node)
        return self.values[node.id]

    def small(self, node: Node) -> Small:
        """A scalar or small vector in registers."""
        value = self.value(node)
        if isinstance(value, Small):
            return value
        if node.ndim == 0:
            return Small([f"{value.words}({value.array}, {value.at})"])
        name = self.name()
        self.text.add(f"{name} = {value.words}_tuple({value.array}, {value.at}, {node.size})")
        return Small([f"{name}[{i}]" for i in range(node.size)], name)

    def scalar(self, node: Node) -> str:
        """A scalar's expression."""
        return self.small(node).elements[0]

    def memory(self, node: Node) -> Memory:
        """A vector in scratch."""
        value = self.value(node)
        if isinstance(value, Memory) and value.array == "S":
            return value
        slot = Memory("S", str(self.plan.slot(node.size)))
        self.copy(node, value, slot)
        return slot

    def copy(self, node: Node, value: Value, place: Memory) -> None:
        """Write a value to scratch at `place`."""
        if isinstance(value, Small):
            many = node.ndim > 0
            self.text.add(f"store_tuple(S, {place.at}, {value.text()})" if many else f"store(S, {place.at}, {value.elements[0]})")
        else:
            i = self._loop(node.size)
            self.text.add(f"    store_units(S, {plus(place.at, i)}, {value.words}_units({value.array}, {plus(value.at, i)}))")

    def _loop(self, size: int) -> str:
        i = self.name()
        self.text.add(f"for {i} in range(0, {size}, {self.plan.step}):")
        return i

    # leaves -----------------------------------------------------------------------------------------------------------------------
    def _leaf(self, node: Node) -> Value:
        if node.op == "constant" and not node.shape:
            return Small([f"truth({node.attr})" if node.dtype == "bool" else repr(node.attr)])
        if node.op == "constant" and in_registers(node):
            return Small([repr(float(v)) for v in value_of(node)])
        if node.op == "constant":
            return Memory("K", str(self.plan.constants.offset(node.attr, node.shape)))
        at = self.plan.weights.offset(node.attr, node.shape)
        if not in_registers(node):
            return Memory("w", str(at))
        each = [f"weight(w, {at + i})" for i in range(node.size)]
        return Small(each, f"weight_tuple(w, {at}, {node.size})" if node.shape else "")

    # large elementwise values: loops -----------------------------------------------------------------------------------------------
    def _wait(self, node: Node) -> None:
        for arg in node.args:
            if arg.size != node.size:
                self._settle(arg)
        self._waiting.setdefault(node.size, []).append(node)

    def _settle(self, node: Node) -> None:
        """Make sure a value exists: run the loop it waits in."""
        if node.id not in self.values and any(node is n for n in self._waiting.get(node.size, ())):
            self._flush(node.size)

    def _flush(self, size: int) -> None:
        members = self._waiting.pop(size)
        inside = {n.id for n in members}
        fixed: dict[int, str] = {}
        for node in members:  # scalars and other loops' values first, outside this loop
            for arg in node.args:
                if arg.id not in inside and in_registers(arg):
                    fixed[arg.id] = self.scalar(arg)
        sources = {a.id: self.value(a) for n in members for a in n.args if a.id not in inside and a.id not in fixed}
        i = self._loop(size)
        local: dict[int, str] = dict(fixed)
        self.text.indent += 1
        for node in members:
            for arg in node.args:
                if arg.id not in local:
                    local[arg.id] = self._read(arg, sources[arg.id], i)
            local[node.id] = self._statement(node, [local[a.id] for a in node.args])
        for node in members:
            if node.id in self._outputs or any(r.id not in inside for r in self._readers[node.id]):
                place = self._home(node, inside) or Memory("S", str(self.plan.slot(size)))
                value = f"where({local[node.id]}, 1.0, 0.0)" if node.dtype == "bool" else local[node.id]
                self.text.add(f"store_units(S, {plus(place.at, i)}, {value})")
                self.values[node.id] = place
            else:
                self.values[node.id] = Memory("S", "unused")
        self.text.indent -= 1

    def _read(self, node: Node, value: Value, i: str) -> str:
        assert isinstance(value, Memory)
        name = self.name()
        load = f"{value.words}_units({value.array}, {plus(value.at, i)})"
        self.text.add(f"{name} = {f'ne({load}, 0.0)' if node.dtype == 'bool' else load}")
        return name

    def _home(self, node: Node, inside: set[int]) -> Memory | None:
        """The place of the old value that this output replaces, if nobody reads the old value after this loop."""
        if node.id not in self._homes:
            return None
        old, place = self._homes[node.id]
        todo, later = list(self._readers[old.id]), False
        while todo:
            reader = todo.pop()
            if reader.op in ("slice", "take"):
                todo += self._readers[reader.id]
                later |= reader.id in self._outputs
            later |= reader.id not in self.done and reader.id not in inside
        return None if later or old.id in self._outputs else place

    # small values: statements -----------------------------------------------------------------------------------------------------
    def _statement(self, node: Node, arguments: list[str]) -> str:
        name = self.name()
        self.text.add(f"{name} = {WORDS.get(node.op, node.op)}({', '.join(arguments)})")
        return name

    def _elementwise(self, node: Node) -> Value:
        if node.op not in ELEMENTWISE:
            raise EvornnError(f"no kernel for operation {node.op!r}")
        parts = [self.small(a) for a in node.args]
        if not node.shape:
            return Small([self._statement(node, [p.elements[0] for p in parts])])
        name = self._statement(node, [p.text() if a.shape else p.elements[0] for a, p in zip(node.args, parts, strict=True)])
        return Small([f"{name}[{i}]" for i in range(node.size)], name)

    def _whole(self, node: Node) -> Value:
        a, b = (self.scalar(x) for x in node.args)
        name = self.name()
        self.text.add(f"{name} = {a} {WHOLE[node.op]} {b}")
        return Small([name])

    def _add(self, node: Node) -> Value:
        return self._whole(node) if node.dtype == "int" else self._elementwise(node)

    _sub = _mul = _add
    _floordiv = _mod = _whole

    def _minimum(self, node: Node) -> Value:
        if node.dtype != "int":
            return self._elementwise(node)
        name = self.name()
        self.text.add(f"{name} = {node.op[:3]}({', '.join(self.scalar(x) for x in node.args)})")
        return Small([name])

    _maximum = _minimum

    def _to_float(self, node: Node) -> Value:
        name = self.name()
        self.text.add(f"{name} = lanes({self.scalar(node.args[0])})")
        return Small([name])

    def _sine_pairs(self, nodes: list[Node]) -> dict[int, tuple[Node, Node]]:
        """Scalars whose sine and cosine are both wanted."""
        found: dict[int, dict[str, Node]] = defaultdict(dict)
        for node in nodes:
            if node.op in ("sin", "cos") and not node.shape:
                found[node.args[0].id][node.op] = node
        return {n.id: (p["sin"], p["cos"]) for p in found.values() if len(p) == 2 for n in p.values()}

    def _sine_pair(self, node: Node, pair: tuple[Node, Node]) -> None:
        name = self.name()
        self.text.add(f"{name} = sincos({self.scalar(node.args[0])})")
        for i, n in enumerate(pair):
            self.values[n.id] = Small([f"{name}[{i}]"])

    # structure --------------------------------------------------------------------------------------------------------------------
    def _slice(self, node: Node) -> Value:
        return self._pick(node, list(range(node.attr, node.attr + node.size)))

    def _gather(self, node: Node) -> Value:
        return self._pick(node, list(node.attr))

    def _pick(self, node: Node, picks: list[int]) -> Value:
        value = self.value(node.args[0])
        if isinstance(value, Small):
            return Small([value.elements[i] for i in picks])
        if node.op == "slice":
            view = Memory(value.array, plus(value.at, str(picks[0])))
            return view if not in_registers(node) else self._fetch(node, view)
        if in_registers(node):
            return self._names([f"{value.words}({value.array}, {plus(value.at, str(i))})" for i in picks])
        slot, table, i = self.plan.slot(node.size), self.plan.table(picks), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    store(S, {slot} + {i}, {value.words}({value.array}, {value.at} + J[{table} + {i}]))")
        return Memory("S", str(slot))

    def _fetch(self, node: Node, view: Memory) -> Small:
        """A part of a large value, read into registers now: its memory may change later."""
        if node.dtype == "bool":
            return self._names([f"ne({view.words}({view.array}, {plus(view.at, str(i))}), 0.0)" for i in range(node.size)])
        if not node.shape:
            return self._names([f"{view.words}({view.array}, {view.at})"])
        name = self.name()
        self.text.add(f"{name} = {view.words}_tuple({view.array}, {view.at}, {node.size})")
        return Small([f"{name}[{i}]" for i in range(node.size)], name)

    def _names(self, expressions: list[str]) -> Small:
        names = []
        for expression in expressions:
            names.append(self.name())
            self.text.add(f"{names[-1]} = {expression}")
        return Small(names)

    def _concat(self, node: Node) -> Value:
        if in_registers(node):
            return Small([e for a in node.args for e in self.small(a).elements])
        slot = at = self.plan.slot(node.size + self.plan.step)
        for part in node.args:
            self.copy(part, self.value(part), Memory("S", str(at)))
            at += part.size
        return Memory("S", str(slot))

    def _transpose(self, node: Node) -> Value:
        raise EvornnError("a transposed matrix can only be multiplied by a vector")

    def _take(self, node: Node) -> Value:
        buffer, at = self.value(node.args[0]), self.scalar(node.args[1])
        if isinstance(buffer, Small):
            raise EvornnError("a buffer in registers has no computed index")
        row = Memory(buffer.array, f"{buffer.at} + {at}" if node.size == 1 else f"{buffer.at} + {at} * {node.size}")
        return row if not in_registers(node) else self._fetch(node, row)

    def _put(self, node: Node) -> Value:
        buffer, at, row = node.args
        home = self._homes.get(node.id)
        if home and buffer is home[0] and not self._readers[node.id] and buffer.id not in self._outputs:
            place = home[1]
        else:
            place = Memory("S", str(self.plan.slot(node.size)))
            self.copy(buffer, self.value(buffer), place)
        offset = self.scalar(at) if row.size == 1 else f"{self.scalar(at)} * {row.size}"
        self.copy(row, self.value(row), Memory("S", f"{place.at} + {offset}"))
        return place

    def _carried(self, node: Node) -> Value:
        return self.value(node.args[0])

    def _item(self, node: Node) -> Value:
        raise AssertionError("items are placed with their call")

    # reductions and tables --------------------------------------------------------------------------------------------------------
    def _reduce(self, word: str, node: Node) -> Value:
        (x,) = node.args
        if in_registers(x):
            return self._names([f"{word}_tuple({self.small(x).text()})" if x.shape else self.scalar(x)])
        return self._names([f"{word}_scratch(S, {self.memory(x).at}, {x.size})"])

    def _sum(self, node: Node) -> Value:
        return self._reduce("sum", node)

    def _max(self, node: Node) -> Value:
        return self._reduce("max", node)

    def _dot(self, node: Node) -> Value:
        return self._names([f"dot_tuple({', '.join(self.small(a).text() for a in node.args)})"])

    def _random(self, node: Node) -> Value:
        return self._names([f"random(seed, episode, {self.scalar(node.args[0])}, {node.attr[0]}, {node.attr[1]})"])

    def _lookup(self, node: Node) -> Value:
        table: Constant = node.attr
        rows = len(table.array)
        at, base = self.scalar(node.args[0]), self.plan.constants.offset(table, table.array.shape)
        uniform = node.args[0].dtype == "int"
        row = self._names([f"min(max({at}, 0), {rows - 1})" if uniform else f"row_index({at}, {rows})"]).elements[0]
        if in_registers(node):
            return self._names([f"table_at(K, {base}, {row}, {node.size}, {i})" for i in range(node.size)])
        slot, i = self.plan.slot(node.size), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    store(S, {slot} + {i}, table_at(K, {base}, {row}, {node.size}, {i}))")
        return Memory("S", str(slot))

    def _outer(self, node: Node) -> Value:
        self._lanes_only("outer")
        (x, y), (n, m) = (self.memory(a) for a in node.args), node.shape
        slot, i, j = self.plan.slot(node.size), self.name(), self.name()
        self.text.add(f"for {i} in range({n}):")
        self.text.add(f"    for {j} in range({m}):")
        self.text.add(f"        store(S, {slot} + {i} * {m} + {j}, mul(scratch(S, {x.at} + {i}), scratch(S, {y.at} + {j})))")
        return Memory("S", str(slot))

    def _lanes_only(self, what: str) -> None:
        if self.layout == "units":
            raise LayoutUnsupported(f"{what} needs individuals or episodes as lanes")

    # matrix-vector products ---------------------------------------------------------------------------------------------------------
    def _sparse(self, node: Node) -> Value:
        self._lanes_only("a sparse product")
        csr, x = node.attr.csr, self.memory(node.args[0])
        entries = self.plan.constants.offset(Constant(csr.data), csr.data.shape) if csr.nnz else 0
        columns, rows = self.plan.table(csr.indices), self.plan.table(csr.indptr)
        slot, i = self.plan.slot(node.size), self.name()
        self.text.add(f"for {i} in range({node.size}):")
        self.text.add(f"    a, b = J[{rows} + {i}], J[{rows} + {i} + 1]")
        self.text.add(f"    store(S, {slot} + {i}, sparse_row(K, {entries} + a, J, {columns} + a, b - a, S, {x.at}))")
        return Memory("S", str(slot)) if not in_registers(node) else self._fetch(node, Memory("S", str(slot)))

    def _affine(self, node: Node) -> Value:
        terms = node.args[1:] if node.attr else node.args
        start = node.args[0] if node.attr else None
        pairs = list(zip(terms[::2], terms[1::2], strict=True))
        if any(w.op not in ("parameter", "constant") and not (w.op == "transpose" and w.args[0].op in ("parameter", "constant")) for w, _ in pairs):
            return self._computed(node, start, pairs)
        if self.layout != "units" and in_registers(node) and all(in_registers(x) for _, x in pairs):
            return self._affine_small(node, start, pairs)
        return self._affine_tiles(node, start, pairs)

    def _matrix(self, matrix: Node, order: str) -> tuple[str, str, int]:
        """Word suffix, array and offset of a parameter or constant matrix stored in this order."""
        leaf = matrix.args[0] if matrix.op == "transpose" else matrix
        store, suffix, array = (self.plan.weights, "", "w") if leaf.op == "parameter" else (self.plan.constants, "_constant", "K")
        return suffix, array, store.offset(leaf.attr, leaf.shape, order, leaf is not matrix)

    def _affine_small(self, node: Node, start: Node | None, pairs: list[tuple[Node, Node]]) -> Value:
        value = str(node.size) if start is None else self.small(start).text()
        for matrix, x in pairs:
            suffix, array, at = self._matrix(matrix, "rows")
            name = self.name()
            self.text.add(f"{name} = affine{suffix}({value}, {array}, {at}, {self.small(x).text()})")
            value = name
        return Small([f"{value}[{i}]" for i in range(node.size)], value)

    def _affine_tiles(self, node: Node, start: Node | None, pairs: list[tuple[Node, Node]]) -> Value:
        step = self.plan.step
        begin = None if start is None else self.memory(start) if in_registers(start) else self.value(start)
        operands = [(*self._matrix(m, "tile"), m.shape[1], self.small(x).text() if in_registers(x) else self.memory(x)) for m, x in pairs]
        spans = tiles(node.size, step)
        in_tuple = in_registers(node) and self.layout != "units"
        slot = 0 if in_tuple else self.plan.slot(node.size)
        elements: list[str] = []
        whole = len(spans) - (spans[-1][1] != TILE)
        loops = [(None, span) for span in spans] if in_tuple or whole < 2 else [(whole, spans[0])] + [(None, s) for s in spans[whole:]]
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
                    self.text.add(f"store_units(S, {plus(str(slot + r * step), row)}, {name}[{r}])")
            self.text.indent -= bool(k)
        if in_tuple:
            return Small(elements)
        place = Memory("S", str(slot))
        return place if not in_registers(node) else self._fetch(node, place)

    def _tile(self, begin: Any, operands: list[Any], row: str, packs: int, k: str, first: int) -> str:
        step = self.plan.step
        value = str(packs)
        if begin is not None:
            reads = [f"{begin.words}_units({begin.array}, {plus(plus(begin.at, str(r * step)), row)})" for r in range(packs)]
            value = f"({', '.join(reads)},)"
        for suffix, array, base, columns, x in operands:
            at = plus(str(base + first * step * columns), f"{k} * {TILE * step * columns}") if k else str(base + first * step * columns)
            name = self.name()
            if isinstance(x, Memory):
                self.text.add(f"{name} = tile{suffix}({value}, {array}, {at}, S, {x.at}, {columns})")
            else:
                self.text.add(f"{name} = tile{suffix}_tuple({value}, {array}, {at}, {x})")
            value = name
        return value

    def _computed(self, node: Node, start: Node | None, pairs: list[tuple[Node, Node]]) -> Value:
        """Products with matrices that are themselves computed: row by row from scratch."""
        self._lanes_only("a product with a computed matrix")
        slot, i = self.plan.slot(node.size), self.name()
        begin = None if start is None else self.memory(start)
        operands = []
        for matrix, x in pairs:
            leaf, turned = (matrix.args[0], True) if matrix.op == "transpose" else (matrix, False)
            operands.append((self.memory(leaf).at, self.memory(x).at, matrix.shape[1], turned))
        self.text.add(f"for {i} in range({node.size}):")
        self.text.indent += 1
        total = f"scratch(S, {begin.at} + {i})" if begin else "-0.0"
        for matrix_at, x_at, columns, turned in operands:
            value, j = self.name(), self.name()
            self.text.add(f"{value} = lanes({total})")
            self.text.add(f"for {j} in range({columns}):")
            where = f"{matrix_at} + {j} * {node.size} + {i}" if turned else f"{matrix_at} + {i} * {columns} + {j}"
            self.text.add(f"    {value} = fma(scratch(S, {where}), scratch(S, {x_at} + {j}), {value})")
            total = value
        self.text.add(f"store(S, {slot} + {i}, {total})")
        self.text.indent -= 1
        place = Memory("S", str(slot))
        return place if not in_registers(node) else self._fetch(node, place)

    # functions and loops ----------------------------------------------------------------------------------------------------------
    def expression(self, node: Node) -> str:
        """A small value as one expression whose type is always the same: packs, not numbers."""
        text = self.small(node).text() if node.shape else self.scalar(node)
        return text if node.dtype != "float" or VARIABLE.match(text) else f"lanes({text})"

    def _place_items(self, node: Node, function: Function, values: list[Value]) -> Value:
        for reader in self._readers[node.id]:
            self.values[reader.id] = values[reader.attr]
            self.done.add(reader.id)
        return Small([])

    def _call(self, node: Node) -> Value:
        name = self.name()
        self.text.add(f"{name} = {self.functions[id(node.attr)]}({', '.join(['w', 'K', 'S', *map(self.expression, node.args)])})")
        return self._place_items(node, node.attr, [part(f"{name}[{i}]", o) for i, o in enumerate(node.attr.outputs)])

    def _repeat(self, node: Node) -> Value:
        function, times = node.attr
        count = len(function.outputs)
        body = Body(self.plan, self.layout, self.functions, self.text, f"{self.name()}_")
        state = Carry(body, function.inputs[:count], f"{self.name()}_s")
        state.assign([self.value(a) for a in node.args[:count]])
        for inner, outer in zip(function.inputs[count:], node.args[count:], strict=True):
            body.values[inner.id] = self.value(outer)
        self.text.add(f"for {self.name()} in range({times}):")
        self.text.indent += 1
        if id(function) in self.functions:
            result = self.name()
            self.text.add(f"{result} = {self.functions[id(function)]}({', '.join(['w', 'K', 'S', *map(body.expression, function.inputs)])})")
            state.assign([part(f"{result}[{i}]", o) for i, o in enumerate(function.outputs)])
        else:
            state.advance(function.outputs)
        self.text.indent -= 1
        return self._place_items(node, function, state.current())


class Carry:
    """Values carried round a loop: variables for small ones, scratch for large ones."""

    def __init__(self, body: Body, inputs: list[Node], prefix: str, names: list[str] | None = None) -> None:
        self.body, self.inputs = body, inputs
        self.names = names or [f"{prefix}{i}" for i in range(len(inputs))]
        for node, name in zip(inputs, self.names, strict=True):
            body.values[node.id] = part(name, node) if in_registers(node) else Memory("S", str(body.plan.slot(node.size)))

    def current(self) -> list[Value]:
        """Where the values are."""
        return [self.body.values[n.id] for n in self.inputs]

    def advance(self, outputs: list[Node]) -> None:
        """At the end of the loop's body: compute the next values and take them."""
        homes = {o.id: (n, self.body.values[n.id]) for n, o in zip(self.inputs, outputs, strict=True) if not in_registers(n)}
        self.body.emit(outputs, homes)  # type: ignore[arg-type]
        self.assign([self.body.value(o) for o in outputs])

    def assign(self, values: list[Value]) -> None:
        """Take these values, all at once."""
        body, left, right = self.body, [], []
        places = [body.values[n.id] for n in self.inputs]
        for node, name, value in zip(self.inputs, self.names, values, strict=True):
            if in_registers(node):
                small = body._fetch(node, value) if isinstance(value, Memory) else value
                text = small.text() if node.shape else small.elements[0]
                if text != name:
                    left.append(name)
                    right.append(text if node.dtype == "bool" or VARIABLE.match(text) else f"lanes({text})")
        moves = [(n, v, p) for n, v, p in zip(self.inputs, values, places, strict=True) if not in_registers(n) and v != p]
        for k, (node, value, place) in enumerate(moves):
            if any(value == taken for _, _, taken in moves[:k]):  # an old value that is overwritten before it is read
                raise EvornnError(f"a state field takes over another field's old value of {node.size} elements; add 0 to copy it first")
            assert isinstance(place, Memory)
            body.copy(node, value, place)
        if left:
            body.text.add(f"{', '.join(left)} = {', '.join(right)}")


def part(expression: str, node: Node) -> Small:
    """A function's result, as a value."""
    return Small([f"{expression}[{i}]" for i in range(node.size)], expression) if node.shape else Small([expression])


def plus(a: str, b: str) -> str:
    """a + b as text, whole numbers added now."""
    if a.isdigit() and b.isdigit():
        return str(int(a) + int(b))
    return a if b == "0" else b if a == "0" else f"{a} + {b}"

