"""Work for the CUDA simulator. It has to be asked for before Numba is imported, so it runs in a process of its own:
functions of importable modules go there, with their arguments; what they return comes back.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evornn.compiler.emit.values import LayoutUnsupported
from tests.guards import HANGS

ROOT = Path(__file__).parents[3]
LIMIT = 20 * HANGS  # seconds for one process, which may have all the work of the tests

Call = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Outcome:
    """What a call gave, or why there is nothing."""

    value: Any = None
    unserved: str = ""
    error: str = ""

    def checked(self) -> Any:
        """The value. Skips where a layout or a missing library makes the call impossible; fails where it failed."""
        if self.unserved:
            pytest.skip(self.unserved)
        if self.error:
            pytest.fail(f"in the simulator:\n{self.error}", pytrace=False)
        return self.value


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    try:
        with np.errstate(all="ignore"):
            return Outcome(function(*arguments))
    except LayoutUnsupported as reason:
        return Outcome(unserved=f"the layout does not serve this graph: {reason}")
    except pytest.skip.Exception as reason:
        return Outcome(unserved=str(reason))
    except Exception:
        return Outcome(error=traceback.format_exc(limit=-4))


def main() -> None:
    """The simulator's process: run the calls in the first file, write their outcomes to the second."""
    from evornn.compiler.cuda import transfers as cuda_transfers

    sys.setswitchinterval(1e-4)  # a simulated barrier is threads that watch each other
    cuda_transfers.THREADS = 4  # a thread a number costs more than the numbers
    asked, answered = map(Path, sys.argv[1:])
    outcomes = [_outcome(*call) for call in pickle.loads(asked.read_bytes())]
    part = answered.with_suffix(".part")
    part.write_bytes(pickle.dumps(outcomes))
    part.replace(answered)


def simulate(calls: Sequence[Call], folder: Path) -> list[Outcome]:
    """Run calls in the simulator. Of processes that ask for the same work in the same folder, one does it."""
    pytest.importorskip("numba_cuda", reason="the CUDA simulator is part of numba-cuda: pip install numba-cuda")
    asked, answered, said = folder / "asked", folder / "answered", folder / "said"
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        _wait(answered, said)
    else:
        asked.write_bytes(pickle.dumps(list(calls)))
        code = "from tests.compiler.cuda.simulated import main; main()"
        environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", code, str(asked), str(answered)],
            env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, timeout=LIMIT,
        )  # fmt: skip
        said.write_text(f"the simulator's process ended with {done.returncode}:\n{done.stderr[-3000:]}")
    assert answered.exists(), said.read_text()
    return pickle.loads(answered.read_bytes())


def _wait(*files: Path) -> None:
    """Until one of the files is there."""
    until = time.monotonic() + LIMIT
    while not any(file.exists() for file in files):
        assert time.monotonic() < until, f"nobody wrote {files[0]}"
        time.sleep(0.1)
