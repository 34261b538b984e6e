"""Tracing: what users write becomes the graph they meant, and what cannot be traced names their line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evornn.formula as f
from evornn.errors import EvornnError
from evornn.formula import FormulaError, Node, State
from evornn.formula.noise import threefry_int
from evornn.formula.state import flatten, leaf_names, tree_map, unflatten
from evornn.formula.trace import Function, reachable, trace
from evornn.graph.simplify import simplify


def symbol(*shape: int, dtype: str = "float") -> Node:
    return Node("input", (), shape, dtype, "x")


def simplified(function: Any, *inputs: Node) -> Function:
    with f.tracing():
        return simplify([trace("f", function, list(inputs), inputs)])[0]


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        (lambda x: 1.0 if x[0] > 0 else 2.0, "where(condition"),
        (lambda x: float(x[0]), "where(condition"),
        (lambda x: int(x[0]), "floor"),
        (lambda x: np.array(x), "concat"),
        (lambda x: np.arcsinh(x[0]), "arcsin"),
        (lambda x: x + np.zeros(4), "shapes"),
        (lambda x: x @ np.zeros((4, 3)), "needs [n, m] @ [m]"),
        (lambda x: x[7], "index 7"),
        (lambda x: x**np.inf, "finite"),
        (lambda x: pow(x, 2, 3), "modulus"),
        (lambda x: x % 0, "by 0"),
        (lambda x: (x > 0) + (x > 1), "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) * np.array([True, False, True]), "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) - True, "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) / (x > 1), "where(condition, 1.0, 0.0)"),
        (lambda x: -(x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: +(x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: abs(x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) ** 2, "where(condition, 1.0, 0.0)"),
        (lambda x: x ** (x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) // 2, "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) @ (x > 1), "where(condition, 1.0, 0.0)"),
        (lambda x: np.sqrt(x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: np.maximum(x > 0, x > 1), "where(condition, 1.0, 0.0)"),
        (lambda x: np.max(x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0).max(), "where(condition, 1.0, 0.0)"),
        (lambda x: np.dot(x > 0, x > 1), "where(condition, 1.0, 0.0)"),
        (lambda x: np.outer(x > 0, x > 1), "where(condition, 1.0, 0.0)"),
        (lambda x: np.concatenate((x > 0, x > 1)), "where(condition, 1.0, 0.0)"),
        (lambda x: np.clip(x > 0, 0, 1), "where(condition, 1.0, 0.0)"),
        (lambda x: np.prod(x > 0), "where(condition, 1.0, 0.0)"),
        (lambda x: (x > 0) & 1, "needs conditions"),
        (lambda x: (x > 0) ^ x, "needs conditions"),
        (lambda x: not x[0], "`~`"),
        (lambda x: 0 < x[0] < 1, "where(condition"),
        (lambda x: max(x[0], 0.0), "maximum"),
        (lambda x: 3.0 in x, "where(condition"),
        (lambda x: math.sin(x[0]), "of evornn.formula"),
        (lambda x: math.floor(x[0]), "floor(x)"),
        (lambda x: round(x[0]), "np.round(x)"),
        (lambda x: x[0] >> 1, "divide"),
        (lambda x: x.__setitem__(0, 1.0), "put("),
        (lambda x: np.zeros(3).__iadd__(x), "a = a + x"),
        (lambda x: np.array([x[0], x[1]]), "concat"),
        (lambda x: f.maximum(x, [x[0], 1.0, 2.0]), "concat(...)"),
        (lambda x: x + 10**400, "no float"),
        (lambda x: f.maximum(x, [[1.0], [1.0, 2.0]]), "cannot be part of a formula"),
        (lambda x: x[0] == None, "None"),  # noqa: E711
        (lambda x: f.SparseMatrix(np.eye(3)).with_values(x[:2]), "they need shape (3,)"),
        (lambda x: f.SparseMatrix(np.eye(2)).with_values(x[:2]) @ x, "a vector (2,)"),
        (lambda x: f.solve(np.eye(2), x), "a matrix [n, n] and a vector [n]"),
        (lambda x: x.argsort(), "formula.argmax"),
        (lambda x: x.softmx(), "formula.softmax"),
        (lambda x: x.sum(axis=1), "axis=1"),
        (lambda x: x.sum(where=x > 0), "where"),
        (lambda x: np.zeros((4, 2)) + x, "(4, 1) for every column (v[:, None])"),
        (lambda x: x + x[:2], "v[:, None] is a column"),
        (lambda x: x.reshape(2, -1), "it has 3 elements"),
        (lambda x: x.reshape(1, 1, 3), "vectors and matrices"),
        (lambda x: np.roll(x, x[0]), "known when the formula is traced"),
        (lambda x: f.step_function(x, "steep"), "'fast_sigmoid', 'sigmoid'"),
        (lambda x: np.linalg.inv(x), "np.linalg.inv"),
        (lambda x: np.add.reduce(x), "np.add.reduce"),
        (lambda x: np.logaddexp(x, x), "formula.softplus"),
        (lambda x: np.clip(x, 0, 1, out=np.zeros(3)), "out"),
        (lambda x: len(x[0]), "no length"),
        (lambda x: ((x > 0) + 1) ** -1, "1.0 / x ** k"),
        (lambda x: (1 - 2 * (x > 0)) ** -3.0, "1.0 / x ** k"),
        (lambda x: f.put(x, 3, 1.0), "row 3 of a buffer with 3 rows"),
        (lambda x: f.put(x, -4, 1.0), "row -4 of a buffer with 3 rows"),
        (lambda x: f.put(x, 1.5, 1.0), "whole number"),
        (lambda x: f.concat(), "of nothing"),
        (lambda x: f.stack(), "of nothing"),
        (lambda x: ~x[0], "condition"),
        (lambda x: (x[0] > 0) & x[1], "parentheses"),
        (lambda x: f.split(x, 2), "equal parts"),
        (lambda x: f.where(x[0], 1.0, 2.0), "condition"),
        (lambda x: x + "a", "'a'"),
        (lambda x: f.normal(x[0]), "time step"),
        (lambda x: f.repeat(3, lambda s: s[:2], x), "repeat"),
    ],
)
def test_misuse_names_the_line_and_the_remedy(misuse: Any, said: str) -> None:
    with pytest.raises(FormulaError) as caught, f.tracing():
        misuse(symbol(3))
    assert __file__ in str(caught.value)
    assert said in str(caught.value)
    assert "lambda x" in str(caught.value), "the user's own text"


def test_sub_functions_are_traced_once_for_each_signature() -> None:
    calls = []

    def slope(s: State, k: Any) -> State:
        calls.append(1)
        return State(a=s.b * k, b=-s.a)

    def step(x: Node) -> Any:
        s = State(a=x[0], b=x[1])
        for _ in range(4):
            s = f.call(slope, s, x[2])
        return f.call(slope, s, 2.0).a

    graph = simplified(step, symbol(3))
    assert len(calls) == 2, "one signature with a traced factor, one with a number"
    nodes = reachable(graph.outputs)
    assert sum(n.op == "call" for n in nodes) == 5
    assert len({id(n.attr) for n in nodes if n.op == "call"}) == 2


def test_loops_stay_loops_and_captured_values_are_passed() -> None:
    graph = simplified(lambda x: f.repeat(1000, lambda s: s * x[1] + x[2], x[0]), symbol(3))
    (loop,) = [n for n in reachable(graph.outputs) if n.op == "repeat"]
    assert loop.attr[1] == 1000
    assert len(loop.args) == 2, "the state, and the vector that the body read without being passed it"
    assert not loop.attr[0].captured


def test_simplification_contracts_and_folds() -> None:
    leaves = ("input", "constant", "parameter")

    def ops(function: Any, *inputs: Node) -> list[str]:
        return sorted(n.op for n in reachable(simplified(function, *inputs).outputs) if n.op not in leaves)

    x, W = symbol(40), Node("parameter", (), (40, 40), "float", "W")
    assert ops(lambda a: W @ a + W.T @ a + a, x) == ["affine", "transpose"]
    assert ops(lambda a: a * 2.0 + 1.0, x) == ["fma"]
    assert ops(lambda a: (a + 0.0) * 1.0, x) == []
    assert ops(lambda a: f.where(np.bool_(True), a, 2.0) / 4.0, x) == ["mul"]
    assert ops(lambda a: f.tanh(a)[3] + f.tanh(a)[4], x) == ["add", "slice", "slice", "tanh"], "equal nodes are shared"
    assert ops(lambda a: (W @ a) + f.sum(W @ a), x) == ["add", "affine", "sum"], "a product read twice is done once"
    assert ops(lambda a: a * 0.0, x) == ["mul"], "NaN times zero stays NaN"


def test_threefry_gives_its_authors_numbers() -> None:
    ones = 0xFFFFFFFF
    assert threefry_int((0, 0), (0, 0)) == (0x6B200159, 0x99BA4EFE)
    assert threefry_int((ones, ones), (ones, ones)) == (0x1CB996FC, 0xBB002BE7)
    assert threefry_int((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)) == (0xC4923A9C, 0x483DF7A0)


def test_noise_has_its_distribution() -> None:
    from scipy import stats

    steps = [f.Step(t, seed=5, episode=e) for t in range(300) for e in range(10)]
    assert stats.kstest([f.uniform(t) for t in steps], "uniform").pvalue > 1e-3
    assert stats.kstest([f.normal(t, 1) for t in steps], "norm").pvalue > 1e-3
    with pytest.raises(TypeError, match="Step"):
        f.normal(3)


leaves = st.floats(allow_nan=False)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.tuples(inner, inner) | st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(lambda d: State(**d))
    ),
    max_leaves=6,
)


@given(trees)
def test_records_flatten_and_come_back(tree: Any) -> None:
    flat, definition = flatten(tree)
    assert flatten(unflatten(definition, flat)) == (flat, definition)
    assert len(leaf_names(tree)) == len(set(leaf_names(tree))) == len(flat)


def test_records_are_immutable_and_name_what_is_missing() -> None:
    s = State(position=1.0, speed=2.0)
    assert s.replace(speed=3.0).speed == 3.0
    with pytest.raises(EvornnError, match="did you mean 'speed'"):
        _ = s.sped
    with pytest.raises(EvornnError, match="immutable"):
        s.speed = 1.0
    with pytest.raises(EvornnError, match="records differ"):
        tree_map(lambda a, b: a, s, State(position=1.0))


def test_conditions_absorb_in_vectors_too() -> None:
    never, x = np.bool_(False), symbol(3)
    (graph,) = simplified(lambda a: f.where(never & (a > 0), 1.0, 2.0), x).outputs
    assert graph.op == "constant"
    assert graph.attr.array.tolist() == [2.0, 2.0, 2.0], "false and anything is false"


def test_what_a_traced_value_lacks_is_an_attribute_it_lacks() -> None:
    x = symbol(3)
    assert not hasattr(x, "foo")
    assert getattr(x, "actions", 5) == 5
    assert f"{x[0]:.2f} {x}".count("<") == 2, "prints are allowed"


def test_zeros_of_both_signs_are_two_constants() -> None:
    graph = simplified(lambda a: f.stack(a[0] / 0.0, a[0] / -0.0), symbol(3))
    zeros = [n.attr for n in reachable(graph.outputs) if n.op == "constant"]
    assert sorted(math.copysign(1, z) for z in zeros) == [-1, 1]


def test_errors_in_built_in_formulas_name_the_line_of_the_user() -> None:
    with pytest.raises(FormulaError, match=r"np\.linalg\.norm") as caught:
        np.linalg.norm(symbol(3, 3), 2)
    assert __file__ in str(caught.value)
