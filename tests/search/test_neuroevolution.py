"""Each operator of the neuroevolution searches against examples worked out by hand from the papers' descriptions."""

import itertools

import numpy as np
import pytest
from scipy import stats

from evornn.errors import EvornnError
from evornn.genome import Space
from evornn.networks import Feedforward, FullyRecurrent
from evornn.problem import Problem
from evornn.search import CNE, ESP, SANE, CoSyNE, GeneticAlgorithm, IslandModel, MicrobialGA
from evornn.search.cooperative.assembled import distinct, shared_out
from evornn.search.cooperative.cosyne import permutation_chances, permuted
from evornn.search.cooperative.esp import assembled
from evornn.search.cooperative.subpopulations import Groups, breed, breeding_rows, ranked, remembered
from evornn.search.evolution.microbial import ring_pairs
from evornn.tasks import DoublePole
from tests.search.search_checks import box, sphere, steps

Rng = np.random.default_rng


def space_of(neurons: list[int]) -> Space:
    return Space(np.full(len(neurons), -1.0), np.full(len(neurons), 1.0), neurons=np.array(neurons))


# sub-populations ----------------------------------------------------------------------------------------------------
def test_groups() -> None:
    """Units in order, shared genes as a last group, one group a gene where nothing is known of units."""
    groups = Groups.neurons(space_of([1, 0, -1, 1, 0, 0]))
    assert groups.group.tolist() == [1, 0, 2, 1, 0, 0]
    assert groups.place.tolist() == [0, 0, 0, 1, 1, 2]
    assert groups.size.tolist() == [3, 2, 1]
    assert Groups.neurons(box()).size.tolist() == [1] * 5
    assert Groups.whole(3).place.tolist() == [0, 1, 2]


def test_every_sub_population_is_ranked_by_its_own_credit() -> None:
    members = np.array([[0, 10, 20], [1, 11, 21], [2, 12, 22]])
    estimator = np.array([[0.5, 1.0], [2.0, -np.inf], [1.0, 3.0]])
    expected = [[1, 12, 21], [2, 10, 22], [0, 11, 20]]
    assert ranked(members, estimator, Groups.of(np.array([0, 1, 0]))).tolist() == expected


def test_breeding() -> None:
    """Parent j's children are its own head with a better row's tail, and the reverse, for each group apart; the best
    one mates with any parent. All cuts and mates are about equally frequent.
    """
    groups, count = Groups.of(np.array([0, 0, 0, 0, 1, 1])), 16
    assert breeding_rows(count) == (4, slice(8, 16))
    members = np.tile(np.arange(count)[:, None], (1, 6))  # each gene says whose it is
    children = np.array([breed(Rng(seed), members, groups) for seed in range(400)])
    pairs = children[:, ::-1].reshape(400, 4, 2, 6)  # parent 0 first: its children are the last
    seen: dict[tuple[int, int], int] = {}
    cuts = []
    for j in range(4):
        for two, one in pairs[:, j]:
            for genes in (slice(0, 4), slice(4, 6)):
                head, tail = one[genes][0], one[genes][-1]
                assert head == j
                assert tail < max(j, 1) or j == 0
                assert tail < 4
                cut = int((one[genes] == j).sum())
                assert one[genes].tolist() == [j] * cut + [tail] * (len(one[genes]) - cut)
                expected = [tail] * cut + [j] * (len(one[genes]) - cut) if tail != j else [j] * len(one[genes])
                assert two[genes].tolist() == expected
                seen[j, int(tail)] = seen.get((j, int(tail)), 0) + 1
                if j > 0 and genes.start == 0:
                    cuts.append(cut)
    assert set(cuts) == {1, 2, 3}
    assert stats.chisquare(np.bincount(cuts)[1:]).pvalue > 1e-4
    for j, mates in ((0, 4), (2, 2), (3, 3)):
        assert stats.chisquare([seen[j, mate] for mate in range(mates)]).pvalue > 1e-4


