"""Machine code from PTX by nvJitLink, without a driver."""

from __future__ import annotations

import types

from evornn.compiler.cuda import device
from evornn.errors import EvornnError


def assemble(kernel: str | bytes, target: str) -> tuple[bytes, str, str]:
    """Machine code (an ELF file) for `target`, for example "sm_90", the assembler's messages, and who wrote them.

    `kernel` is PTX, or the compiler's intermediate code ("ltoir"): of that numba-cuda links kernels by default, and the
    whole program is optimised; PTX is assembled as a part of one, which costs some registers more (8 of 40 were seen).
    A package that is missing, or code that is newer than it: an error that says so.
    """
    nvjitlink = device.linker()
    name = f"nvJitLink {'.'.join(map(str, nvjitlink.version()))}"
    options = [f"-arch={target}", "-Xptxas=-v", *(["-lto"] if isinstance(kernel, bytes) else [])]
    try:
        link = nvjitlink.create(len(options), options)
    except nvjitlink.nvJitLinkError as error:
        raise EvornnError(f"{name} makes no code for {target}: {error}") from error
    try:
        code, messages = _linked(nvjitlink, link, kernel)
    except nvjitlink.nvJitLinkError as error:
        wrong = bytearray(nvjitlink.get_error_log_size(link))
        nvjitlink.get_error_log(link, wrong)
        said = [line for line in wrong.decode().strip("\0").splitlines() if line.strip()]
        raise EvornnError(f"{name} refuses the kernel: {said[0] if said else error}") from error
    finally:
        nvjitlink.destroy(link)
    return code, messages, name


def _linked(nvjitlink: types.ModuleType, link: int, kernel: str | bytes) -> tuple[bytes, str]:
    """Machine code and messages of one link."""
    kind = nvjitlink.InputType.PTX if isinstance(kernel, str) else nvjitlink.InputType.LTOIR
    data = kernel.encode() if isinstance(kernel, str) else kernel
    nvjitlink.add_data(link, kind, data, len(data), "kernel")
    nvjitlink.complete(link)
    code = bytearray(nvjitlink.get_linked_cubin_size(link))
    nvjitlink.get_linked_cubin(link, code)
    messages = bytearray(nvjitlink.get_info_log_size(link))
    nvjitlink.get_info_log(link, messages)
    return bytes(code), messages.decode().strip("\0")
