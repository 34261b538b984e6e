"""Resources of a kernel as machine code: registers, spills, stack, memory, size; by nvJitLink or ptxas."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evornn.bench.ptx.listing import Listing, parse
from evornn.errors import EvornnError

INSTRUCTION = 16  # bytes, since Volta


@dataclass(frozen=True)
class Resources:
    """Of one kernel. Bytes of `stack`, `spill_stores` and `spill_loads` are per thread and summed over its functions,
    `shared` is per block and static; `constants` holds its arguments too. `instructions`: of the machine code, slow
    paths of quotients and roots and the padding between them included; None where there is none to count.
    """

    registers: int
    spill_stores: int
    spill_loads: int
    stack: int
    shared: int
    constants: int
    instructions: int | None
    source: str  # who said so


@dataclass(frozen=True)
class Unknown:
    """Why there are no resources; false where a truth value is asked."""

    reason: str

    def __bool__(self) -> bool:
        return False


def resources(ptx: str, cc: tuple[int, int], ltoir: bytes | None = None) -> Resources | Unknown:
    """Assemble a kernel for compute capability `cc` and read what it needs. No driver, no GPU.

    By nvJitLink if the package is there, from `ltoir` (numba-cuda's intermediate code of the same kernel) if given, as
    at run time, else from the PTX; without the package by `ptxas` on the PATH; else `Unknown`, which gives the reason.
    """
    listing, target = parse(ptx), f"sm_{cc[0]}{cc[1]}"
    reasons = []
    for assemble in (lambda: _nvjitlink(ltoir or ptx, target), lambda: ptxas(ptx, target)):
        try:
            code, messages, source = assemble()
        except EvornnError as error:
            reasons.append(str(error))
        else:
            return read(messages, code, listing, source)
    return Unknown("; ".join(reasons))


def _nvjitlink(kernel: str | bytes, target: str) -> tuple[bytes, str, str]:
    from evornn.compiler.cuda.assembler import assemble

    return assemble(kernel, target)


def read(messages: str, code: bytes, listing: Listing, source: str) -> Resources:
    """Resources from what an assembler reports with -v, and from its machine code."""

    def total(phrase: str) -> int:
        return sum(map(int, re.findall(rf"(\d+) bytes {phrase}", messages)))

    registers = re.findall(r"Used (\d+) registers", messages)
    if not registers:
        raise EvornnError(f"{source} reports no registers: {messages[:200]!r}")
    sections = elf_sections(code)
    text = sum(size for section, size in sections.items() if section.startswith(".text."))
    return Resources(
        registers=max(map(int, registers)),
        spill_stores=total("spill stores"),
        spill_loads=total("spill loads"),
        stack=total("stack frame"),
        shared=listing.shared_bytes,
        constants=sum(size for section, size in sections.items() if section.startswith(".nv.constant")),
        instructions=text // INSTRUCTION or None,
        source=source,
    )


def elf_sections(code: bytes) -> dict[str, int]:
    """Section name -> bytes, of a 64-bit little-endian ELF file; nothing if it is none."""
    if code[:6] != b"\x7fELF\x02\x01":
        return {}
    (table,) = struct.unpack_from("<Q", code, 40)
    each, count, names = struct.unpack_from("<HHH", code, 58)
    headers = [struct.unpack_from("<IIQQQQ", code, table + each * number) for number in range(count)]
    start = headers[names][4]
    sizes: dict[str, int] = {}
    for at, _, _, _, _, size in headers:
        name = code[start + at : code.index(b"\0", start + at)].decode()
        sizes[name] = sizes.get(name, 0) + size
    return sizes


def ptxas(ptx: str, target: str) -> tuple[bytes, str, str]:
    """Assemble with the toolkit's program on the PATH: machine code, messages, its name.

    An error where it is missing or too old for the text.
    """
    program = shutil.which("ptxas")
    if program is None:
        raise EvornnError("ptxas is not on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx)
        command = [program, "-v", f"-arch={target}", str(source), "-o", str(result)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        messages = done.stdout + done.stderr
        if done.returncode == 0:
            return result.read_bytes(), messages, "ptxas"
    old = re.search(r"Unsupported \.version ([\d.]+); current version is '([\d.]+)'", messages)
    if old:
        raise EvornnError(
            f"ptxas on the PATH reads PTX up to {old[2]}, this is {old[1]}: a newer CUDA toolkit is needed"
        )
    first = next((line for line in messages.splitlines() if line.strip()), f"exit status {done.returncode}")
    raise EvornnError(f"ptxas refuses the PTX: {first.strip().replace(str(source), 'kernel.ptx')}")
