"""How often a loop's body runs: the few whole-number instructions that decide it are run until they leave the loop."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping

from evornn.bench.ptx.listing import Function, Instruction

MOST = 100_000  # passes that are counted out
COMPARE: dict[str, Callable[[int, int], bool]] = {
    name: getattr(operator, {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}.get(name, name))
    for name in ("lt", "le", "gt", "ge", "eq", "ne", "lo", "ls", "hi", "hs")
}
COMPUTE: dict[str, Callable[..., int]] = {
    "mov": lambda a: a,
    "cvt": lambda a: a,
    "not": lambda a: ~a,
    "neg": lambda a: -a,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "mad": lambda a, b, c: a * b + c,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "shl": lambda a, b: a << min(b, 64),
    "shr": lambda a, b: a >> min(b, 64),
    "min": min,
    "max": max,
    "selp": lambda a, b, p: a if p else b,
}
WHOLE = re.compile(r"\.([subp])(8|16|32|64|red)\b")  # whole numbers and predicates (.pred)


def passes(function: Function, body: list[int], exits: list[int], steady: Callable[[int], bool]) -> int | None:
    """Passes through a loop of the blocks `body` (in the order they run, the header first) that is left from `exits`.

    A number only where there is one exit, by a comparison of values that depend on constants alone, computed by
    instructions of blocks that every pass runs (`steady`). Else None.
    """
    blocks = [function.blocks[b] for b in body]
    leaving = function.blocks[exits[0]].instructions[-1] if len(exits) == 1 else None
    if leaving is None or not leaving.guard or leaving.base != "bra":
        return None
    inside = [instruction for block in blocks for instruction in block.instructions]
    here = {id(i) for i in inside}
    needed = _slice(inside, leaving.guard)
    placed = [i for b in body for i in function.blocks[b].instructions if id(i) in needed and steady(b)]
    if len(placed) != len(needed) or any(i.guard or not _simple(i) for i in placed):
        return None
    outside = [i for i in function.instructions if id(i) not in here]
    values = _first_values(placed, outside)
    if values is None:
        return None
    stays_if = (function.blocks[exits[0]].follow[0] in body) != leaving.negated
    for number in range(1, MOST):
        for instruction in placed:
            values[instruction.writes[0]] = _value(instruction, values)
        if bool(values[leaving.guard]) != stays_if:
            return number - 1 if exits[0] == body[0] and len(body) > 1 else number
    return None


def _slice(inside: list[Instruction], register: str) -> set[int]:
    """Identities of a loop's instructions on which a register depends."""
    needed, waiting, asked = set[int](), [register], {register}
    while waiting:
        wanted = waiting.pop()
        for instruction in inside:
            if wanted in instruction.writes and id(instruction) not in needed:
                needed.add(id(instruction))
                waiting += [r for r in instruction.reads if r not in asked]
                asked.update(instruction.reads)
    return needed


def _simple(instruction: Instruction) -> bool:
    """Whether `_value` can run it: whole numbers, one result."""
    known = instruction.base in COMPUTE or instruction.base == "setp"
    plain = WHOLE.search(instruction.operation) is not None and not re.search(
        r"\.(f\d\d|hi|x2)\b", instruction.operation
    )
    return known and plain and len(instruction.writes) == 1 and "{" not in instruction.operands


def _first_values(placed: Iterable[Instruction], outside: list[Instruction]) -> dict[str, int] | None:
    """Values that registers hold on entry, of those that are read before they are written. None: one is no constant."""
    values: dict[str, int] = {}
    written = set[str]()
    for instruction in placed:
        for register in instruction.reads:
            if register not in written and register not in values:
                value = _constant(register, outside)
                if value is None:
                    return None
                values[register] = value
        written.update(instruction.writes)
    return values


def _constant(register: str, outside: list[Instruction], depth: int = 8) -> int | None:
    """The one whole number that instructions outside a loop put into a register, directly or through others."""
    found = set[int | None]()
    for instruction in outside:
        if register in instruction.writes:
            source = instruction.parts[-1]
            if instruction.base != "mov" or instruction.guard or depth == 0:
                return None
            found.add(_literal(source) if _literal(source) is not None else _constant(source, outside, depth - 1))
    return found.pop() if len(found) == 1 else None


def _literal(text: str) -> int | None:
    """A whole number as PTX writes it, or None."""
    return int(text.rstrip("U"), 0) if re.fullmatch(r"-?(0x[0-9A-Fa-f]+|\d+)U?", text) else None


def _value(instruction: Instruction, values: Mapping[str, int]) -> int:
    """Result of one whole-number instruction."""
    kinds = WHOLE.findall(instruction.operation)  # of cvt: the result's, then the argument's
    arguments = []
    for part in instruction.parts[1:]:
        literal = _literal(part)
        arguments.append(_wrapped(values[part] if literal is None else literal, *kinds[-1]))
    if instruction.base == "setp":
        compare = next(COMPARE[part] for part in instruction.operation.split(".") if part in COMPARE)
        return int(compare(*arguments))
    result = COMPUTE[instruction.base](*arguments)
    return result if ".wide" in instruction.operation else _wrapped(result, *kinds[0])


def _wrapped(value: int, kind: str, width: str) -> int:
    """A value as a type of `width` bits holds it: .s with a sign, .b and .u without, predicates as they are."""
    if kind == "p":
        return value
    bits = int(width)
    value &= (1 << bits) - 1
    return value - (1 << bits) if kind == "s" and value >> bits - 1 else value