def test_remembering_what_was_tried() -> None:
    known = np.array([[1.0, 2.0], [3.0, 4.0]])
    again = np.array([[3.0, 4.0], [1.0, 2.5], [3.0, 4.0]])
    np.testing.assert_array_equal(remembered(again, known, np.array([7.0, 8.0])), [8.0, np.nan, 8.0])
    first, which = distinct(again)
    assert (first.tolist(), which.tolist()) == ([0, 1], [0, 1, 0])


# CoSyNE -------------------------------------------------------------------------------------------------------------
def test_permutation_probabilities() -> None:
    """1 - ((f - worst) / (best - worst))^(1/D): 0 for the best, 1 for the worst, for children and failures."""
    chances = permutation_chances(np.array([10.0, 5.0, 0.0, -np.inf]), 2)
    np.testing.assert_allclose(chances, [0.0, 1.0 - np.sqrt(0.5), 1.0, 1.0])
    np.testing.assert_allclose(permutation_chances(np.array([3.0, 1.0 + 2e-6 * 8, 1.0]), 3)[1], 1.0 - 0.02)
    assert permutation_chances(np.array([4.0, 4.0]), 5).tolist() == [1.0, 1.0]
    assert permutation_chances(np.array([np.inf, 1.0, 0.0]), 1).tolist() == [0.0, 0.0, 1.0]
    assert permutation_chances(np.array([1.5e308, 0.0, -1.5e308]), 1).tolist() == [0.0, 0.5, 1.0]


def test_permutation_shuffles_what_is_marked() -> None:
    """Columns keep their weights; unmarked ones stay; among marked ones every order is equally likely."""
    members = np.arange(24.0).reshape(6, 4)
    rng = Rng(0)
    for chance in (None, np.array([0.0, 0.3, 0.6, 1.0, 1.0, 1.0])):
        moved = np.zeros(6)
        for _ in range(300):
            after = permuted(rng, members, chance)
            assert np.array_equal(np.sort(after, axis=0), members)
            moved += (after != members).sum(axis=1)
        assert (moved[0] == 0) == (chance is not None)
        assert (moved[1:] > 0).all()
    orders = [tuple(permuted(rng, members[:3], np.ones(3))[:, 0]) for _ in range(1200)]
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-4


def test_the_best_network_stays_whole_only_in_probabilistic_permutation() -> None:
    """There it keeps its fitness and is not asked again; a full permutation takes it apart, its weights live on."""
    for permutation in ("full", "probabilistic"):
        search = CoSyNE(box(), population=20, seed=1, permutation=permutation)
        steps(search, 6)
        pool, fitness = search._pool, search._pool_fitness
        assert pool is not None
        assert fitness is not None
        best = pool[np.argmax(fitness)]
        asked = search.ask()
        search.tell(asked, sphere(search.space, asked))
        assert not (asked == best).all(axis=1).any()
        assert search._pool is not None
        assert (search._pool == best).any(axis=0).all()
        assert (search._pool == best).all(axis=1).any() == (permutation == "probabilistic")


# ESP ----------------------------------------------------------------------------------------------------------------
def test_every_neuron_joins_equally_many_networks() -> None:
    picks = assembled(Rng(2), 40, 20, 3)
    assert picks.shape == (40, 3)
    assert all((np.bincount(column) == 2).all() for column in picks.T)
    partners = [tuple(row) for row in picks]
    assert len(set(partners)) > 35
    assert sorted(np.bincount(assembled(Rng(3), 10, 4, 1)[:, 0]).tolist()) == [2, 2, 3, 3]


