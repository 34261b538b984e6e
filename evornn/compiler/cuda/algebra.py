"""The algebra of lanes that writes Python text: a formula over lanes becomes statements on scalars.

`elementary`, `elementwise`, `products.Sums` and the noise cipher run over it as they run over LLVM vectors, so a
thread of a GPU computes by the very same definition as a lane of the CPU, operation by operation. The text calls
`primitives`.
"""

from __future__ import annotations

from evornn.compiler.target import number

MASKS = {"and": "&", "or": "|", "xor": "^"}


class Writer:
    """The lines of one function body under construction."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def name(self, expression: str) -> str:
        """A fresh variable that holds the expression."""
        self._count += 1
        self.lines.append(f"t{self._count} = {expression}")
        return f"t{self._count}"


class TextLanes:
    """One scalar: an expression of kind "float", "int", "mask", "word" (32 bits, unsigned) or "wide" (64 bits)."""

    __slots__ = ("kind", "m", "v")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, m: TextMachine, v: str, kind: str = "float") -> None:
        self.m, self.v, self.kind = m, v, kind

    def _other(self, other: TextLanes | float) -> str:
        return other.v if isinstance(other, TextLanes) else self.m.literal(other, self.kind)

    def _do(self, name: str, other: TextLanes | float, swap: bool = False) -> TextLanes:
        a, b = (self._other(other), self.v) if swap else (self.v, self._other(other))
        if self.kind == "mask":
            return self.m.keep(f"{a} {MASKS[name]} {b}", "mask")
        prefix = {"float": "", "int": "i_", "word": "u_", "wide": "w_"}[self.kind]
        return self.m.keep(f"{prefix}{name}({a}, {b})", self.kind)

    def _compare(self, sign: str, other: TextLanes | float) -> TextLanes:
        return self.m.keep(f"{self.v} {sign} {self._other(other)}", "mask")

    def __add__(self, o: TextLanes | float) -> TextLanes:
        return self._do("add", o)

    __radd__ = __add__

    def __sub__(self, o: TextLanes | float) -> TextLanes:
        return self._do("sub", o)

    def __rsub__(self, o: TextLanes | float) -> TextLanes:
        return self._do("sub", o, True)

    def __mul__(self, o: TextLanes | float) -> TextLanes:
        return self._do("mul", o)

    def __rmul__(self, o: TextLanes | float) -> TextLanes:
        return self._do("mul", o, True)

    def __truediv__(self, o: TextLanes | float) -> TextLanes:
        return self._do("div", o)

    def __rtruediv__(self, o: TextLanes | float) -> TextLanes:
        return self._do("div", o, True)

    def __neg__(self) -> TextLanes:
        return self.m.keep(f"-{self.v}", self.kind)

    def __and__(self, o: TextLanes | float) -> TextLanes:
        return self._do("and", o)

    def __or__(self, o: TextLanes | float) -> TextLanes:
        return self._do("or", o)

    def __xor__(self, o: TextLanes | float) -> TextLanes:
        return self._do("xor", o)

    __rxor__ = __xor__

    def __lshift__(self, k: TextLanes | float) -> TextLanes:
        return self._do("shl", k)

    def __rshift__(self, k: TextLanes | float) -> TextLanes:
        return self._do("shr", k)

    def __invert__(self) -> TextLanes:
        return self.m.keep(f"not {self.v}", "mask")

    def __lt__(self, o: TextLanes | float) -> TextLanes:
        return self._compare("<", o)

    def __le__(self, o: TextLanes | float) -> TextLanes:
        return self._compare("<=", o)

    def __gt__(self, o: TextLanes | float) -> TextLanes:
        return self._compare(">", o)

    def __ge__(self, o: TextLanes | float) -> TextLanes:
        return self._compare(">=", o)

    def __eq__(self, o: TextLanes | float) -> TextLanes:  # type: ignore[override]
        return self._compare("==", o)

    def __ne__(self, o: TextLanes | float) -> TextLanes:  # type: ignore[override]
        return self._compare("!=", o)


class TextMachine:
    """What formulas may do with lanes, see `elementary`, `simd.Machine`; writes into `writer`."""

    def __init__(self, writer: Writer, bits: int) -> None:
        self.writer, self.bits = writer, bits

    def keep(self, expression: str, kind: str = "float") -> TextLanes:
        """A variable that holds the expression."""
        return TextLanes(self, self.writer.name(expression), kind)

    def literal(self, value: float, kind: str = "float") -> str:
        """A number as text."""
        if kind == "float":
            return f"f({number(value)})"
        return {"int": "i({})", "word": "u({})", "wide": "w({})", "mask": "{}"}[kind].format(int(value))

    def _text(self, value: TextLanes | float) -> str:
        return value.v if isinstance(value, TextLanes) else self.literal(value)

    def _float(self, name: str, *values: TextLanes | float) -> TextLanes:
        return self.keep(f"{name}({', '.join(self._text(v) for v in values)})")

    def is_constant(self, x: TextLanes) -> bool:
        """Never: variables of the text are not looked into."""
        return False

    def const(self, value: TextLanes | float) -> TextLanes:
        """A float, as lanes."""
        return value if isinstance(value, TextLanes) else TextLanes(self, self.literal(value))

    def fma(self, a: TextLanes | float, b: TextLanes | float, c: TextLanes | float) -> TextLanes:
        """a b + c, rounded once."""
        return self._float("fma", a, b, c)

    def abs(self, x: TextLanes | float) -> TextLanes:
        """|x|."""
        return self._float("absolute", x)

    def sqrt(self, x: TextLanes | float) -> TextLanes:
        """Square root."""
        return self._float("root", x)

    def floor(self, x: TextLanes | float) -> TextLanes:
        """The largest whole number not above x."""
        return self._float("floored", x)

    def copysign(self, magnitude: TextLanes | float, sign: TextLanes | float) -> TextLanes:
        """|magnitude| with the sign of `sign`."""
        return self._float("signed", magnitude, sign)

    def where(self, mask: TextLanes, a: TextLanes | float, b: TextLanes | float) -> TextLanes:
        """a where mask, else b."""
        kind = next((x.kind for x in (a, b) if isinstance(x, TextLanes)), "float")
        left, right = (x.v if isinstance(x, TextLanes) else self.literal(x, kind) for x in (a, b))
        return self.keep(f"{left} if {mask.v} else {right}", kind)

    def is_nan(self, x: TextLanes) -> TextLanes:
        """Where x is NaN."""
        return x != x

    def to_int(self, x: TextLanes) -> TextLanes:
        """A whole number held in a float, as an integer."""
        return self.keep(f"i({x.v})", "int")

    def float_bits(self, x: TextLanes) -> TextLanes:
        """The bit pattern of a float."""
        return self.keep(f"bits_of({x.v})", "int")

    def from_bits(self, i: TextLanes) -> TextLanes:
        """The float of a bit pattern."""
        return self.keep(f"float_of({i.v})")

    def shl(self, i: TextLanes, k: int) -> TextLanes:
        """i << k."""
        return self.keep(f"i_shl({i.v}, {k})", "int")

    def shr(self, i: TextLanes, k: int) -> TextLanes:
        """i >> k, zeros shifted in."""
        return self.keep(f"i_shr({i.v}, {k})", "int")

    def patch(self, mask: TextLanes, x: TextLanes, fast: list[TextLanes], names: list[str]) -> list[TextLanes]:
        """`fast`, but the library's functions `names` of x where the mask is set."""
        return [self.keep(f"library_{name}({x.v}) if {mask.v} else {y.v}") for y, name in zip(fast, names, strict=True)]

    def far_angle(self, mask: TextLanes, x: TextLanes, r: TextLanes, q: TextLanes) -> tuple[TextLanes, TextLanes]:
        """r and q, but from the exact reduction of float32 x by pi/2 where the mask is set."""
        both = self.writer.name(f"far_angle({mask.v}, {x.v}, {r.v}, {q.v})")
        return TextLanes(self, f"{both}[0]"), TextLanes(self, f"{both}[1]", "int")
