"""Tracing: running a formula once on symbols to get its graph, with sub-functions and loops kept as they are.

`call(f, ...)` runs `f` directly on numbers; on traced values it traces `f` once for each signature and leaves one call
node, so that kernels keep the user's structure (flattened code compiles 10 times slower and runs at half the speed).
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar, cast

from evornn.formula.node import Node, lift
from evornn.formula.node_tools import carried, items, renewed, whole_number
from evornn.formula.operations import leaves_are_traced
from evornn.formula.source_lines import fail, wrong
from evornn.formula.state import flatten, unflatten

F = TypeVar("F", bound=Callable[..., Any])

_functions: contextvars.ContextVar[dict[Any, Function] | None] = contextvars.ContextVar("functions", default=None)


class Function:
    """A traced formula: input nodes, output nodes, and the outer values its body used without being passed them
    (`captured`).
    """

    def __init__(
        self, name: str, inputs: list[Node], outputs: list[Node], definition: Any, captured: tuple[Node, ...] = ()
    ) -> None:
        self.name, self.inputs, self.outputs, self.definition, self.captured = (
            name,
            inputs,
            outputs,
            definition,
            captured,
        )

    def __repr__(self) -> str:
        return f"Function {self.name}({len(self.inputs)}) -> {len(self.outputs)}"


CALLS = ("call", "repeat", "when")  # operations that run a function


def body_of(node: Node) -> Function:
    """The function that a call, loop or branch runs."""
    function: Function = node.attr[0] if node.op == "repeat" else node.attr
    return function


@contextlib.contextmanager
def tracing() -> Iterator[None]:
    """One trace: sub-functions met inside are shared, and forgotten at the end."""
    token = _functions.set({})
    try:
        yield
    finally:
        _functions.reset(token)


def reachable(outputs: list[Node], stop: frozenset[int] = frozenset()) -> list[Node]:
    """Every node the outputs depend on, in topological order; nodes with an id in `stop` are listed but not entered."""
    seen: dict[int, Node] = {}
    todo = list(outputs)
    while todo:
        node = todo.pop()
        if node.id not in seen:
            seen[node.id] = node
            if node.id not in stop:
                todo.extend(node.args)
    return [seen[i] for i in sorted(seen)]


def rebuilt(
    outputs: list[Node], known: dict[int, Node], rule: Callable[[Node, tuple[Node, ...]], Node] = renewed
) -> list[Node]:
    """The outputs with everything below them made anew: rule(node, new arguments) -> new node.

    `known` maps ids of nodes that are not entered to what stands for them, and is filled on the way.
    """
    for node in reachable(outputs, frozenset(known)):
        if node.id not in known:
            known[node.id] = rule(node, tuple(known[a.id] for a in node.args))
    return [known[o.id] for o in outputs]


def trace(name: str, function: Callable[..., Any], inputs: list[Node], arguments: tuple[Any, ...]) -> Function:
    """Run `function(*arguments)`, whose leaves are `inputs` and constants, and keep its graph."""
    first = inputs[0].id if inputs else lift(0.0).id
    leaves, definition = flatten(function(*arguments))
    outputs = [lift(leaf) for leaf in leaves]
    own = {n.id for n in inputs}
    captured = _captured(outputs, first, own)
    return Function(name, inputs, outputs, definition, captured)


def _captured(outputs: list[Node], first: int, own: set[int]) -> tuple[Node, ...]:
    """Outer values met from inside: nodes older than the trace that are neither inputs, constants nor parameters."""
    found: dict[int, Node] = {}
    seen: set[int] = set()
    todo = list(outputs)
    while todo:
        node = todo.pop()
        if node.id in seen or node.id in own:
            continue
        seen.add(node.id)
        if node.op in ("constant", "parameter"):
            continue
        if node.id < first:
            found[node.id] = node
            continue
        todo.extend(node.args)
    return tuple(found[i] for i in sorted(found))


def _signature(arguments: tuple[Any, ...]) -> tuple[list[Any], Any, Any]:
    leaves, definition = flatten(arguments)
    return leaves, definition, tuple(map(_kind, leaves))


def _kind(leaf: Any) -> Hashable:
    if _passed(leaf):
        return leaf.shape, leaf.dtype
    return "static", leaf if _hashable(leaf) and not isinstance(leaf, Node) else id(leaf)


def _passed(leaf: object) -> bool:
    """Whether an argument is passed to a traced function; numbers, and parameters and constants of the kernel, are
    known inside it.
    """
    return isinstance(leaf, Node) and leaf.op not in ("parameter", "constant")


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _traced_function(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Function, list[Node]]:
    """The traced form of `function` for these arguments, and the node arguments to call it with."""
    leaves, definition, kinds = _signature(arguments)
    known = _functions.get()
    if known is None:
        fail("sub-functions are traced inside a trace: build a Problem, or use formula.tracing()")
    key = (function, definition, kinds)
    passed = [leaf for leaf in leaves if _passed(leaf)]
    if key not in known:
        symbols = [Node("input", (), leaf.shape, leaf.dtype, f"a{i}") for i, leaf in enumerate(passed)]
        rest = iter(symbols)
        inside = unflatten(definition, [next(rest) if _passed(leaf) else leaf for leaf in leaves])
        name = getattr(function, "__name__", "").lstrip("_")
        known[key] = trace(name if name.isidentifier() else "function", function, symbols, inside)
    return known[key], passed


def _results(node: Node, function: Function, definition: Any) -> Any:
    return unflatten(definition, items(node, function.outputs))


def _carried(leaf: Node) -> Node:
    """A value that a loop carries: never a constant or parameter itself, since it will change."""
    return leaf if _passed(leaf) else carried(leaf)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments), kept as one function in the graph. Arguments are traced values, records of them, or
    static values.
    """
    if not leaves_are_traced(arguments):
        return function(*arguments)
    traced, passed = _traced_function(function, arguments)
    node = Node("call", (*passed, *traced.captured), (), "tuple", traced)
    return _results(node, traced, traced.definition)


