"""Backends "cuda" and "auto": evaluations on a GPU, always or by a measured rule, and the rest on the CPU."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
from pathlib import Path

import numpy as np

from evornn.backends.base import Backend, Differentiated, Means, Results, SimulationLike, Slopes, Written
from evornn.backends.cpu import CpuBackend
from evornn.compiler.cache_folder import cache_folder
from evornn.errors import EvornnError
from evornn.sharing import MAKING

PREDICTED = 2048  # episodes at once from which a GPU should win: a guess from operations counted, until it is measured


class WithGpu(Backend):
    """Evaluations on a GPU, the rest (gradients, single steps) on the CPU.

    smallest: episodes at once from which the GPU is used. The first batch decides for good, so that a fitness never
    depends on how many others are in its batch.
    """

    name = "cuda"

    def __init__(self, host: CpuBackend, smallest: int) -> None:
        super().__init__(host.simulation, host.precision)
        self.host, self.smallest = host, smallest
        self.chosen: Backend | None = None

    @classmethod
    def why_not(cls) -> str:
        """Why kernels cannot run on a GPU (or in the CUDA simulator) here, or the rest on the CPU."""
        try:
            from evornn.compiler.cuda.device import check

            check()
        except EvornnError as error:
            return str(error)
        return CpuBackend.why_not()

    @classmethod
    def build(cls, simulation: SimulationLike, precision: str, workers: int | None, gradient_memory: float) -> Backend:
        """As `Backend.build`: every evaluation on the GPU."""
        return cls(CpuBackend.build(simulation, precision, workers, gradient_memory), 0)

    @classmethod
    def device_facts(cls) -> dict[str, str]:
        """The GPU, if it can be used, and the version of the package that reaches it."""
        if WithGpu.why_not():
            return {}
        from evornn.compiler.cuda.device import facts

        return {"gpu": facts().name, "numba-cuda": importlib.metadata.version("numba-cuda")}

    def choose(self, individuals: int, episodes: int) -> Backend:
        """The backend that evaluates, chosen by the first batch of P individuals x E episodes."""
        if self.chosen is None:
            with MAKING:
                if self.chosen is None:
                    self.chosen = self.host if individuals * episodes < self.smallest else self._device()
        return self.chosen

    def _device(self) -> Backend:
        from evornn.backends.cuda import CudaBackend

        return CudaBackend(self.simulation, self.precision)

    def kernel(self, individuals: int, episodes: int, scenario_size: int) -> Written:
        """The kernel for a batch of this size."""
        return self.choose(individuals, episodes).kernel(individuals, episodes, scenario_size)

    def evaluate(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Results:
        """values [P, D], scenarios [E, k] -> fitness, steps, failed: each [P, E]."""
        return self.choose(len(values), len(scenarios)).evaluate(values, scenarios, steps, seed)

    def summarise(self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Means:
        """values [P, D], scenarios [E, k] -> mean fitness, all steps, whether any episode failed: each [P]."""
        return self.choose(len(values), len(scenarios)).summarise(values, scenarios, steps, seed)

    def batch_memory(self, individuals: int, scenarios: np.ndarray, steps: int, gradients: bool = False) -> int:
        """As `Backend.batch_memory`; with a GPU, of the host: chunks on the way. The GPU is given what fits it."""
        if gradients or individuals * len(scenarios) < self.smallest:
            return self.host.batch_memory(individuals, scenarios, steps, gradients)
        from evornn.compiler.cuda.layout import CHUNK

        size = np.dtype(self.precision).itemsize
        return 2 * size * min(individuals, CHUNK) * (self.simulation.genome.dimension + 8) + 64 * individuals

    def gradient(
        self, values: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0, episodes: np.ndarray | None = None
    ) -> Differentiated:
        """As `CpuBackend.gradient`."""
        return self.host.gradient(values, scenarios, steps, seed, episodes)

    def tangent(self, values: np.ndarray, dots: np.ndarray, scenarios: np.ndarray, steps: int, seed: int = 0) -> Slopes:
        """As `CpuBackend.tangent`."""
        return self.host.tangent(values, dots, scenarios, steps, seed)

    def close(self) -> None:
        """Stop the threads, free the device's memory."""
        self.host.close()
        if self.chosen is not None and self.chosen is not self.host:
            self.chosen.close()


class Automatic(WithGpu):
    """The GPU where there is one, from as many episodes at once as make it the faster; else the CPU."""

    name = "auto"

    @classmethod
    def why_not(cls) -> str:
        """As `Backend.why_not`: it needs no GPU."""
        return CpuBackend.why_not()

    @classmethod
    def build(cls, simulation: SimulationLike, precision: str, workers: int | None, gradient_memory: float) -> Backend:
        """As `Backend.build`: the CPU alone where there is no GPU."""
        host = CpuBackend.build(simulation, precision, workers, gradient_memory)
        return host if WithGpu.why_not() else cls(host, crossover()[0])


# the rule of "auto" ---------------------------------------------------------------------------------------------------
def _record() -> Path:
    return cache_folder() / "crossover.json"


def crossover() -> tuple[int, str]:
    """Episodes at once from which the GPU of this machine is faster than its CPU, and where that is from."""
    from evornn.compiler.cuda.device import facts

    try:
        found = json.loads(_record().read_text())[facts().name]
        return int(found["episodes"]), f"measured on {found['date']}"
    except (OSError, ValueError, KeyError, TypeError):
        return PREDICTED, "a prediction; `evornn bench --backend cuda` measures it"


def record_crossover(device: str, episodes: int) -> None:
    """Keep a measured crossover for `crossover`."""
    path = _record()
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    known[device] = {"episodes": int(episodes), "date": datetime.date.today().isoformat()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=1))
