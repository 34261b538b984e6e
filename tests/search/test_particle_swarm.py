"""The swarm against pyswarms' own optimizer, its traps, and the rules that pyswarms names but never applies."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.search import ParticleSwarm
from evornn.search.swarm.pyswarms_rules import BOUND_RULES, REFUSED, _quiet, bounced, neighbour_table
from tests.search.search_checks import box, sphere, steps


@contextmanager
def borrowed_numpy_stream(stream: np.random.RandomState) -> Iterator[None]:
    """Within the block `numpy.random` continues `stream`, which ends where the block left off."""
    saved = np.random.get_state()  # noqa: NPY002
    try:
        np.random.set_state(stream.get_state())  # noqa: NPY002
        yield
    finally:
        stream.set_state(np.random.get_state())  # noqa: NPY002
        np.random.set_state(saved)  # noqa: NPY002


@pytest.mark.parametrize("rule", BOUND_RULES)
def test_global_best_is_pyswarms_own(rule: str) -> None:
    """Bit for bit the positions of `GlobalBestPSO` on the same stream, with every bound rule."""
    with _quiet():
        from pyswarms.single import GlobalBestPSO

    space, particles, iterations = box(), 9, 25
    search = ParticleSwarm(space, population=particles, seed=1, bounds=rule, inertia=0.7, c1=1.2, c2=1.7)
    asked: list[np.ndarray] = []
    search.rng, numpys = twins(123)
    numpys.random_sample((particles, 5))  # what our first positions were drawn from
    asked = steps(search, iterations)
    theirs: list[np.ndarray] = []

    def cost(positions: np.ndarray) -> np.ndarray:
        theirs.append(positions.copy())
        return -sphere(space, positions)

    with borrowed_numpy_stream(np.random.RandomState(0)), _quiet():
        optimizer = GlobalBestPSO(
            particles, 5, {"c1": 1.2, "c2": 1.7, "w": 0.7}, bounds=(space.lower, space.upper), bh_strategy=rule,
            velocity_clamp=search.clamp, init_pos=asked[0].copy(),
        )  # fmt: skip
    with borrowed_numpy_stream(numpys):
        optimizer.reset()  # building it draws velocities twice; from here it is as ours
        optimizer.optimize(cost, iterations, verbose=False)
    for ours, other in zip(asked, theirs, strict=True):
        np.testing.assert_array_equal(ours, np.clip(other, space.lower, space.upper))


@pytest.mark.parametrize("topology", ["ring", "von_neumann", "nearest"])
def test_neighbourhoods_keep_apart(topology: str) -> None:
    """Two distant groups: with neighbourhoods each stays with its own best, with the global best all go to one."""
    space = Space(np.array([-10.0, -1.0]), np.array([10.0, 1.0]))

    def two_hills(genomes: np.ndarray) -> np.ndarray:
        x = genomes[:, 0]
        return np.maximum(1.0 - np.abs(x - 8.0), 0.99 - np.abs(x + 8.0))

    final = {}
    for kind in ("global", topology):
        search = ParticleSwarm(space, population=40, seed=2, topology=kind, k=3)
        final[kind] = steps(search, 60, two_hills)[-1][:, 0]
    assert max((final["global"] > 0).mean(), (final["global"] < 0).mean()) > 0.9
    assert 0.1 < (final[topology] > 0).mean() < 0.9


def test_neighbour_tables() -> None:
    """A ring's members sit round each particle; the lattice is symmetric, connected and the same for any size."""
    assert neighbour_table("ring", 5, 3).tolist() == [[4, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 0]]
    assert neighbour_table("ring", 5, 4)[0].tolist() == [4, 0, 1, 2]
    assert neighbour_table("global", 5, 3) is None
    assert sorted(neighbour_table("von_neumann", 9, 0)[4].tolist()) == [1, 3, 4, 5, 7]  # the middle of 3 by 3
    for count in (1, 2, 3, 7, 12, 13, 64, 97):
        table = neighbour_table("von_neumann", count, 0)
        linked = np.zeros((count, count), dtype=int)
        linked[np.arange(count)[:, None], table] = 1
        assert (linked == linked.T).all()
        assert linked.diagonal().all()
        assert (linked.sum(axis=1) == min(5, linked[0].sum())).all()
        assert (np.linalg.matrix_power(linked.astype(float), count) > 0).all()


@pytest.mark.parametrize("topology", ["ring", "von_neumann"])
def test_each_follows_the_best_of_its_neighbours(topology: str) -> None:
    search = ParticleSwarm(box(), population=11, seed=6, topology=topology, k=5)
    asked, told = [], []
    for _ in range(4):
        genomes = search.ask()
        asked.append(genomes)
        told.append(sphere(search.space, genomes))
        search.tell(genomes, told[-1])
    own = np.argmax(told, axis=0)  # [P] the generation of each one's best
    for i, neighbours in enumerate(neighbour_table(topology, 11, 5)):
        leader = max(neighbours, key=lambda j: told[own[j]][j])
        np.testing.assert_array_equal(search._swarm.best_pos[i], asked[own[leader]][leader])


def test_constriction() -> None:
    """chi of Clerc & Kennedy at phi = 4.1 is the usual 0.72984, and 1 at phi = 4; it sets all three."""
    swarm = ParticleSwarm(box(), population=5, constriction=4.1)
    assert swarm.coefficients == pytest.approx({"w": 0.7298437881, "c1": 1.4961797656, "c2": 1.4961797656})
    assert ParticleSwarm(box(), population=5, constriction=4.0 + 1e-12).coefficients["w"] == pytest.approx(
        1.0, abs=1e-5
    )
    assert ParticleSwarm(box(), population=5).coefficients == pytest.approx(swarm.coefficients, rel=1e-4)


