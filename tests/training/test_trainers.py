"""Trainers: their rules against PyTorch and SciPy, mini-batches, bounds, failures, and what options are refused."""

import inspect
import math
from types import SimpleNamespace

import numpy as np
import pytest

import evornn
from evornn import EvornnError
from evornn.genome import Space
from evornn.training import LBFGS, SGD, Adam, RMSProp
from evornn.training.schedules import schedule


class Valley:
    """Minus Rosenbrock's function (1960), in `episodes` episodes tilted this way and that; exact slopes.

    Calls are noted in `asked` as (genomes, episodes, whether gradients were wanted).
    """

    def __init__(self, dimension: int = 4, width: float = 1e6, episodes: int = 5) -> None:
        self.space = Space(np.full(dimension, -width), np.full(dimension, width), [], self.draw)
        self.episodes = episodes
        tilts = np.random.default_rng(5).normal(0.0, 3.0, (episodes, dimension))
        self.tilts = tilts - tilts.mean(axis=0)
        self.asked: list = []

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        return rng.uniform(-1.5, 1.5, (count, self.space.dimension))

    def check_smooth(self) -> None:
        pass

    def loss(self, x):
        """Of x [..., D]; works on tensors as well."""
        return (100.0 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1.0 - x[..., :-1]) ** 2).sum(-1)

    def slopes(self, x: np.ndarray) -> np.ndarray:
        slopes = np.zeros_like(x)
        bend = x[:, 1:] - x[:, :-1] ** 2
        slopes[:, :-1] = -400.0 * x[:, :-1] * bend - 2.0 * (1.0 - x[:, :-1])
        slopes[:, 1:] += 200.0 * bend
        return slopes

    def evaluate(self, genomes: np.ndarray) -> SimpleNamespace:
        self.asked.append((genomes.copy(), None, False))
        return SimpleNamespace(fitness=-self.loss(genomes), steps=np.full(len(genomes), self.episodes))

    def gradient(self, genomes: np.ndarray, episodes=None) -> SimpleNamespace:
        self.asked.append((genomes.copy(), episodes, True))
        tilt = np.zeros(genomes.shape[1]) if episodes is None else self.tilts[episodes].mean(axis=0)
        return SimpleNamespace(
            fitness=-self.loss(genomes) + genomes @ tilt,
            steps=np.full(len(genomes), self.episodes if episodes is None else len(episodes)),
            gradients=-self.slopes(genomes) + tilt,
        )


def train(trainer, problem, generations: int, spoil=None) -> np.ndarray:
    """Run; `spoil(generation, told)` may change what is told. Returns what was asked [G, P, D]."""
    asked = []
    for generation in range(generations):
        genomes = trainer.ask()
        asked.append(genomes.copy())
        told = trainer.evaluate_with(problem, genomes)
        if spoil:
            spoil(generation, told)
        trainer.tell(genomes, told.fitness, getattr(told, "gradients", None))
    return np.array(asked)


COSINE = {"name": "cosine", "steps": 40, "final": 0.1}
LINEAR = {"name": "linear", "steps": 50, "final": 0.2}
STEP = {"name": "step", "every": 7, "factor": 0.5}
AGAINST_TORCH = [
    (SGD, {"rate": 1e-4, "momentum": 0.0, "clip": 0}, "SGD", {}, None),
    (SGD, {"rate": 1e-4, "momentum": 0.9, "clip": 0}, "SGD", {"momentum": 0.9}, None),
    (SGD, {"rate": 1e-3, "nesterov": True, "clip": 5.0}, "SGD", {"momentum": 0.9, "nesterov": True}, None),
    (SGD, {"rate": 1e-3, "clip": 2.0, "schedule": STEP}, "SGD", {"momentum": 0.9}, ("StepLR", (7, 0.5))),
    (RMSProp, {"rate": 0.01, "clip": 0}, "RMSprop", {"alpha": 0.9}, None),
    (RMSProp, {"decay": 0.99, "epsilon": 1e-3, "schedule": LINEAR, "clip": 0}, "RMSprop",
     {"alpha": 0.99, "eps": 1e-3}, ("LinearLR", (1.0, 0.2, 50))),
    (Adam, {"rate": 0.02, "clip": 0}, "Adam", {}, None),
    (Adam, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-4, "clip": 10.0, "schedule": COSINE}, "Adam",
     {"betas": (0.5, 0.9), "eps": 1e-4}, ("CosineAnnealingLR", (40, 0.001))),
]  # fmt: skip