def test_what_a_neuron_is_worth() -> None:
    """The mean of its networks, or of the best few of them; failures count as the worst that did not fail."""
    picks = np.array([[0, 1], [0, 0], [1, 1], [0, 1]])
    fitness = np.array([4.0, 1.0, -np.inf, 7.0])
    apart = np.arange(2)
    np.testing.assert_allclose(shared_out(fitness, picks, apart, 3), [[4.0, 1.0], [1.0, 4.0], [-np.inf, -np.inf]])
    np.testing.assert_allclose(shared_out(fitness, picks, apart, 2, best=2), [[5.5, 1.0], [1.0, 5.5]])
    together = np.zeros(2, dtype=int)  # any neuron in any place: neuron 1 is in 0, 2 (twice) and 3
    np.testing.assert_allclose(shared_out(fitness, picks, together, 2), [[13 / 4], [13 / 4]])
    np.testing.assert_allclose(shared_out(np.full(4, -np.inf), picks, apart, 2), np.zeros((2, 2)))


def test_burst_mutation() -> None:
    """After `burst_after` generations that bring nothing all neurons lie round the best's, Cauchy distributed."""
    search = ESP(space_of([0, 0, 1, 1, -1]), population=400, seed=4, neurons=400, burst_after=3, burst_sigma=1e-4)
    search.tell(search.ask(), np.arange(400.0))
    best = search.best
    assert best is not None
    for generation in range(3):
        assert search.bursts == 0
        before = search._members
        asked = search.ask()
        search.tell(asked, np.zeros(len(asked)))
        assert search.bursts == (generation == 2)
    assert search._members is not before
    assert search._members is not None
    away = (search._members - best.genome) / (1e-4 * 2.0)
    for column in away.T:
        assert stats.kstest(column, stats.cauchy.cdf).pvalue > 1e-4
    asked = search.ask()  # networks of the new neurons
    assert np.median(np.abs(asked - best.genome)) < 1e-3


def test_no_network_is_asked_twice_in_a_row() -> None:
    for cls in (ESP, SANE):
        search = cls(space_of([0, 0]), population=24, seed=5, neurons=4)
        generations = steps(search, 12)
        for last, asked in itertools.pairwise(generations):
            assert len(np.unique(asked, axis=0)) == len(asked)
            assert np.isnan(remembered(asked, last, np.zeros(len(last)))).all()
        assert len(generations[0]) == 4  # a single neuron: no more than four networks


def test_neurons_learn_in_their_networks() -> None:
    """What is inherited is written into the neurons; of several networks the best one's version stays."""
    search = ESP(space_of([0, 1]), population=8, seed=6, neurons=4)
    asked = search.ask()
    learned = np.clip(asked + 0.001, -1.0, 1.0)
    search.replace(learned)
    search._evolve = lambda worth: None  # type: ignore[method-assign]
    search.tell(learned, np.arange(len(learned)))
    assert search._members is not None
    assert np.isin(search._members, learned).all()
    networks = search._members[search._picks, np.arange(2)]
    assert (networks == learned[-1]).all(axis=1).any()


# SANE ---------------------------------------------------------------------------------------------------------------
def test_kinds_of_units() -> None:
    """Units of a layer share a population; different sizes, or ranges, and shared genes have their own."""
    space = Problem(Feedforward(units=[3, 2]), DoublePole(velocities=False)).space
    search = SANE(space, population=10, neurons=12)
    assert search.kind.tolist() == [0, 0, 0, 1, 1, 2]
    assert search.blocks.size.tolist() == [4, 5, 1]  # 3 weights and a bias; 3, a bias and a readout; c
    assert len(set(SANE(box(), population=10).kind.tolist())) == 5
    recurrent = SANE(Problem(FullyRecurrent(units=4), DoublePole(velocities=False)).space, population=10)
    assert recurrent.kind.tolist() == [0] * 4
    asked = recurrent.ask()
    picks, members = recurrent._picks, recurrent._members
    assert members is not None
    assert members.shape == (10, 8)
    np.testing.assert_array_equal(asked[0][recurrent.parts.group == 2], members[picks[0, 2]])