def test_reflection_is_pyswarms_own() -> None:
    """Particles far outside are thrown back several times, as pyswarms' handler does it."""
    with _quiet():
        from pyswarms.backend.handlers import BoundaryHandler

    space = box()
    far = space.lower + (space.upper - space.lower) * np.random.default_rng(0).normal(0.5, 3.0, (200, 5))
    far[0], far[1] = space.lower, space.upper
    theirs = BoundaryHandler(strategy="reflective")(far.copy(), (space.lower, space.upper))
    np.testing.assert_array_equal(bounced(far, space.lower, space.upper), theirs)


def twins(seed: int) -> tuple[np.random.Generator, np.random.RandomState]:
    """The same uniform numbers for evornn and for pyswarms."""
    bits = np.random.MT19937()
    bits.state = np.random.RandomState(seed).get_state(legacy=False)
    return np.random.Generator(bits), np.random.RandomState(seed)


def flight(rule: str) -> tuple[np.ndarray, np.ndarray]:
    """Velocities before and after a step on which some particles leave the box, and which ones left."""
    search = ParticleSwarm(box(), population=30, seed=3, velocity_rule=rule, bounds="nearest", velocity_clamp=0.6)
    steps(search, 1)
    backend, swarm = search._backend, search._swarm
    free = backend.velocity(swarm, twins(5)[0])
    left = ((swarm.position + free < search.lower) | (swarm.position + free > search.upper)).any(axis=1)
    backend.move(swarm, twins(5)[0])
    assert 3 < left.sum() < 30
    return np.where(left[:, None], swarm.velocity, 0.0), np.where(left[:, None], free, 0.0)


def test_velocity_rules_act_on_particles_that_left() -> None:
    """pyswarms checks the repaired positions, where nothing is ever outside; here the rules do act."""
    after, before = flight("invert")
    np.testing.assert_array_equal(after, -0.5 * before)
    after, before = flight("zero")
    assert not after.any()
    after, before = flight("unmodified")
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_broken_in_pyswarms_is_refused(name: str) -> None:
    what = {"random": "bounds", "adjust": "velocity_rule"}.get(name, "topology")
    with pytest.raises(EvornnError, match=f"{what}='{name}' is not offered: pyswarms"):
        ParticleSwarm(box(), population=5, **{what: name})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"topology": "rong"}, "did you mean 'ring'"),
        ({"bounds": "reflect"}, "did you mean 'reflective'"),
        ({"velocity_rule": "inverted"}, "did you mean 'invert'"),
        ({"topology": "ring", "k": 6}, r"k is 6; it must be a whole number in \[1, 5\]"),
        ({"p": 3}, r"p is 3; .* \[1, 2\]"),
        ({"inertia": 1.2}, "inertia is 1.2"),
        ({"velocity_clamp": 0}, "velocity_clamp is 0"),
        ({"c1": -1}, "c1 is -1"),
        ({"topology": "vonneumann"}, "did you mean 'von_neumann'"),
        ({"constriction": 4.0}, r"constriction is 4.0; .* \(4"),
        ({"constriction": 4.1, "inertia": 0.5}, "constriction is 4.1; it sets inertia"),
    ],
)
def test_mistakes_are_named(options: dict, message: str) -> None:
    with pytest.raises(EvornnError, match=message):
        ParticleSwarm(box(), population=5, **options)


PROGRAM = """
import logging, os, sys
handlers = [logging.NullHandler()]
logging.getLogger().handlers = list(handlers)
logging.getLogger().setLevel(logging.ERROR)
before = logging.getLogger().handlers
import numpy as np
np.random.seed(3)
state = np.random.get_state()[1].copy()
sys.path[:0] = {path!r}
from tests.search.search_checks import box, steps
from evornn.search import ParticleSwarm
for folder in {folders!r}:
    os.chdir(folder)
    for topology in ("global", "ring"):
        steps(ParticleSwarm(box(), population=8, topology=topology), 3)
assert logging.getLogger().handlers == handlers
assert logging.getLogger().level == logging.ERROR
assert (np.random.get_state()[1] == state).all()
assert "pyswarms" in sys.modules
print("fine")
"""


def test_pyswarms_leaves_no_trace(tmp_path) -> None:
    """No report.log, the root logger as it was, and a folder that cannot be written is no obstacle."""
    unwritable = ["/proc"] if sys.platform.startswith("linux") else []  # there not even root can write
    program = PROGRAM.format(path=[p for p in sys.path if p], folders=[*unwritable, str(tmp_path)])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "fine\n", done.stderr
    assert not list(tmp_path.iterdir())


def test_logging_configuration_works_again_afterwards() -> None:
    import logging.config

    configure = logging.config.dictConfig
    steps(ParticleSwarm(box(), population=3), 2)
    assert logging.config.dictConfig is configure


def test_restart_draws_a_new_swarm() -> None:
    search = ParticleSwarm(box(), population=6, seed=4, restart_after=3)
    steps(search, 4)
    top = search.best
    asked = steps(search, 12, lambda g: np.full(len(g), -5.0))
    assert search.restarts >= 3
    assert search.best is top
    spread = [genomes.std(axis=0).mean() for genomes in asked]
    assert max(spread[4:]) > 0.3
