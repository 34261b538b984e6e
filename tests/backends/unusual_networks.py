"""Networks of kinds that no built-in one has: what they carry and how they read it is cut, indexed, turned and put.

Every one is small in registers and large in memory, by its number of units.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import evornn.formula as f
from evornn.formula import State
from evornn.genome import Parameter
from evornn.networks.base import Network


class Unusual(Network):
    """A network with a state of about `units` numbers."""

    ROWS: ClassVar[dict[str, tuple[int, int, tuple[int, ...]]]] = {}  # of whole numbers: least, one too many, shape

    def __init__(self, units: int) -> None:
        self.units = units

    @classmethod
    def rows(cls, rng: np.random.Generator, *data: int) -> dict[str, np.ndarray] | None:
        """The data rows [*data, ...] that it asks for."""
        drawn = {name: rng.integers(low, high, (*data, *shape)) for name, (low, high, shape) in cls.ROWS.items()}
        return drawn or None

    def parameters(self) -> dict[str, Parameter]:
        """As `shapes` says, genes from -1 to 1."""
        return {name: Parameter(shape, (-1.0, 1.0)) for name, shape in self.shapes().items()}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the parameters."""
        return {"w": (self.inputs,), "v": (self.outputs,)}

    def drive(self, p: Any, x: Any) -> Any:
        """One number of all observations."""
        return f.sum(p.w * x)