def test_blueprints_adopt_children() -> None:
    """Pointers of new blueprints to a parent go to its children, with `adopt`; some go anywhere; others stay."""
    pointers = np.arange(16).reshape(2, 8)
    always = SANE(box(8), population=10, neurons=16, pointer_rate=0.0, adopt=1.0)
    found = np.array([always._repointed(pointers) for _ in range(60)])
    for parent in range(4):
        assert set(found[:, 0, parent].tolist()) == {15 - 2 * parent, 14 - 2 * parent}
    assert (found[:, 0, 4:] == pointers[0, 4:]).all()
    assert (found[:, 1] == pointers[1]).all()
    never = SANE(box(8), population=10, neurons=16, pointer_rate=0.25, adopt=0.0)
    changed = sum(int((never._repointed(pointers) != pointers).sum()) for _ in range(300))
    assert stats.binomtest(changed, 300 * 16, 0.25 * 15 / 16).pvalue > 1e-4
    members = np.tile(np.arange(16.0)[:, None], (1, 8))
    members[breeding_rows(16)[1]] = breed(Rng(0), members, Groups.whole(8))
    for parent in range(4):  # where the pointers lead are its children indeed
        assert members[15 - 2 * parent, -1] == members[14 - 2 * parent, 0] == parent


# CNE and the microbial GA -------------------------------------------------------------------------------------------
def test_cne_is_the_genetic_algorithm() -> None:
    settings = {"elites": 10, "select": "truncation", "mate": "one_point", "mutate": "cauchy", "crossover": 1.0}
    one = steps(CNE(box(), population=20, seed=7), 6)
    two = steps(
        GeneticAlgorithm(box(), population=20, seed=7, mutation_rate=0.3, sigma=0.025, **settings),  # type: ignore[arg-type]
        6,
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert len(one[1]) <= 10  # the better half is not asked again


def test_ring_pairs() -> None:
    """Nobody twice, opponents within the deme, all distances about equally often while the ring is empty."""
    rng, near = Rng(8), []
    for count, deme in ((2, 5), (3, 1), (20, 4), (21, 100)):
        for _ in range(50):
            pairs = ring_pairs(rng, count, deme)
            assert 1 <= len(pairs) <= count // 2
            assert len(np.unique(pairs)) == pairs.size
            assert (((pairs[:, 1] - pairs[:, 0]) % count) <= min(deme, count - 1)).all()
    for _ in range(800):
        first = ring_pairs(rng, 40, 4)[0]
        near.append((first[1] - first[0]) % 40)
    assert stats.chisquare(np.bincount(near)[1:]).pvalue > 1e-4


def test_losers_are_infected_and_winners_live_on() -> None:
    search = MicrobialGA(box(200), population=30, seed=9, recombination=0.3, mutation_rate=0.1)
    steps(search, 1)
    pool, fitness = search._pool.copy(), search._pool_fitness.copy()
    asked = search.ask()
    losers = search._losers
    assert len(asked) == len(losers) <= 15
    assert int(np.argmax(fitness)) not in losers
    search.tell(asked, sphere(search.space, asked))
    others = np.setdiff1d(np.arange(30), losers)
    np.testing.assert_array_equal(search._pool[others], pool[others])
    np.testing.assert_array_equal(search._pool[losers], asked)
    sources = np.zeros(3)
    for loser, infected in zip(losers, asked, strict=True):
        shared = (infected == pool).sum(axis=1)  # [30] genes that each one of the pool has in common with it
        own, winner = shared[loser], np.max(np.delete(shared, loser))
        assert fitness[np.argmax(np.where(np.arange(30) == loser, -1, shared))] >= fitness[loser]
        sources += (own, winner, 200 - own - winner)
    expected = np.array([0.9 * 0.7, 0.9 * 0.3, 0.1]) * sources.sum()
    assert stats.chisquare(sources, expected).pvalue > 1e-4


# islands ------------------------------------------------------------------------------------------------------------
def test_without_migration_islands_are_alone() -> None:
    """Each asks what its search would ask by itself."""
    model = IslandModel(box(), population=27, seed=10, search=["CoSyNE", "MicrobialGA"], islands=3, every=0)
    assert [type(island).__name__ for island in model.islands] == ["CoSyNE", "MicrobialGA", "CoSyNE"]
    alone = [type(island)(box(), population=9, seed=island.seed) for island in model.islands]
    assert len({island.seed for island in alone}) == 3
    together, apart = steps(model, 8), [steps(search, 8) for search in alone]
    for generation, asked in enumerate(together):
        np.testing.assert_array_equal(asked, np.concatenate([own[generation] for own in apart]))


def test_migrants_go_round_the_ring() -> None:
    """Every third generation each island is told its predecessor's best and its fitness; nobody evaluates it again."""
    model = IslandModel(box(), population=24, seed=11, search="CoSyNE", islands=3, every=3, migrants=2)
    told: list[list[tuple[np.ndarray, np.ndarray]]] = [[], [], []]
    for k, island in enumerate(model.islands):
        tell = island.tell

        def heard(genomes, fitness, k=k, tell=tell) -> None:
            told[k].append((genomes.copy(), fitness.copy()))
            tell(genomes, fitness)

        island.tell = heard  # type: ignore[method-assign]
    bests, asked = [], []
    for _ in range(7):
        asked.append(steps(model, 1)[0])
        bests.append([island.best for island in model.islands])
    assert len(np.unique(np.concatenate(asked), axis=0)) == sum(map(len, asked)) == model.evaluations
    for generation in range(7):
        for k in range(3):
            genomes, fitness = told[k][generation]
            own = ~np.isnan(remembered(genomes, asked[generation], np.zeros(len(asked[generation]))))
            if generation not in (3, 6):
                assert own.all()
                continue
            assert own.tolist() == [True] * (len(own) - 2) + [False] * 2
            best = bests[generation - 1][k - 1]
            assert best is not None
            np.testing.assert_array_equal(genomes[-2], best.genome)
            np.testing.assert_allclose(fitness[-2:], sphere(model.space, genomes[-2:]), rtol=1e-12)


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        (CoSyNE, {"population": 3}, "population is 3"),
        (CoSyNE, {"permutation": "ful"}, "did you mean 'full'"),
        (CoSyNE, {"mutation_rate": 0.0}, r"mutation_rate is 0.0; .* \(0, 1\]"),
        (CoSyNE, {"sigma": 0.0}, "sigma is 0.0"),
        (ESP, {"neurons": 3}, r"neurons is 3; .* \[4, 20\]"),
        (ESP, {"neurons": 21}, "neurons is 21"),
        (ESP, {"burst_after": -1}, "burst_after is -1"),
        (ESP, {"burst_sigma": 0}, "burst_sigma is 0"),
        (SANE, {"adopt": 1.5}, "adopt is 1.5"),
        (SANE, {"pointer_rate": -1}, "pointer_rate is -1"),
        (CNE, {"population": 1}, "population is 1"),
        (CNE, {"pressure": 1.2}, "unknown option 'pressure'"),
        (MicrobialGA, {"deme": 0}, "deme is 0"),
        (MicrobialGA, {"recombination": 2}, "recombination is 2"),
        (IslandModel, {"search": "CoSyN"}, "did you mean 'CoSyNE'"),
        (IslandModel, {"search": []}, r"search is \[\]"),
        (IslandModel, {"search": {"name": "CoSyNE", "seed": 1}}, "seed does not belong here"),
        (IslandModel, {"search": "ESP", "islands": 10}, "island 1 of 10, population 2: population is 2"),
        (IslandModel, {"search": "DualAnnealing"}, "use every=0"),
        (IslandModel, {"migrants": 6}, r"migrants is 6; .* \[1, 5\]"),
    ],
)  # fmt: skip
def test_mistakes_are_named(search, options: dict, message: str) -> None:
    with pytest.raises(EvornnError, match=message):
        search(box(), **{"population": 20, **options})
