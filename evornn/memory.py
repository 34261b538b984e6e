"""The memory that there is, and refusing what needs more before any of it is taken."""

from __future__ import annotations

import os
from pathlib import Path

from evornn.errors import EvornnError

CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may have
MOST = 2**47  # bytes that no machine without a say is taken to have: what an x86-64 process can address


def physical_memory() -> int:
    """Bytes of memory that this machine, or the container that this process is in, has; 0 if it does not say."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    try:
        return min(found, int(CGROUP.read_text()))
    except (OSError, ValueError):  # no container, or "max"
        return found


def check_memory(what: str, needed: int, advice: str) -> None:
    """Raise EvornnError, with `advice`, if `what` needs more bytes than there are."""
    available = physical_memory() or MOST
    if needed > available:
        amount = f"{needed:,}" if needed < 10**24 else "far more than 10^24"
        raise EvornnError(f"{what} needs {amount} bytes of memory; this machine has {available:,}; {advice}")