class DelayLine(Unusual):
    """What came in `units` steps ago comes out."""

    def state(self) -> dict[str, tuple[int, ...]]:
        """The line."""
        return {"S": (self.units,)}

    def step(self, p: Any, s: Any, x: Any) -> Any:
        """Everything moves on by one."""
        return State(S=f.concat(self.drive(p, x), s.S[:-1])), p.v * s.S[-1] + s.S[self.units // 2]


class Views(Unusual):
    """Slices of slices, an index of a slice, every second number, a field that takes over a part of another."""

    def state(self) -> dict[str, tuple[int, ...]]:
        """The second field is the end of the first one a step ago, the last two change places."""
        n = self.units
        return {"a": (n,), "old": (n - 2,), "one": (n,), "two": (n,)}

    def step(self, p: Any, s: Any, x: Any) -> Any:
        """Old values are read after their fields have new ones."""
        n, inner = self.units, s.a[1:][:-1]
        a = f.tanh(0.9 * s.a + self.drive(p, x) * np.linspace(0.1, 1.0, n))
        y = inner[2] + f.sum(s.a[::2]) * 0.1 + f.max(s.old) + f.dot(s.a[::-1], s.one)
        return State(a=a, old=s.a[2:], one=s.two + 0.1 * a, two=s.one), p.v * y


class Matrices(Unusual):
    """Fast weights: a matrix in the state, turned, cut and multiplied by itself."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Besides what reads and writes: a matrix."""
        return {**super().shapes(), "W": (self.units, 3)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """The fast weights."""
        return {"M": (self.units, 3)}

    def step(self, p: Any, s: Any, x: Any) -> Any:
        """Decay and write by an outer product; read a column, a row and the transposed matrix."""
        key = f.tanh(p.W @ (np.ones(3) * self.drive(p, x)))
        m = 0.8 * s.M + f.outer(key, np.array([0.5, -0.2, 0.1]))
        y = f.sum(s.M * p.W) + f.sum(m[:, 1]) + m[1, 2] + f.sum(m.T @ key) + f.max(s.M.T[1]) + f.sum(m.T * p.W.T)
        return State(M=m), p.v * (0.1 * y)


class Cube(Unusual):
    """A parameter of three axes: its layers are matrices."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Two layers."""
        return {**super().shapes(), "T": (2, self.units, self.units)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """One value a unit."""
        return {"h": (self.units,)}

    def step(self, p: Any, s: Any, x: Any) -> Any:
        """Both layers in turn, one of them transposed."""
        scale = 1.0 / self.units
        h = f.tanh(scale * (p.T[0] @ s.h) + scale * (p.T[1].T @ s.h) + self.drive(p, x))
        return State(h=h), p.v * (p.T[1, 0] @ h * scale + f.sum(p.T * p.T) * 0.01 * scale)


class Rings(Unusual):
    """Ring buffers: of numbers, and of rows that are no whole packs; one puts what another one held."""

    def state(self) -> dict[str, tuple[int, ...]]:
        """Of three rows and of two."""
        return {"rows": (3, self.units), "held": (2, self.units)}

    def step(self, p: Any, s: Any, x: Any, now: Any) -> Any:
        """The step's number turns one ring, the other is turned by hand; each takes a row of the other's old values."""
        new = f.tanh(self.drive(p, x) + 0.5 * s.rows[(now.t + 2) % 3])
        rows = f.put(f.put(s.rows, 1, s.held[now.t % 2]), now.t % 3, new)
        held = f.put(s.held, 0, s.rows[2] + s.rows[0])
        return State(rows=f.put(rows, 2, s.rows[1]), held=held), p.v * f.sum(s.rows[2] * held[0]) * 0.1


class Products(Unusual):
    """Sums of products of matrices and of long vectors, beside scalars."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Two matrices of one shape."""
        return {**super().shapes(), "A": (self.units, 2), "B": (self.units, 2)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """One value a unit."""
        return {"h": (self.units,)}

    def step(self, p: Any, s: Any, x: Any) -> Any:
        """Inner products, a softmax, a maximum."""
        h = f.tanh(0.5 * s.h + p.A[:, 0] * self.drive(p, x))
        y = f.sum(p.A * p.B) * 0.1 + f.dot(h, s.h) + f.sum(f.softmax(h) * p.B[:, 1]) + f.max(h * p.A[:, 1])
        return State(h=h), p.v * y


class Pointers(Unusual):
    """Cells with predecessors: data rows say where they are, what is read there, and where the result goes."""

    ROWS: ClassVar[dict[str, tuple[int, int, tuple[int, ...]]]] = {
        "before": (0, 4, (2,)), "symbol": (0, 3, ()), "at": (-4, 4, ())
    }  # fmt: skip

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Besides what reads and writes: what each symbol means."""
        return {**super().shapes(), "E": (3, self.units)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """Four cells, and a number of each."""
        return {"H": (4, self.units), "count": (4,)}

    def step(self, p: Any, s: Any, x: Any, now: Any) -> Any:
        """Indices are read, and computed with, as whole numbers are."""
        one, two = s.H[now.before[0]], s.H[(now.before[1] + now.t) % 4 - 2]
        h = f.where(now.symbol > 0, f.tanh(one + 0.5 * two * p.E[now.symbol]), p.E[2 - now.symbol]) + self.drive(p, x)
        count = f.put(s.count, now.at, s.count[now.before[1] // 2] + 0.1 * now.symbol * p.w[0])
        y = f.sum(f.put(s.H, f.maximum(now.at, -2), h)[now.at] * 0.1) + f.lookup(s.count, now.symbol * 3)
        return State(H=f.put(s.H, now.at, h), count=count), p.v * y


class Tape(Unusual):
    """A tape with a head that each lane moves by itself: it is rounded down, and kept on the tape."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Besides what reads and writes: a tape of genes."""
        return {**super().shapes(), "G": (5, self.units)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """The tape, its marks, and the head's place."""
        return {"T": (5, self.units), "marks": (self.units,), "place": ()}

    def step(self, p: Any, s: Any, x: Any, now: Any) -> Any:
        """Read where the head is, write there, and move on by more than one row or back."""
        seen = f.lookup(s.T, s.place) + f.lookup(p.G, s.place - 1.0)
        tape = f.put(s.T, s.place, f.tanh(0.5 * seen + self.drive(p, x)))
        marks = f.put(s.marks, 2.0 * s.place, f.sum(seen) * 0.1)
        return State(T=tape, marks=marks, place=s.place + f.floor(4.0 * f.sin(3.0 * x[0] + now.t))), p.v * f.sum(marks)


class Phases(Unusual):
    """What happens only at some steps, and loops that count: each a branch or a loop in both directions."""

    ROWS: ClassVar[dict[str, tuple[int, int, tuple[int, ...]]]] = {"kind": (0, 3, ())}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Besides what reads and writes: a matrix that only branches use."""
        return {**super().shapes(), "W": (self.units, 3)}

    def state(self) -> dict[str, tuple[int, ...]]:
        """A matrix that is filled row by row, and what a phase leaves behind."""
        return {"M": (3, self.units), "h": (self.units,), "count": ()}

    def step(self, p: Any, s: Any, x: Any, now: Any) -> Any:
        """Rows are filled one after another, each from the one before; then comes the phase of the step."""

        def fill(m: Any, k: Any, drive: Any) -> Any:
            return f.put(m, k, f.tanh(0.5 * m[k] + 0.3 * m[(k + 2) % 3] + drive * (k + 1)))

        def learn(state: Any, m: Any) -> Any:
            return State(h=f.tanh(state.h + p.W @ m[:, 0]), count=state.count + f.sum(m) * p.w[0])

        def forget(state: Any) -> Any:
            return State(h=0.5 * state.h, count=state.count * p.v[0] + p.W[1, 2])

        m = f.repeat(3, fill, s.M, self.drive(p, x), counter=True)
        after = f.when(now.t % 3 == 1, learn, State(h=s.h, count=s.count), m)
        after = f.when((now.kind == 2) | ~(now.t < 5), forget, after)
        return State(M=m, h=after.h, count=after.count), p.v * (f.sum(after.h) * 0.1 + after.count)


KINDS: tuple[type[Unusual], ...] = (DelayLine, Views, Matrices, Cube, Rings, Products, Pointers, Tape, Phases)
SIZES = (5, 15, 16, 17, 30, 64)
