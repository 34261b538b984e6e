"""The heart of the emitter: statements for small values, one loop for each run of elementwise operations on large
ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from evornn.compiler.emit.places import Places
from evornn.compiler.emit.values import VARIABLE, Memory, Small, Text, Value, plus, sine_pairs
from evornn.compiler.memory_plan import Plan
from evornn.compiler.target import Target
from evornn.errors import EvornnError
from evornn.formula.elementwise import OPERATIONS
from evornn.formula.node import Node
from evornn.formula.trace import reachable
from evornn.graph.simplify import in_registers

ARRAYS = ("w", "K", "J", "S")  # what every function of a kernel is passed: weights, constants, tables, scratch
VIEWS = ("slice", "take", "carried")  # large ones are read where their argument is
REPEATED = ("expand", "outer")  # rows and columns that loops over a matrix read where they are
LATE = ("transpose", *REPEATED, "parameter", "constant")  # placed where they are read
SPELLED = {"and": "and_", "or": "or_", "not": "not_"}


class Core(Places):
    """Emits the statements of one graph into a text; nested loops and functions share the plan and the names."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        functions: dict[int, str],
        text: Text,
        prefix: str = "v",
        arrays: tuple[str, ...] = ARRAYS,
    ) -> None:
        super().__init__(plan, target, text, prefix)
        self.functions = functions
        self.values: dict[int, Value] = {}
        self.done: set[int] = set()
        self._waiting: dict[int, list[Node]] = {}
        self._readers: dict[int, list[Node]] = defaultdict(list)
        self._homes: dict[int, tuple[Node, Memory]] = {}
        self._outputs: set[int] = set()
        self.places: dict[int, Memory] = {}  # where large results are wanted: node id -> place
        self.arrays, self.own_rows = arrays, set[int]()  # own_rows: whole numbers that differ from lane to lane

    # the driver -------------------------------------------------------------------------------------------------------
    def emit(self, outputs: list[Node], homes: dict[int, tuple[Node, Memory]] | None = None) -> None:
        """Emit everything below `outputs` that has no value yet. `homes` offers an output's memory: (old value,
        place), see `_home`.
        """
        nodes = [n for n in reachable(outputs, frozenset(self.values)) if n.id not in self.values]
        self._homes, self._outputs = homes or {}, {o.id for o in outputs}
        self._readers = defaultdict(list)
        for node in nodes:
            for arg in node.args:
                self._readers[arg.id].append(node)
        shared = sine_pairs(nodes)
        late = [n for n in nodes if n.op == "put" and n.id in self._homes and not self._readers[n.id]]
        late_ids = {n.id for n in late}
        for node in [n for n in nodes if n.id not in late_ids] + late:
            if node.id in late_ids:  # may write a carried buffer in place: what reads its old rows comes first
                for size in list(self._waiting):
                    self._flush(size)
            if node.id in self.values or node.op in LATE:
                continue
            if node.op in OPERATIONS and not in_registers(node):
                self._wait(node)
                continue  # done when its loop is written
            for arg in node.args:
                self._settle(arg)
            if node.id in shared:
                self._sine_pair(node, shared[node.id])
            if node.id not in self.values:
                self.values[node.id] = getattr(self, f"_{node.op}", self._elementwise)(node)
            self.done.add(node.id)
        for size in list(self._waiting):
            self._flush(size)

    def value(self, node: Node) -> Value:
        """Where a value is; leaves are placed on first use."""
        if node.id not in self.values and node.op in ("parameter", "constant"):
            return self._leaf(node)
        self._settle(node)
        if node.op in LATE and node.id not in self.values:  # written out where nothing reads it on its way
            self.values[node.id] = getattr(self, f"_{node.op}")(node)
        return self.values[node.id]

    def small(self, node: Node) -> Small:
        """A scalar or small vector in registers."""
        value = self.value(node)
        if isinstance(value, Small):
            return value
        if node.ndim == 0:
            return Small([f"{value.prefix}({value.array}, {value.at})"])
        name = self.name()
        self.text.add(f"{name} = {self._tuple(value, node.size)}")
        return Small([f"{name}[{i}]" for i in range(node.size)], name)

    def scalar(self, node: Node) -> str:
        """A scalar's expression."""
        return self.small(node).elements[0]

    def memory(self, node: Node) -> Memory:
        """A large value, or a small one put there, in memory laid out as scratch is."""
        value = self.value(node)
        if isinstance(value, Memory) and value.prefix == "scratch":
            return value
        slot = Memory("S", str(self.plan.slot(node.size)))
        self.copy(node, value, slot)
        return slot

    def indexed(self, node: Node) -> Memory:
        """A value in any memory, where loops may pick its elements."""
        if node.op in ("parameter", "constant") and node.shape:
            return self._leaf_in_memory(node)
        value = self.value(node)
        return value if isinstance(value, Memory) else self.memory(node)

    def copy(self, node: Node, value: Value, place: Memory, exact: bool = False) -> None:
        """Write a value to memory at `place`; masks as 0 and 1. Unless `exact`, what follows up to a whole pack may be
        overwritten.
        """
        to = f"{place.array}, {place.at}"
        if isinstance(value, Memory):
            whole = node.size - node.size % self.plan.step if exact else node.size
            if whole:
                i = self._loop(whole)
                self.text.add(f"    {self.units('store', place, i, self.units(value.prefix, value, i))}")
            for k in range(whole, node.size):
                one, other = place.part(str(k)), value.part(str(k))
                self.text.add(f"store({one.array}, {one.at}, {value.prefix}({other.array}, {other.at}))")
        elif node.dtype == "bool":
            for k, element in enumerate(value.elements):
                self.text.add(f"store({place.array}, {plus(place.at, str(k))}, {self.as_number(element)})")
        elif node.ndim:
            self.text.add(f"{self.target.intrinsic('store_tuple', node.size)}({to}, {value.text()})")
        else:
            self.text.add(f"store({to}, {value.elements[0]})")

    # large elementwise values: loops ----------------------------------------------------------------------------------
    def _wait(self, node: Node) -> None:
        for arg in node.args:
            if arg.op == "transpose":  # written out now: what it turns may wait in the same loop
                self.value(arg)
            elif arg.op in REPEATED:
                for one in arg.args:
                    self._settle(one)
            elif arg.size != node.size:
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
        outer = [a for n in members for a in n.args if a.id not in inside and a.id not in fixed]
        grid = self._grid(outer)
        repeating = {a.id: (a, [self.indexed(one) for one in a.args]) for a in outer if _repeats(a, grid)}
        sources = {a.id: self.value(a) for a in outer if a.id not in repeating}
        depth = self.text.indent + 1
        i, repeated = self._nest(size, grid, list(repeating.values()))
        local: dict[int, str] = {**fixed, **repeated}
        for node in members:
            for arg in node.args:
                if arg.id not in local:
                    local[arg.id] = self._read(arg, sources[arg.id], i)
            local[node.id] = self._statement(node, [local[a.id] for a in node.args])
        for node in members:
            if node.id in self._outputs or any(r.id not in inside for r in self._readers[node.id]):
                place = self.places.get(node.id) or self._home(node, inside)
                place = place or Memory("S", str(self.plan.slot(size)))
                value = self.as_number(local[node.id]) if node.dtype == "bool" else local[node.id]
                self.text.add(self.units("store", place, i, value))
                self.values[node.id] = place
            else:
                self.values[node.id] = Memory("S", "unused")
        self.text.indent = depth - 1
        self.done |= inside

    def _grid(self, nodes: list[Node]) -> tuple[int, ...] | None:
        """The shape of a repeated row or column, or a product of these, that a loop may read on its way: not where
        several elements are read at once, of which some may lie in the next row.
        """
        return next((n.shape for n in nodes if n.op in REPEATED), None) if self.plan.step == 1 else None

    def _nest(
        self, size: int, grid: tuple[int, ...] | None, repeating: list[tuple[Node, list[Memory]]]
    ) -> tuple[str, dict[int, str]]:
        """Begin the loop over all elements, or over rows and columns: the element's number, and what is repeated."""
        if grid is None:
            i = self._loop(size)
            self.text.indent += 1
            return i, {}
        read: dict[int, str] = {}
        row, column, i = self.name(), self.name(), self.name()
        for axis, place in ((1, row), (0, column)):  # what is the same along a row is read once a row
            self.text.add(f"for {place} in range({grid[1 - axis]}):")
            self.text.indent += 1
            for node, sources in repeating:
                if node.op == "outer":
                    one = self._read(node.args[1 - axis], sources[1 - axis], place)
                    read[node.id] = one if axis else self._names([f"mul({read[node.id]}, {one})"]).elements[0]
                elif node.attr == axis:
                    read[node.id] = self._read(node, sources[0], place)
        self.text.add(f"{i} = {row} * {grid[1]} + {column}")
        return i, read

    def _read(self, node: Node, value: Value, i: str) -> str:
        assert isinstance(value, Memory)
        name = self.name()
        load = self.units(value.prefix, value, i)
        self.text.add(f"{name} = {self.as_mask(load) if node.dtype == 'bool' else load}")
        return name

    def _home(self, node: Node, inside: set[int]) -> Memory | None:
        """The place of the old value that this output replaces, if nobody reads the old value, or a part of it where
        it is, after the nodes `inside`.
        """
        if node.id not in self._homes:
            return None
        old, place = self._homes[node.id]
        todo, later = list(self._readers[old.id]), False
        while todo:
            reader = todo.pop()
            turned = reader.op == "transpose"  # read by products on their way, or written out by now
            if reader.op in VIEWS or (turned and reader.id not in self.values):
                todo += self._readers[reader.id]
            later |= not turned and reader.id not in self.done and reader.id not in inside
        return None if later or old.id in self._outputs else place

    # small values: statements -----------------------------------------------------------------------------------------
    def _statement(self, node: Node, arguments: list[str], *sizes: int | str) -> str:
        name = self.name()
        self.text.add(
            f"{name} = {self.target.intrinsic(SPELLED.get(node.op, node.op), *sizes)}({', '.join(arguments)})"
        )
        return name

    def _elementwise(self, node: Node) -> Value:
        if node.op not in OPERATIONS:
            raise EvornnError(f"no kernel for operation {node.op!r}")
        parts = [self.small(a) for a in node.args]
        if not node.shape:
            return Small([self._statement(node, [p.elements[0] for p in parts])])
        name = self._statement(
            node,
            [p.text() if a.shape else p.elements[0] for a, p in zip(node.args, parts, strict=True)],
            node.size,
            "".join("t" if a.shape else "s" for a in node.args),
        )
        return Small([f"{name}[{i}]" for i in range(node.size)], name)

    def _sine_pair(self, node: Node, pair: tuple[Node, Node]) -> None:
        name = self.name()
        self.text.add(f"{name} = sincos({self.scalar(node.args[0])})")
        for i, n in enumerate(pair):
            self.values[n.id] = Small([f"{name}[{i}]"])

    def expression(self, node: Node) -> str:
        """A small value as one expression whose type is always the same: packs, not numbers."""
        text = self.small(node).text() if node.shape else self.scalar(node)
        return text if node.dtype != "float" or VARIABLE.match(text) else self.target.typed(text)

    def _fetch(self, node: Node, view: Memory) -> Small:
        """A part of a large value, read into registers now: its memory may change later."""
        if node.dtype != "float" or not node.shape:
            return self._elements(node, view, range(node.size))
        name = self.name()
        self.text.add(f"{name} = {self._tuple(view, node.size)}")
        return Small([f"{name}[{i}]" for i in range(node.size)], name)

    def _elements(self, node: Node, view: Memory, picks: Iterable[int]) -> Small:
        """These elements of a large value, one by one; of the kind of `node`."""
        if node.dtype == "int":
            return self._names([self.target.whole(view.array, plus(view.at, str(i))) for i in picks])
        reads = [f"{view.prefix}({view.array}, {plus(view.at, str(i))})" for i in picks]
        return self._names([self.as_mask(read) for read in reads] if node.dtype == "bool" else reads)


def _repeats(node: Node, grid: tuple[int, ...] | None) -> bool:
    """Whether a value is a row or column repeated to this shape, or the product of two."""
    return node.op in REPEATED and node.shape == grid
