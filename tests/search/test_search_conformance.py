"""Every registered search and trainer, with its defaults and its other ways, must pass every check; broken ones not."""

import functools
import subprocess
import sys

import numpy as np
import pytest

from evornn import search, training
from evornn.search import RandomGuessing
from evornn.search.core import operators, shaping
from evornn.search.core.memory import MemoryModel
from evornn.search.core.search import Search
from tests.search import search_checks as checks
from tests.search.search_checks import CHECKS, box, sizes, steps


def label(value: object) -> str:
    return "-".join(map(label, value.values())) if isinstance(value, dict) else str(value)


REGISTRY: dict[str, type[Search]] = {**search.REGISTRY, **training.REGISTRY}
WAYS: dict[str, list[dict]] = {  # other roads through a registered search that must keep the same promises
    "GeneticAlgorithm": [
        {"select": "selTournament", "mate": "cxBlend", "mutate": "mutGaussian"},
        {"select": "roulette", "mate": "sbx_bounded", "mutate": "polynomial", "mutation": 0.5},
        {"mate": "cxESBlend", "mutate": "mutESLogNormal", "mutation_rate": 0.5},
        {"restart_after": 3},
        {"reevaluate": True},
    ],
    "ParticleSwarm": [
        {"topology": "ring", "bounds": "shrink", "velocity_rule": "invert"},
        {"topology": "nearest", "static": True, "bounds": "periodic", "velocity_rule": "zero"},
        {"topology": "nearest", "k": 2},
        {"topology": "von_neumann", "constriction": 4.2},
        {"bounds": "intermediate", "restart_after": 5},
        {"bounds": "nearest"},
    ],
    "SimulatedAnnealing": [
        {"schedule": "linear", "proposal": "gaussian", "return_after": 2, "steps": 7},
        {"schedule": "logarithmic", "temperature": 0.1, "restart_after": 30},
        {
            "schedule": "constant",
            "temperature": 0.001,
            "final_temperature": 0.001,
            "normalise": False,
            "reanneal": False,
        },
    ],
    "DualAnnealing": [{"no_local_search": False}],
    "CoSyNE": [{"permutation": "probabilistic", "restart_after": 5}, {"mutation_rate": 0.1, "sigma": 0.1}],
    "ESP": [{"neurons": 5, "burst_after": 3}, {"neurons": 17, "mutation_rate": 1.0, "burst_after": 0}],
    "SANE": [{"neurons": 5, "restart_after": 5}, {"neurons": 40, "pointer_rate": 0.2, "adopt": 1.0}],
    "CMAES": [
        {"separable": True, "restart_after": 12},
        {"active": False, "restart": "bipop", "restart_after": 3},
        {"restart": "none", "start": "sample", "sigma": 0.3, "sigma_floor": 0.02},
    ],
    "SNES": [{"start": "sample", "restart_after": 5, "sigma_floor": 0.001}],
    "XNES": [{"start": "sample", "sigma": 0.3}],
    "OpenAIES": [
        {"optimizer": "sgd", "sigma_decay": 0.99},
        {"optimizer": "clipup", "rate": 0.01, "weight_decay": 0.01, "rate_decay": 0.99, "restart_after": 40},
    ],
    "PGPE": [{"shaping": "rewards", "optimizer": "sgd"}, {"optimizer": "adam", "restart_after": 5}],
    "DifferentialEvolution": [
        {"strategy": "rand/1/bin", "adapt": "none"},
        {"strategy": "best/1/bin", "adapt": "jade", "restart_after": 5},
        {"shrink_over": 150},
    ],
    "EvolutionStrategy": [
        {"adapt": "fifth", "parents": 3, "plus": True},
        {"plus": True, "parents": 20, "mate": "discrete", "restart_after": 5},
        {"mate": "intermediate"},
        {"mutate": "mutESLogNormal", "mate": "cxESBlend"},
    ],
    "MicrobialGA": [{"deme": 1, "mutation_rate": 1.0}, {"recombination": 1.0, "restart_after": 4}],
    "IslandModel": [
        {"search": ["CoSyNE", {"name": "ParticleSwarm", "restart_after": 3}], "islands": 2, "every": 1, "migrants": 2},
        {"search": "ESP", "every": 2},
        {"search": ["MicrobialGA", "DualAnnealing"], "islands": 3, "every": 0},
    ],
    "ParallelTempering": [
        {"levels": 2, "temperature": 0.3, "proposal": "gaussian", "restart_after": 30},
        {"levels": 5, "normalise": False, "swap_every": 3},
    ],
    "SGD": [
        {"nesterov": True, "batch": 1},
        {"momentum": 0.0, "rate": 1.0, "schedule": {"name": "step", "every": 50, "factor": 0.7}},
    ],
    "RMSProp": [
        {"batch": 3, "check_every": 2, "rate": 0.1, "schedule": {"name": "cosine", "steps": 60, "final": 0.01}}
    ],
    "Adam": [{"batch": 4, "rate": 0.1}, {"batch": 2, "rate": 0.1, "clip": 0.0, "schedule": "linear"}],
    "LBFGS": [{"memory": 2, "iterations": 3, "ftol": 0.0, "gtol": 0.0}],
    "Online": [{"batch": 3}, {"method": "bptt", "rate": 0.5, "schedule": "cosine", "batch": 1, "check_every": 2}],
    "Memetic": [
        *(
            {"search": name, "mode": "baldwinian", "learner": "SGD", "rate": 6.0, "clip": 0, "steps": 2}
            for name in search.REGISTRY
        ),
        *(
            {"search": {"name": name}, "share": 0.3, "steps": 3, "rate": 0.2}
            for name, cls in search.REGISTRY.items()
            if cls.REPLACES
        ),
        {"search": {"name": "GeneticAlgorithm", "elites": 2}, "learner": "SGD", "steps": 2, "clip": 0.0},
    ],
}
CASES = [(name, {}) for name in REGISTRY] + [(name, way) for name, ways in WAYS.items() for way in ways]
COSTLY = (checks.check_learning, checks.check_memory)
CHECKED = [  # defaults meet all checks; by default every second way meets a check, every third a costly one, by turns
    pytest.param(
        *case, check, marks=pytest.mark.slow if case[1] and (i + k) % (3 if check in COSTLY else 2) else (),
        id=f"{label(case[0])}-{label(case[1])}-{check.__name__}",
    )
    for i, case in enumerate(CASES)
    for k, check in enumerate(CHECKS)
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "check"), CHECKED)
def test_conforms(name: str, options: dict, check) -> None:
    """The default way in the smallest and an odd population, the others in an odd one."""
    alone = options or check in COSTLY
    for population in [17] if alone else sizes(REGISTRY[name]):
        check(functools.partial(REGISTRY[name], **options), population)


