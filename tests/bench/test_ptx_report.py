"""Resources of kernels and the report on them, from recorded answers and from the tools that are here. No driver."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evornn.bench.ptx.listing import approximations, contractions, local_bytes, parse, uses_double
from evornn.bench.ptx.occupancy import ARCHITECTURES
from evornn.bench.ptx.report import describe
from evornn.bench.ptx.resources import Resources, Unknown, elf_sections, read, resources
from evornn.errors import EvornnError
from tests.bench.ptx_examples import KERNEL

LOGS = {
    "nvJitLink": (
        "ptxas info    : 0 bytes gmem\nptxas info    : Compiling entry function 'kernel' for 'sm_90'\n"
        "ptxas info    : Function properties for kernel\n"
        "ptxas         .     416 bytes stack frame, 508 bytes spill stores, 356 bytes spill loads\n"
        "ptxas info    : Used 24 registers, used 1 barriers\nptxas info    : Compile time = 121.311 ms\n"
    ),
    "ptxas": (
        "ptxas info    : 8 bytes gmem\nptxas info    : Compiling entry function 'kernel' for 'sm_90'\n"
        "ptxas info    : Function properties for kernel\n"
        "    416 bytes stack frame, 508 bytes spill stores, 356 bytes spill loads\n"
        "ptxas info    : Used 24 registers, used 1 barriers, 416 bytes cumulative stack size, 64 bytes smem\n"
    ),
}


def elf(sizes: dict[str, int]) -> bytes:
    """A 64-bit ELF file of sections of these sizes, without their contents."""
    names = ["", *sizes, ".shstrtab"]
    text = b"\0".join(name.encode() for name in names) + b"\0"
    table = 64 + len(text)
    header = b"\x7fELF\x02\x01" + bytes(34) + struct.pack("<Q", table) + bytes(10)
    header += struct.pack("<HHH", 64, len(names), len(names) - 1)
    rows = b""
    for name in names:
        at = text.index(b"\0" + name.encode() + b"\0") + 1 if name else 0
        offset, size = (64, len(text)) if name == ".shstrtab" else (0, sizes.get(name, 0))
        rows += struct.pack("<IIQQQQ", at, 1, 0, 0, offset, size) + bytes(24)
    return header + text + rows


@pytest.mark.parametrize("tool", LOGS)
def test_resources_are_read_from_messages_and_code(tool: str) -> None:
    sizes = {".text.kernel": 160, ".text.slow": 32, ".nv.constant0.kernel": 724, ".nv.constant3": 8, ".symtab": 99}
    assert {name: size for name, size in elf_sections(elf(sizes)).items() if name in sizes} == sizes
    found = read(LOGS[tool], elf(sizes), parse(KERNEL), tool)
    assert found == Resources(24, 508, 356, 416, 64, 732, 12, tool)
    assert read(LOGS[tool], b"", parse(KERNEL), tool).instructions is None
    with pytest.raises(EvornnError, match="no registers"):
        read("nothing", b"", parse(KERNEL), tool)


def without_nvjitlink(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise EvornnError("nvJitLink is not installed: pip install 'evornn[cuda13]'")

    monkeypatch.setattr("evornn.compiler.cuda.assembler.assemble", missing)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program named ptxas on the PATH, and nothing else."""
    (folder / "ptxas").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "ptxas").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_without_tools_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_nvjitlink(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = resources(KERNEL, (8, 0))
    assert not found
    assert isinstance(found, Unknown)
    assert "nvJitLink is not installed" in found.reason
    assert "ptxas is not on the PATH" in found.reason
    assert "ptxas is not on the PATH" in describe(KERNEL, (8, 0))


@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="the program is a shell script")
def test_ptxas_answers_or_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_nvjitlink(monkeypatch)
    echo = "\n".join(f"echo '{line}' >&2" for line in LOGS["ptxas"].replace("'", "").splitlines())
    program(tmp_path, monkeypatch, f'{echo}\nshift 4\n: > "$1"')
    assert resources(KERNEL, (8, 0)) == Resources(24, 508, 356, 416, 64, 0, None, "ptxas")
    old = "ptxas k.ptx, line 9; fatal   : Unsupported .version 9.5; current version is '\"'9.0'\"'"
    program(tmp_path, monkeypatch, f"echo '{old}' >&2\nexit 255")
    found = resources(KERNEL, (8, 0))
    assert isinstance(found, Unknown)
    assert "reads PTX up to 9.0, this is 9.5: a newer CUDA toolkit is needed" in found.reason
    program(tmp_path, monkeypatch, "echo 'ptxas fatal   : out of ideas' >&2\nexit 1")
    assert "out of ideas" in getattr(resources(KERNEL, (8, 0)), "reason", "")