@pytest.mark.needs("torch")
@pytest.mark.parametrize(("cls", "options", "name", "theirs", "decay"), AGAINST_TORCH)
def test_steps_are_those_of_torch(cls, options, name, theirs, decay) -> None:
    """40 steps in float64 with PyTorch's own derivatives; learner by learner, though ours go side by side."""
    import torch

    problem = Valley()
    ours = train(cls(problem.space, population=3, seed=4, **options), problem, 41)
    rate = options.get("rate", 0.01)
    for learner in range(3):
        x = torch.tensor(ours[0, learner], dtype=torch.float64, requires_grad=True)
        optimiser = getattr(torch.optim, name)([x], lr=rate, **theirs)
        changes = getattr(torch.optim.lr_scheduler, decay[0])(optimiser, *decay[1]) if decay else None
        for step in range(41):
            # PyTorch shortens by clip / (norm + 1e-6)
            np.testing.assert_allclose(ours[step, learner], x.detach().numpy(), rtol=1e-6 if options["clip"] else 1e-10)
            optimiser.zero_grad()
            problem.loss(x).backward()
            if options["clip"]:
                torch.nn.utils.clip_grad_norm_([x], options["clip"])
            optimiser.step()
            if changes:
                changes.step()


def test_lbfgs_is_scipys() -> None:
    """Each learner asks, bit for bit, what scipy.optimize.minimize evaluates, until it ends; then it starts afresh."""
    from scipy.optimize import minimize

    problem = Valley(width=2.0)
    trainer = LBFGS(problem.space, population=2, seed=3, memory=4)
    ours = train(trainer, problem, 120)
    assert trainer.restarts >= 2
    for learner in range(2):
        theirs: list[np.ndarray] = []

        def function(x, theirs=theirs):
            theirs.append(x.copy())
            return problem.loss(x), problem.slopes(x[None])[0]

        options = {"maxcor": 4, "ftol": 2.2e-9, "gtol": 1e-5, "maxiter": 1000}
        found = minimize(function, ours[0, learner], jac=True, method="L-BFGS-B", bounds=[(-2, 2)] * 4, options=options)
        assert found.success
        assert np.array(theirs).tobytes() == ours[: len(theirs), learner].tobytes()
        assert not np.allclose(ours[len(theirs), learner], theirs[-1], atol=0.01)
    assert trainer.best.fitness > -1e-6


RULES = [
    (SGD, {"rate": 1e-3, "nesterov": True}),
    (RMSProp, {"rate": 0.02}),
    (Adam, {"rate": 0.02, "schedule": COSINE}),
    (LBFGS, {}),
]


@pytest.mark.parametrize(("cls", "options"), RULES)
def test_a_failing_learner_never_touches_the_others(cls, options) -> None:
    """NaN and infinite fitness and gradients at several times: the others go on as if alone, bit for bit."""

    def spoil(generation: int, told) -> None:
        wrong = {3: (np.nan, 0.0), 4: (0.0, np.inf), 8: (np.inf, 1.0), 9: (0.0, np.nan), 20: (-np.inf, 0.0)}
        if generation in wrong:
            told.fitness[1] = wrong[generation][0]
            told.gradients[1, 2] = wrong[generation][1]

    fine, spoiled = (cls(Valley().space, population=3, seed=6, **options) for _ in range(2))
    expected, asked = train(fine, Valley(), 25), train(spoiled, Valley(), 25, spoil)
    assert asked[:, [0, 2]].tobytes() == expected[:, [0, 2]].tobytes()
    assert asked[3:5, 1].tobytes() != expected[3:5, 1].tobytes()
    assert np.isfinite(asked).all()


def test_a_learner_that_cannot_step_is_drawn_afresh_at_once_or_after_patience() -> None:
    for options, patience in (({}, 1), ({"batch": 1, "patience": 4}, 4)):
        problem = Valley()
        trainer = Adam(problem.space, population=2, seed=1, **options)

        def spoil(generation: int, told) -> None:
            if hasattr(told, "gradients"):
                told.gradients[0] = 0.0  # as on a plateau

        asked = train(trainer, problem, 6, spoil)
        first = 1 if options else 0  # a check comes first
        stuck = [bool((asked[first + g, 0] == asked[first, 0]).all()) for g in range(5)]
        assert stuck == [g < patience for g in range(5)]
        assert trainer.restarts == (5 if options else 6) // patience
        assert (np.diff(asked[first:, 1], axis=0) != 0).any(axis=1).all()