@pytest.mark.parametrize("check", [checks.check_resume, checks.check_bounds_and_shapes], ids=lambda c: c.__name__)
@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] in search.REGISTRY], ids=label)
def test_conforms_as_large_generations_do(name: str, options: dict, check, monkeypatch) -> None:
    """Large generations draw their numbers in quicker ways; here every one counts as large."""
    monkeypatch.setattr(operators, "MANY", 1)
    monkeypatch.setattr(shaping, "MANY", 1)
    check(functools.partial(REGISTRY[name], **options), 17)


PROGRAM = """
import hashlib, sys
sys.path[:0] = {path!r}
from tests.search import search_checks as checks
from evornn import gradient, search
REGISTRY = {{**search.REGISTRY, **gradient.REGISTRY}}
for name in REGISTRY:
    asked = checks.steps(REGISTRY[name](checks.box(), population=17, seed=20), 6)
    print(name, hashlib.sha256(b"".join(g.tobytes() for g in asked)).hexdigest())
"""


def test_a_fresh_process_asks_the_same() -> None:
    """Hash seeds, import order and leftovers of other tests play no part."""
    import hashlib

    program = PROGRAM.format(path=[p for p in sys.path if p])
    fresh = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    here = {}
    for name, cls in REGISTRY.items():
        asked = steps(cls(box(), population=17, seed=20), 6)
        here[name] = hashlib.sha256(b"".join(g.tobytes() for g in asked)).hexdigest()
    assert dict(line.split() for line in fresh.splitlines()) == here


class _Bad(RandomGuessing):
    """Broken searches start from one that is right."""

    LEARNS = True


