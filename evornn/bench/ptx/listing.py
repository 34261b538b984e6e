"""PTX text as functions of basic blocks, and what a test asks of it: float64, local memory, approximations, products
and sums that the assembler may contract.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from evornn.errors import EvornnError

NOTES = re.compile(r"//[^\n]*|/\*.*?\*/|^\s*\.(?:loc|file|section)\b[^\n]*", re.DOTALL | re.MULTILINE)
HEADER = re.compile(r"\.(entry|func)\s+(?:\([^)]*\)\s*)?([\w$%.]+)\s*(?:\([^)]*\))?[^{;()]*([{;])")
LABEL = re.compile(r"\s*([\w$%]+):(?!:)")
STATEMENT = re.compile(r"(?:@(!?)(%?\w+)\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)
REGISTER = re.compile(r"%[A-Za-z_$]+\d+\b(?!\.)")
TARGETS = re.compile(r"\.branchtargets\s+(.*)", re.DOTALL)
ARRAY = re.compile(r"\.(local|shared)\b[^;=]*?\.([a-z]\d+)\s+([\w$]+)((?:\[\d+\])*)\s*;")
ENDS = ("bra", "brx", "ret", "exit", "trap")
WITHOUT_RESULT = ("st", "red", "bra", "brx", "ret", "exit", "trap", "bar", "barrier", "membar", "fence", "call")
SPACES = ("global", "local", "shared", "const", "param")


@dataclass(frozen=True)
class Instruction:
    """One statement: its operation with all modifiers, its operands as text, the predicate that guards it."""

    operation: str
    operands: str
    guard: str = ""  # the register, or empty
    negated: bool = False

    @property
    def base(self) -> str:
        """The operation without modifiers: "fma" of fma.rn.f32."""
        return self.operation.partition(".")[0]

    @cached_property
    def parts(self) -> list[str]:
        """The operands, split at the commas outside braces and brackets."""
        return [part.strip() for part in re.split(r",(?![^{\[]*[}\]])", self.operands)]

    @cached_property
    def writes(self) -> list[str]:
        """Registers it changes."""
        return [] if self.base in WITHOUT_RESULT else REGISTER.findall(self.parts[0])

    @cached_property
    def reads(self) -> list[str]:
        """Registers it needs, its guard among them."""
        text = self.operands if self.base in WITHOUT_RESULT else ",".join(self.parts[1:])
        return REGISTER.findall(text) + ([self.guard] if self.guard else [])

    @cached_property
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


@dataclass
class Block:
    """Instructions that run one after the other, and the blocks that may follow, by number."""

    label: str
    instructions: list[Instruction] = field(default_factory=list)
    follow: list[int] = field(default_factory=list)


@dataclass
class Function:
    """A kernel or a device function that was not inlined."""

    name: str
    entry: bool
    blocks: list[Block]

    @property
    def instructions(self) -> Iterator[Instruction]:
        """All of them in the order of the text."""
        return (instruction for block in self.blocks for instruction in block.instructions)


@dataclass
class Listing:
    """A PTX module: its version, its target, its functions by name, bytes of its static shared memory."""

    version: str
    target: str
    functions: dict[str, Function]
    shared_bytes: int
    stack: int  # bytes that functions declare in local memory

    @property
    def entry(self) -> Function:
        """The kernel."""
        found = [function for function in self.functions.values() if function.entry]
        if len(found) != 1:
            raise EvornnError(f"the PTX holds {len(found)} kernels; one is expected")
        return found[0]

    @property
    def instructions(self) -> Iterator[Instruction]:
        """All of all functions."""
        return (instruction for function in self.functions.values() for instruction in function.instructions)


@lru_cache(maxsize=4)
def parse(ptx: str) -> Listing:
    """Read a module; nobody changes what it returns. Text without `.version` and `.target` is no PTX: an error."""
    text = NOTES.sub("", ptx)
    version, target = re.search(r"\.version\s+([\d.]+)", text), re.search(r"\.target\s+(\w+)", text)
    if version is None or target is None:
        raise EvornnError(f"no PTX: it names no .version and .target; it begins with {ptx[:40]!r}")
    functions = {}
    for header in HEADER.finditer(text):
        if header[3] == "{":
            blocks = _blocks(text[header.end() : _closing(text, header.end())])
            functions[header[2]] = Function(header[2], header[1] == "entry", blocks)
    sizes = Counter[str]()
    for space, kind, _, counts in ARRAY.findall(text):
        number = 1
        for count in re.findall(r"\d+", counts):
            number *= int(count)
        sizes[space] += number * int(kind[1:]) // 8
    return Listing(version[1], target[1], functions, sizes["shared"], sizes["local"])


def _closing(text: str, at: int) -> int:
    """Position of the brace that closes the one before `at`."""
    depth = 1
    for brace in re.finditer(r"[{}]", text[at:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return at + brace.start()
    raise EvornnError("the PTX ends inside a function")


def _blocks(body: str) -> list[Block]:
    """Basic blocks of a function's text."""
    blocks, tables = [Block("")], {}
    for statement in body.split(";"):
        text = statement.strip().lstrip("{}").strip()
        while label := LABEL.match(text):
            text = text[label.end() :].strip().lstrip("{}").strip()
            if table := TARGETS.match(text):
                tables[label[1]] = [name.strip() for name in table[1].split(",")]
            else:
                blocks.append(Block(label[1]))
        found = STATEMENT.fullmatch(text)
        if found is None:  # a directive, or nothing
            continue
        blocks[-1].instructions.append(Instruction(found[3], found[4].strip(), found[2] or "", found[1] == "!"))
        if found[3].partition(".")[0] in ENDS:
            blocks.append(Block(""))
    numbers = {block.label: number for number, block in enumerate(blocks) if block.label}
    for number, block in enumerate(blocks):
        _link(block, number, numbers, tables, len(blocks))
    return blocks


def _link(block: Block, number: int, numbers: dict[str, int], tables: dict[str, list[str]], count: int) -> None:
    """Fill in which blocks may follow one."""
    last = block.instructions[-1] if block.instructions else None
    if last is not None and last.base == "bra":
        block.follow.append(numbers[last.operands])
    elif last is not None and last.base == "brx":
        block.follow.extend(numbers[name] for name in tables[last.parts[-1]])
    leaves = last is not None and last.base in ENDS and not last.guard
    if not leaves and number + 1 < count:
        block.follow.append(number + 1)


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
