"""PTX text as instructions, and what a test asks of it: float64, local memory, approximations, products and sums that
the assembler may contract.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evornn.errors import EvornnError

NOTES = re.compile(r"//[^\n]*|/\*.*?\*/|^\s*\.(?:loc|file|section)\b[^\n]*", re.DOTALL | re.MULTILINE)
FUNCTION = re.compile(r"\.(?:entry|func)\s+(?:\([^)]*\)\s*)?[\w$%.]+\s*(?:\([^)]*\))?[^{;()]*\{")
LABEL = re.compile(r"\s*[\w$%]+:(?!:)")
STATEMENT = re.compile(r"(?:@!?%?\w+\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)
ARRAY = re.compile(r"\.(local|shared)\b[^;=]*?\.([a-z]\d+)\s+([\w$]+)((?:\[\d+\])*)\s*;")
SPACES = ("global", "local", "shared", "const", "param")


@dataclass(frozen=True)
class Instruction:
    """One statement: its operation with all modifiers, and its operands as text."""

    operation: str
    operands: str

    @property
    def base(self) -> str:
        """The operation without modifiers: "fma" of fma.rn.f32."""
        return self.operation.partition(".")[0]

    @property
    def space(self) -> str:
        """Of a load, store or atomic operation: the memory it addresses; "generic" where that is open."""
        named = [part.partition("::")[0] for part in self.operation.split(".")[1:]]
        return next((part for part in named if part in SPACES), "generic")

    @property
    def size(self) -> int:
        """Of a load or store: its bytes."""
        width = re.search(r"\.[a-z]+(\d+)(?:x\d)?$", self.operation)
        vector = re.search(r"\.v(\d)\.", self.operation)
        return (int(width[1]) // 8 if width else 0) * (int(vector[1]) if vector else 1)


@dataclass(frozen=True)
class Listing:
    """A PTX module: version, target, instructions of all its functions, bytes of static shared memory."""

    version: str
    target: str
    instructions: tuple[Instruction, ...]
    shared_bytes: int
    stack: int  # bytes that functions declare in local memory


@lru_cache(maxsize=4)
def parse(ptx: str) -> Listing:
    """Read a module. Text without `.version` and `.target` is no PTX: an error."""
    text = NOTES.sub("", ptx)
    version, target = re.search(r"\.version\s+([\d.]+)", text), re.search(r"\.target\s+(\w+)", text)
    if version is None or target is None:
        raise EvornnError(f"no PTX: it names no .version and .target; it begins with {ptx[:40]!r}")
    bodies = [text[h.end() : _closing(text, h.end())] for h in FUNCTION.finditer(text)]
    sizes = Counter[str]()
    for space, kind, _, counts in ARRAY.findall(text):
        sizes[space] += math.prod(map(int, re.findall(r"\d+", counts))) * int(kind[1:]) // 8
    instructions = tuple(instruction for body in bodies for instruction in _instructions(body))
    return Listing(version[1], target[1], instructions, sizes["shared"], sizes["local"])


def _closing(text: str, at: int) -> int:
    """Position of the brace that closes the one before `at`."""
    depth = 1
    for brace in re.finditer(r"[{}]", text[at:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return at + brace.start()
    raise EvornnError("the PTX ends inside a function")


def _instructions(body: str) -> Iterator[Instruction]:
    """The statements of a function's text, without labels and directives."""
    for statement in body.split(";"):
        text = statement.strip().lstrip("{}").strip()
        while label := LABEL.match(text):
            text = text[label.end() :].strip().lstrip("{}").strip()
        if found := STATEMENT.fullmatch(text):
            yield Instruction(found[1], found[2].strip())


def uses_double(ptx: str) -> bool:
    """Whether any instruction or register is float64."""
    text = NOTES.sub("", ptx)
    return re.search(r"\.f64\b|\b0d[0-9A-Fa-f]{16}\b", text) is not None


def approximations(ptx: str) -> dict[str, int]:
    """Operations that are not rounded as IEEE 754 asks (.approx, .full) or drop small numbers (.ftz) -> how often."""
    loose = ("approx", "ftz", "full")
    return dict(Counter(i.operation for i in parse(ptx).instructions if set(i.operation.split(".")) & set(loose)))


def contractions(ptx: str) -> list[str]:
    """Float products, sums and differences without a rounding: the assembler may fuse them to multiply-adds."""
    free = re.compile(r"(add|sub|mul|mad)(\.ftz|\.sat)*\.f(32|64)(x2)?")
    return [f"{i.operation} {i.operands}" for i in parse(ptx).instructions if free.fullmatch(i.operation)]


@dataclass(frozen=True)
class Local:
    """Bytes of local memory that a kernel's text declares, and its loads and stores there (bytes, each counted once).
    Registers that the assembler spills are not among them.
    """

    declared: int
    loaded: int
    stored: int

    def __bool__(self) -> bool:
        return any((self.declared, self.loaded, self.stored))


def local_bytes(ptx: str) -> Local:
    """What the text keeps in local memory. Loads and stores without a named memory count too: they may go there."""
    listing = parse(ptx)
    there = [i for i in listing.instructions if i.space == "local" or (i.space == "generic" and listing.stack)]
    loaded, stored = (sum(i.size for i in there if i.base == base) for base in ("ld", "st"))
    return Local(listing.stack, loaded, stored)