class Deaf(_Bad):
    """Claims to learn."""


class Stray(_Bad):
    def _generate(self) -> np.ndarray:
        return super()._generate() + 0.5


class Forgetful(_Bad):
    """Keeps something that its state does not."""

    place = 0

    def _generate(self) -> np.ndarray:
        self.place += 1
        return np.roll(super()._generate(), self.place, axis=0) if self.population > 1 else self._drifting()

    def _drifting(self) -> np.ndarray:
        return np.clip(super()._generate() + 0.01 * self.place, self.lower, self.upper)


class Global(_Bad):
    def _generate(self) -> np.ndarray:
        return self.lower + (self.upper - self.lower) * np.random.random((self.population, self.dimension))  # noqa: NPY002


class Fragile(_Bad):
    """Cannot work without a finite fitness."""

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        if not np.isfinite(fitness).all():
            raise FloatingPointError("not finite")


class Greedy(_Bad):
    def ask(self, limit: int | None = None) -> np.ndarray:
        return super().ask()


class Clock(_Bad):
    def _generate(self) -> np.ndarray:
        self.rng = np.random.default_rng()
        return super()._generate()


class Miscounting(_Bad):
    def tell(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        super().tell(genomes, fitness)
        self.evaluations += 1


class Lax(_Bad):
    """Accepts whatever it is told."""

    def tell(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        if self._genomes is not None:
            super().tell(self._genomes, np.resize(fitness, len(self._genomes)))


class Silent(_Bad):
    """Stops asking when nothing gets better."""

    def _generate(self) -> np.ndarray:
        if self.best is not None and self.generation > 1:
            return np.tile(self.best.genome, (self.population, 1))
        return super()._generate()


class Gullible(_Bad):
    """Loads any state."""

    def _check_same(self, state: dict) -> None:
        pass


class Hoarder(_Bad):
    """Takes what it does not say."""

    def _update(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        self.hoard = np.tile(genomes, (100, 1, 1))


class Boaster(_Bad):
    """Says what it does not take."""

    MEMORY_MODEL = MemoryModel(genomes=400)


class Shared(_Bad):
    """Is told what its copy is."""

    def copied(self) -> Search:
        return self


class Reborn(_Bad):
    """Its copies begin anew."""

    def __reduce__(self) -> tuple:
        return type(self), (self.space, self.population, self.seed)


class Downhill(training.Adam):
    """Learns the wrong way."""

    def step(self, fitness: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        return super().step(fitness, -gradients)


class Oblivious(training.SGD):
    """Loses its velocity on the way through a state."""

    def _load(self, own: dict) -> None:
        super()._load(own)
        self._memory = np.zeros_like(self._memory)


class Careless(training.Adam):
    """Makes up the gradients that it is not told."""

    def _receive_gradients(self, gradients: np.ndarray | None) -> None:
        super()._receive_gradients(np.zeros((self._asked, self.dimension)) if gradients is None else gradients)


BROKEN = [
    (Deaf, checks.check_learning),
    (Stray, checks.check_bounds_and_shapes),
    (Forgetful, checks.check_resume),
    (Global, checks.check_global_streams),
    (Global, checks.check_repeatable),
    (Reborn, checks.check_copies),
    (Fragile, checks.check_failures),
    (Greedy, checks.check_exact_budget),
    (Clock, checks.check_repeatable),
    (Miscounting, checks.check_counts),
    (Lax, checks.check_order),
    (Hoarder, checks.check_memory),
    (Boaster, checks.check_memory),
    (Shared, checks.check_twin),
    (Silent, checks.check_flat_fitness),
    (Gullible, checks.check_foreign_states),
    (Downhill, checks.check_learning),
    (Oblivious, checks.check_resume),
    (Careless, checks.check_order),
]


@pytest.mark.parametrize(("broken", "check"), BROKEN, ids=lambda value: value.__name__)
def test_a_broken_search_is_caught(broken: type[Search], check) -> None:
    """Each check is worth something: it fails a search that is broken in just that way."""
    with pytest.raises((AssertionError, FloatingPointError, pytest.fail.Exception)):
        check(broken, 17)


def test_every_check_has_caught_something() -> None:
    assert {check for _, check in BROKEN} == set(CHECKS)