# compiled here --------------------------------------------------------------------------------------------------------
STEPS = """
def kernel(weights, start, out, count, steps):
    i = np.uint64(cuda.grid(1))
    while i < count:
        s = start[i]
        a, b, c = weights[0, i], weights[1, i], weights[2, i]
        for _ in range(steps):
            x = libdevice.fmaf_rn(a, s, libdevice.fmaf_rn(b, c, c))
            s = libdevice.fdiv_rn(x, libdevice.fadd_rn(ONE, libdevice.fsqrt_rn(libdevice.fmul_rn(x, x))))
            a = libdevice.fadd_rn(a, s)
            b = libdevice.fmul_rn(b, s)
            if not (s > LOW):
                break
        out[i] = s
        i += np.uint64(cuda.gridsize(1))
"""


def compiled(source: str, cc: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> str:
    """PTX of a kernel."""
    from numba import cuda, float32, int64, uint64, void
    from numba.cuda import dispatcher, libdevice

    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=cc))
    words = {"cuda": cuda, "libdevice": libdevice, "np": np, "ONE": np.float32(1), "LOW": np.float32(-5)}
    exec(source, words)
    signature = void(float32[:, ::1], float32[::1], float32[::1], uint64, int64)
    ptx, _ = cuda.compile(words["kernel"], signature, device=False, cc=cc, output="ptx", abi="numba")
    return str(ptx)


@pytest.mark.needs("cuda_compiler")
@pytest.mark.parametrize("cc", [(8, 0), (9, 0)])
def test_a_compiled_kernel(cc: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    ptx = compiled(STEPS, cc, monkeypatch)
    assert not uses_double(ptx)
    assert not local_bytes(ptx)
    assert not approximations(ptx)
    assert not contractions(ptx)
    assert {"fma.rn.f32", "div.rn.f32", "sqrt.rn.f32"} <= {i.operation for i in parse(ptx).instructions}
    report = describe(ptx, cc, threads_per_block=256)
    assert "float64         not used" in report
    assert f"for sm_{cc[0]}{cc[1]}" in report
    found = resources(ptx, cc)
    if isinstance(found, Unknown):
        assert found.reason in report
        return
    assert 8 <= found.registers <= 64
    assert found.spill_stores == found.spill_loads == found.stack == found.shared == 0
    assert found.constants > 0
    assert f"of {ARCHITECTURES[cc].warps} warps an SM" in report


@pytest.mark.needs("cuda_compiler")
def test_a_kernel_that_computes_in_float64_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    ptx = compiled(STEPS.replace("libdevice.fadd_rn(a, s)", "np.float32(a * 0.1 + s)"), (9, 0), monkeypatch)
    assert uses_double(ptx)
    assert contractions(compiled(STEPS.replace("libdevice.fmul_rn(b, s)", "b * s"), (9, 0), monkeypatch))


def assembled(ptx: str) -> Resources:
    """Resources by the tools that are here."""
    found = resources(ptx, (9, 0))
    assert not isinstance(found, Unknown), found.reason
    return found


@pytest.mark.needs("cuda_compiler")
def test_the_assembler_is_asked_for_real() -> None:
    ptx = KERNEL.replace("sm_80", "sm_90")
    found = assembled(ptx)
    assert (found.shared, found.spill_stores) == (64, 0)
    assert 4 <= found.registers <= 40
    refused = resources(ptx.replace("sqrt.rn.f32", "sqrt.up.f32"), (9, 0))
    assert isinstance(refused, Unknown)
    assert "refuses" in refused.reason