def test_exploding_gradients_are_cut_or_skipped() -> None:
    space = Space(np.full(3, -1e3), np.full(3, 1e3))
    start = np.zeros((4, 3))
    for clip in (1.0, 0.0):
        trainer = SGD(space, population=4, rate=1.0, momentum=0.0, clip=clip)
        trainer.place(start)
        huge = np.array([[3e200, 0.0, 4e200], [0.3, 0.0, 0.4], [np.inf, 0.0, 0.0], [1e-200, 0.0, 0.0]])
        moved = trainer.step(np.zeros(4), huge)
        assert moved.tolist() == [True, True, False, True]
        np.testing.assert_allclose(trainer.learners[1], [0.3, 0.0, 0.4])
        np.testing.assert_allclose(trainer.learners[0], [0.6, 0.0, 0.8] if clip else [1e3, 0.0, 1e3])
    trainer = Adam(space, population=1, clip=0.0)
    trainer.place(start[:1])
    assert not trainer.step(np.zeros(1), np.array([[1e200, 1.0, 1.0]])).any()  # its square is not a number to keep
    assert trainer.step(np.zeros(1), np.ones((1, 3))).all()


@pytest.mark.parametrize("cls", [SGD, RMSProp, Adam, LBFGS])
def test_an_optimum_outside_the_box_is_sought_on_its_border(cls) -> None:
    class Slope(Valley):
        def gradient(self, genomes, episodes=None):
            fitness = genomes[:, 0] - genomes[:, 1] - np.square(genomes[:, 2:]).sum(axis=1)
            slopes = np.array([1.0, -1.0, 0.0, 0.0]) - 2.0 * genomes * [0.0, 0.0, 1.0, 1.0]
            return SimpleNamespace(fitness=fitness, steps=np.ones(len(genomes)), gradients=slopes)

    problem = Slope(width=1.5)
    trainer = cls(problem.space, population=4, seed=2)
    train(trainer, problem, 400)
    np.testing.assert_allclose(trainer.best.genome, [1.5, -1.5, 0.0, 0.0], atol=0.02)


def test_mini_batches_take_every_episode_once_an_epoch_in_a_new_order() -> None:
    for batch, sizes in ((1, [1] * 5), (2, [2, 2, 1]), (4, [4, 1])):
        problem = Valley()
        train(RMSProp(problem.space, population=2, seed=7, batch=batch, check_every=2), problem, 4 * len(sizes) + 2)
        kinds = [gradient for *_, gradient in problem.asked]
        epochs = [False] + [True] * (2 * len(sizes))
        assert kinds == epochs * 2  # a check, two epochs, and again
        drawn = [episodes for _, episodes, gradient in problem.asked if gradient]
        assert [len(e) for e in drawn] == sizes * 4
        orders = np.concatenate(drawn).reshape(4, 5)
        assert (np.sort(orders, axis=1) == np.arange(5)).all()
        assert len(np.unique(orders, axis=0)) >= 3
        again = Valley()
        train(RMSProp(again.space, population=2, seed=8, batch=batch, check_every=2), again, 1 + len(sizes))
        assert np.concatenate([e for _, e, gradient in again.asked if gradient]).tolist() != orders[0].tolist()


def test_a_batch_of_all_episodes_needs_no_checks_after_the_first() -> None:
    problem = Valley()
    trainer = Adam(problem.space, population=2, seed=1, batch=5)
    asked = train(trainer, problem, 6)
    assert [(episodes, gradient) for _, episodes, gradient in problem.asked] == [(None, False)] + [(None, True)] * 5
    plain = train(Adam(problem.space, population=2, seed=1), problem, 5)
    assert asked[1:].tobytes() == plain.tobytes()
    one = Valley(episodes=1)
    train(SGD(one.space, population=1, batch=1), one, 3)  # a single sequence


def test_a_lucky_batch_is_not_believed() -> None:
    """Told that batches are perfect, `best` still goes by the checks."""
    problem = Valley()
    trainer = SGD(problem.space, population=3, seed=2, batch=1, rate=1e-4)

    def spoil(generation: int, told) -> None:
        if hasattr(told, "gradients"):
            told.fitness[:] = 1e9

    asked = train(trainer, problem, 30, spoil)
    checks = [genomes for genomes, _, gradient in problem.asked if not gradient]
    assert len(checks) == 5
    assert trainer.best.fitness == max((-problem.loss(genomes)).max() for genomes in checks)
    assert trainer.best.evaluation % 18 in (1, 2, 3)  # told in a check: each is 3 of 18 evaluations
    assert trainer.evaluations == 3 * len(asked)


