"""Environment of a run: versions, processor, commit, command line."""

from __future__ import annotations

import datetime
import functools
import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import evornn
from evornn.backends import REGISTRY, named

if TYPE_CHECKING:
    from evornn.problem import Problem
    from evornn.search.core.search import Search

LIBRARIES = ("evornn", "numpy", "numba", "llvmlite", "scipy", "deap", "pyswarms")
OPTIONAL = {  # library -> what it is for
    "gymnasium": "tests only",
    "torch": "tests only",
    "jax": "one column of `evornn bench`",
    "numba-cuda": "backend 'cuda': pip install 'evornn[cuda13]'",
}


def version(library: str) -> str | None:
    """The installed version of a library, or None; nothing is imported."""
    if library == "evornn":  # known even in a checkout that is not installed
        return evornn.__version__
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@functools.cache
def commit() -> str | None:
    """The git commit of the checkout that evornn runs from, "-dirty" if files differ; None without one."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()


def describe_environment(problem: Problem, search: Search) -> dict[str, object]:
    """What environment.json holds."""
    name = problem.backend_name
    return {
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "problem": problem.describe(),
        "search": type(search).__name__,
        "seed": getattr(search, "seed", None),
        "data": data_digest(problem),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        **(named(name).device_facts() if name in REGISTRY else {}),  # a problem of one's own may call it otherwise
        "commit": commit(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
    }


def data_digest(problem: Problem) -> str | None:
    """A digest of what the problem's episodes are given: scenarios and data arrays; None if it does not say."""
    arrays = dict(getattr(problem.task, "series", {}))
    if getattr(problem, "scenarios", None) is not None:
        arrays["scenarios"] = problem.scenarios
    if not arrays:
        return None
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        values = np.ascontiguousarray(array)
        digest.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        digest.update(values.data)
    return digest.hexdigest()


def text_digest(text: str) -> str:
    """A digest of a spec's text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