def function(f: F) -> F:
    """Decorator: every use of `f` inside a formula is a `call`."""
    return cast(F, functools.wraps(f)(lambda *arguments: call(f, *arguments)))


def repeat(n: int, function: Callable[..., Any], state: Any, *arguments: Any, counter: bool = False) -> Any:
    """Apply state = function(state, *arguments) n times; the loop stays a loop in the kernel. counter: the function is
    called as function(state, k, *arguments), k = 0 .. n - 1 being a whole number: an index.
    """
    if not isinstance(n, int) or n < 1:
        fail(f"repeat needs a whole number of times from 1, not {n!r}")
    if not leaves_are_traced((state, arguments)):
        for k in range(n):
            state = function(state, *((k,) if counter else ()), *arguments)
        return state
    if counter:
        return repeat(n, _counted(function), (state, whole_number(0)), *arguments)[0]
    if n == 1:
        return call(function, state, *arguments)
    traced, passed, definition = _traced_change("repeat", function, state, arguments)
    node = Node("repeat", (*passed, *traced.captured), (), "tuple", (traced, n))
    return _results(node, traced, definition)


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a state and a counter, which it counts on; one in a trace, so that it is traced once."""

    @functools.wraps(function)
    def counted(state: Any, *arguments: Any) -> Any:
        inner, k = state
        return function(inner, k, *arguments), k + 1

    known: dict[Any, Any] = _functions.get() or {}
    return cast(Callable[..., Any], known.setdefault(("counted", function), counted))


def when(condition: Any, function: Callable[..., Any], state: Any, *arguments: Any) -> Any:
    """function(state, *arguments) where the condition holds, else the state as it is: a branch, so that what is not
    taken costs nothing. The condition is the same for all individuals: a comparison of whole numbers, which are the
    time step and data rows. For conditions of each individual: where(condition, a, b), which computes both.
    """
    if not isinstance(condition, Node):
        return function(state, *arguments) if condition else state
    holds = _as_whole(condition)
    traced, passed, definition = _traced_change("when", function, state, arguments)
    node = Node("when", (holds, *passed, *traced.captured), (), "tuple", traced)
    return _results(node, traced, definition)


def _traced_change(
    what: str, function: Callable[..., Any], state: Any, arguments: tuple[Any, ...]
) -> tuple[Function, list[Node], Any]:
    """The traced function, what is passed to it, and the form of the state, which must be that of its result."""
    leaves, definition = flatten(state)
    state = unflatten(definition, [_carried(lift(leaf)) for leaf in leaves])
    traced, passed = _traced_function(function, (state, *arguments))
    before = [(leaf.shape, leaf.dtype) for leaf in flatten(state)[0]]
    after = [(leaf.shape, leaf.dtype) for leaf in traced.outputs]
    if traced.definition != definition or before != after:
        fail(
            f"{what} needs a function that returns a state like the one it takes; it takes {before} and returns {after}"
        )
    return traced, passed, definition


def _as_whole(condition: Node) -> Node:
    """A condition as the whole number 1 or 0."""
    parts = condition.args
    if condition.op in ("lt", "le", "eq", "ne"):
        numbers = [a.args[0] if a.op == "to_float" else _whole_constant(a) for a in parts]
        if not condition.shape and all(n is not None for n in numbers):
            return Node(condition.op, tuple(n for n in numbers if n is not None), (), "int")
    if condition.op == "and":
        return _as_whole(parts[0]) * _as_whole(parts[1])
    if condition.op == "or":
        return Node("maximum", (_as_whole(parts[0]), _as_whole(parts[1])), (), "int")
    if condition.op == "not":
        return 1 - _as_whole(parts[0])
    raise wrong(
        "when needs a condition that is the same for all individuals: a comparison of whole numbers, of the time step "
        "or of a data row; for others use where(condition, a, b)"
    )


def _whole_constant(node: Node) -> Node | None:
    """A constant number as a whole one, if it is."""
    whole = node.op == "constant" and not node.shape and float(node.attr).is_integer()
    return Node("constant", (), (), "int", int(node.attr)) if whole else None