def test_mini_batches_learn_what_all_episodes_teach() -> None:
    """On a bowl of tilted episodes a falling rate leads to the common optimum, in batches of one."""

    class Bowl(Valley):
        def loss(self, x):
            return ((x - 0.5) ** 2).sum(-1)

        def slopes(self, x):
            return 2.0 * (x - 0.5)

    found = {}
    for name, options in {"fixed": {}, "falling": {"schedule": {"name": "linear", "steps": 900}}}.items():
        problem = Bowl()
        trainer = SGD(problem.space, population=4, seed=3, batch=1, rate=0.05, momentum=0.0, clip=0.0, **options)
        train(trainer, problem, 1080)
        found[name] = np.abs(trainer.learners - 0.5).max()
    assert found["falling"] < 0.02 < found["fixed"]


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("constant", lambda t: 1.0),
        ({"name": "linear", "steps": 8, "final": 0.25}, lambda t: max(0.25, 1 - 0.75 * t / 8)),
        ({"name": "cosine", "steps": 8}, lambda t: 0.5 * (1 + math.cos(math.pi * min(t, 8) / 8))),
        ({"name": "step", "every": 3, "factor": 0.1}, lambda t: 0.1 ** (t // 3)),
    ],
)
def test_schedules(name, share) -> None:
    taken = np.arange(12)
    np.testing.assert_allclose(schedule(name)(taken), [share(int(t)) for t in taken], atol=1e-15)


@pytest.mark.parametrize(
    ("cls", "options", "words"),
    [
        (Adam, {"rate": 0}, r"rate is 0; it must be a number in \(0"),
        (Adam, {"beta2": 1.0}, "beta2 is 1.0"),
        (SGD, {"nesterov": True, "momentum": 0.0}, "nesterov=True needs momentum"),
        (SGD, {"schedule": "cosin"}, "schedule is 'cosin'; .*did you mean 'cosine'"),
        (SGD, {"schedule": {"name": "step", "evry": 3}}, "schedule step has no option 'evry'; .*did you mean 'every'"),
        (SGD, {"schedule": {"name": "linear", "steps": 0}}, "schedule linear: steps is 0"),
        (SGD, {"schedule": 3}, "schedule is 3; it must be a name or a table"),
        (RMSProp, {"clip": -1.0}, "clip is -1.0"),
        (RMSProp, {"batch": 0}, "batch is 0"),
        (RMSProp, {"batch": 6}, r"batch is 6; it must be a whole number in \[1, 5\]"),
        (LBFGS, {"memory": 0}, "memory is 0"),
    ],
)
def test_bad_options_are_named(cls, options, words) -> None:
    with pytest.raises(EvornnError, match=words):
        cls(Valley().space, **options).prepare(Valley())


def test_what_a_trainer_cannot_work_on_is_said_before_it_asks() -> None:
    problem = Valley()
    with pytest.raises(EvornnError, match="Adam needs gradients, and SimpleNamespace has none to offer"):
        Adam(problem.space).prepare(SimpleNamespace(evaluate=problem.evaluate))
    trainer = Adam(problem.space, population=2, batch=2)
    genomes = trainer.ask()
    with pytest.raises(EvornnError, match=r"drawn by search.evaluate_with"):
        trainer.tell(genomes, np.zeros(2))


@pytest.mark.parametrize("name", evornn.gradient.REGISTRY)
def test_one_sequence_of_one_step_is_enough(name) -> None:
    """T = 1, one sequence, one learner where that is allowed; the loss falls in a real problem."""
    task = evornn.tasks.Sequence(np.full((1, 1, 1), 0.5), np.full((1, 1, 1), 0.3))
    network = evornn.networks.Elman(units=1, init=1.0)
    with evornn.Problem(network, task, backend="plain") as problem:
        cls = evornn.gradient.REGISTRY[name]
        batch = {"batch": 1} if "batch" in inspect.signature(cls).parameters else {}
        trainer = cls(problem.space, population=cls.MIN_POPULATION, seed=3, **batch)
        result = evornn.run(problem, trainer, evaluations=40)
    assert result.evaluations == 40
    assert 0 < result.gradients <= 40
    assert result.history["best"][-1] > result.history["best"][0]
