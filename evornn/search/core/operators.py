"""Genetic operators on whole arrays: selection, crossover and mutation of a generation in a few NumPy calls.

Where DEAP has the operator, the one here agrees with it in distribution (Deb & Agrawal 1995 for simulated binary
crossover, Eshelman & Schaffer 1993 for blend, Baker 1985 for ranking, 1987 for universal sampling); the options after
`*` carry DEAP's names.

* selection `f(rng, fitness [P], k) -> indices [k]`, in random order, so that neighbours can be mated
* crossover `f(rng, a [M, D], b [M, D]) -> (c, d)`, new arrays
* mutation `f(rng, genes [K], column [K], space) -> genes [K]`: new values of the genes that are hit, `column` being
  each one's place in the genome
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

MANY = 10_000  # random numbers from which on quicker ways of drawing them are worth their calls
Rng = np.random.Generator
Pair = tuple[np.ndarray, np.ndarray]


# -- selection -------------------------------------------------------------------------------------------------------


def tournament(rng: Rng, fitness: np.ndarray, k: int, *, tournsize: int = 3) -> np.ndarray:
    """The best of `tournsize` individuals drawn with replacement."""
    aspirants = rng.integers(fitness.size, size=(k, tournsize))
    return aspirants[np.arange(k), np.argmax(fitness[aspirants], axis=1)]


def roulette(rng: Rng, fitness: np.ndarray, k: int) -> np.ndarray:
    """Chance proportional to fitness; with negative fitness, to its height above the worst."""
    total = np.cumsum(_weights(fitness))
    return np.searchsorted(total, rng.random(k) * total[-1], side="right").clip(0, fitness.size - 1)


def universal(rng: Rng, fitness: np.ndarray, k: int) -> np.ndarray:
    """Stochastic universal sampling: one spin of a roulette with `k` evenly spaced pointers."""
    total = np.cumsum(_weights(fitness))
    points = (rng.random() + np.arange(k)) * (total[-1] / k)
    return rng.permutation(np.searchsorted(total, points, side="left").clip(0, fitness.size - 1))


def rank(rng: Rng, fitness: np.ndarray, k: int, *, pressure: float = 1.8) -> np.ndarray:
    """Linear ranking: the best has `pressure` (1 to 2) expected copies, the worst 2 - pressure."""
    count = fitness.size
    place = np.empty(count)
    place[np.argsort(fitness, kind="stable")] = np.linspace(0.0, 1.0, count) if count > 1 else 0.5
    total = np.cumsum(2.0 - pressure + 2.0 * (pressure - 1.0) * place)
    return np.searchsorted(total, rng.random(k) * total[-1], side="right").clip(0, count - 1)


def truncation(rng: Rng, fitness: np.ndarray, k: int, *, share: float = 0.25) -> np.ndarray:
    """Equal chances among the best `share` (0 to 1) of the population, none for the others."""
    best = np.argsort(-fitness, kind="stable")[: max(1, round(share * fitness.size))]
    return best[rng.integers(best.size, size=k)]


def _weights(fitness: np.ndarray) -> np.ndarray:
    """Non-negative weights, the highest 1; nothing for -inf, everything for +inf, all alike if none is above 0."""
    if np.isposinf(fitness).any():
        return np.isposinf(fitness).astype(float)
    finite = np.isfinite(fitness)
    halves = np.where(finite, 0.5 * fitness, 0.0)  # halved: the difference of two finite numbers stays finite
    weights = np.where(finite, halves - min(halves.min(), 0.0), 0.0)
    return weights / weights.max() if weights.max() > 0.0 else np.ones(fitness.size)


def hits(rng: Rng, shape: tuple[int, ...], rate: float | np.ndarray) -> np.ndarray:
    """A mask of `shape`, true with probability `rate`.

    Where there are many, 16 random bits each, in a third of the time: a call's rate is rounded to 1/65,536, up or down
    at random, so that it is exact in the mean.
    """
    if math.prod(shape) < MANY:
        return rng.random(shape, dtype=np.float32) < rate
    most = np.floor(np.multiply(rate, 2.0**16) + rng.random()).astype(np.float32)
    return rng.integers(2**16, size=shape, dtype=np.uint16) < most


# -- crossover -------------------------------------------------------------------------------------------------------


def blend(rng: Rng, a: np.ndarray, b: np.ndarray, *, alpha: float = 0.5) -> Pair:
    """BLX-alpha: each gene uniform on the parents' interval widened by `alpha` of its length on both sides."""
    step = ((1.0 + 2.0 * alpha) * rng.random(a.shape) - alpha) * (b - a)
    return a + step, b - step


def uniform(rng: Rng, a: np.ndarray, b: np.ndarray, *, indpb: float = 0.5) -> Pair:
    """Each gene is exchanged with probability `indpb`."""
    return _exchange(a, b, hits(rng, a.shape, indpb))


def one_point(rng: Rng, a: np.ndarray, b: np.ndarray) -> Pair:
    """All genes from a random cut on are exchanged; single genes stay."""
    dimension = a.shape[1]
    cut = rng.integers(1, max(dimension, 2), size=(len(a), 1))
    return _exchange(a, b, np.arange(dimension) >= cut)


def two_point(rng: Rng, a: np.ndarray, b: np.ndarray) -> Pair:
    """The genes between two different random cuts are exchanged; single genes stay."""
    dimension = a.shape[1]
    if dimension == 1:
        return a.copy(), b.copy()
    first = rng.integers(1, dimension + 1, size=(len(a), 1))
    second = rng.integers(1, dimension, size=(len(a), 1))
    second += second >= first
    gene = np.arange(dimension)
    return _exchange(a, b, (gene >= np.minimum(first, second)) & (gene < np.maximum(first, second)))


def simulated_binary(rng: Rng, a: np.ndarray, b: np.ndarray, *, eta: float = 15.0) -> Pair:
    """SBX: children spread about their parents as one-point crossover of bits would; a high `eta` keeps them near."""
    draw = rng.random(a.shape)
    spread = np.where(draw <= 0.5, 2.0 * draw, 0.5 / (1.0 - draw)) ** (1.0 / (eta + 1.0))
    centre, half = 0.5 * (a + b), 0.5 * spread * (b - a)
    return centre - half, centre + half


def simulated_binary_bounded(
    rng: Rng, a: np.ndarray, b: np.ndarray, *, eta: float = 15.0, low: np.ndarray, up: np.ndarray
) -> Pair:
    """SBX as in NSGA-II: half the genes, the spread cut so that children stay in [low, up]."""
    c, d = a.copy(), b.copy()
    hit = np.nonzero((rng.random(a.shape, dtype=np.float32) < 0.5) & (np.abs(a - b) > 1e-14))
    x, y, low, up = np.minimum(a[hit], b[hit]), np.maximum(a[hit], b[hit]), low[hit[1]], up[hit[1]]
    draw, power = rng.random(x.size), 1.0 / (eta + 1.0)
    children = []
    for room in (x - low, up - y):
        alpha = 2.0 - (1.0 + 2.0 * room / (y - x)) ** -(eta + 1.0)
        spread = np.where(draw * alpha <= 1.0, draw * alpha, 1.0 / (2.0 - draw * alpha)) ** power
        children.append(spread * (y - x))
    left = np.clip(0.5 * (x + y - children[0]), low, up)
    right = np.clip(0.5 * (x + y + children[1]), low, up)
    swap = rng.random(x.size) <= 0.5
    c[hit], d[hit] = np.where(swap, right, left), np.where(swap, left, right)
    return c, d


def mixed(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`np.where(mask, b, a)`, as bits: in a third of the time where the mask is random."""
    return (a.view(np.int64) ^ _change(a, b, mask)).view(np.float64)


def _exchange(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> Pair:
    """Both with the genes under `mask` exchanged."""
    change = _change(a, b, mask)
    return (a.view(np.int64) ^ change).view(np.float64), (b.view(np.int64) ^ change).view(np.float64)


def _change(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The bits in which a and b differ, where `mask` is true."""
    change = a.view(np.int64) ^ b.view(np.int64)
    change &= -mask.astype(np.int64)  # all bits set, or none
    return change


# -- mutation --------------------------------------------------------------------------------------------------------


def gaussian(rng: Rng, genes: np.ndarray, column: np.ndarray, *, sigma: np.ndarray, mu: float = 0.0) -> np.ndarray:
    """Add a normal step: mean `mu`, standard deviation `sigma [D]`."""
    return genes + (mu + sigma[column] * rng.standard_normal(genes.size))


def cauchy(rng: Rng, genes: np.ndarray, column: np.ndarray, *, sigma: np.ndarray) -> np.ndarray:
    """Add a Cauchy step of scale `sigma [D]`: mostly small, sometimes across the whole range."""
    steps = rng.standard_cauchy(genes.size) if genes.size < MANY else cotangents(rng, genes.size)
    return genes + sigma[column] * steps


def cotangents(rng: Rng, count: int) -> np.ndarray:
    """Draws [count] from the standard Cauchy distribution, float32, below 2e7: cotangents of random angles.

    Where there are many, a third of the time of NumPy's quotients of normal draws: single sines are vectorised.
    """
    angle = 1.0 - rng.random(count, dtype=np.float32)
    angle *= 2.0 * math.pi  # never a zero of the sine: pi is no float
    return np.cos(angle) / np.sin(angle)


def polynomial(
    rng: Rng, genes: np.ndarray, column: np.ndarray, *, low: np.ndarray, up: np.ndarray, eta: float = 20.0
) -> np.ndarray:
    """Deb's bounded polynomial step: stays in [low, up]; a high `eta` keeps it small."""
    low, up = low[column], up[column]
    draw, span = rng.random(genes.size), up - low
    down = draw < 0.5
    away = 1.0 - np.where(down, genes - low, up - genes) / span  # how near the bound that is stepped towards
    share = 2.0 * np.where(down, draw, 1.0 - draw)
    size = 1.0 - (share + (1.0 - share) * away ** (eta + 1.0)) ** (1.0 / (eta + 1.0))
    return np.clip(genes + np.where(down, -size, size) * span, low, up)


def reset(rng: Rng, genes: np.ndarray, column: np.ndarray, *, low: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Replace by a uniform draw between the bounds."""
    return low[column] + (up - low)[column] * rng.random(genes.size)


def within(genomes: np.ndarray, low: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The genomes [P, D], held inside the bounds [D] in place: `np.clip` in half its time."""
    np.maximum(genomes, low, out=genomes)
    return np.minimum(genomes, up, out=genomes)


def reflected(genomes: np.ndarray, low: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Genomes [P, D] folded back at their bounds [D], as often as needed: symmetric steps stay symmetric."""
    span = up - low
    away = genomes - low
    far = np.nonzero((away < 0.0) | (away >= 2.0 * span))
    away[far] = np.mod(away[far], (2.0 * span)[far[-1]])  # a slow function, which leaves the others as they are
    away -= span
    np.abs(away, out=away)
    np.subtract(low + span, away, out=away)
    return within(away, low, up)


def mutate_rows(
    rng: Rng, rows: np.ndarray, rate: float, step: Callable[..., np.ndarray], **options: np.ndarray
) -> np.ndarray:
    """Each gene of `rows [M, D]` (contiguous) changed by `step(rng, genes, column, **options)` with probability `rate`,
    in place.
    """
    marked = hits(rng, rows.shape, rate) if rate < 1.0 else np.ones(rows.shape, dtype=bool)
    return mutate_marked(rng, rows, marked, step, **options)


def mutate_marked(
    rng: Rng, rows: np.ndarray, marked: np.ndarray, step: Callable[..., np.ndarray], **options: np.ndarray
) -> np.ndarray:
    """The genes of `rows [M, D]` (contiguous) under the mask `marked [M, D]` changed by `step`, in place."""
    flat, hit = rows.reshape(-1), np.flatnonzero(marked)
    flat[hit] = step(rng, flat[hit], hit % rows.shape[1], **options)
    return rows


Operator = Callable[..., Any]
SELECT: dict[str, Operator] = {
    "tournament": tournament,
    "roulette": roulette,
    "universal": universal,
    "rank": rank,
    "truncation": truncation,
}
MATE: dict[str, Operator] = {
    "blend": blend,
    "uniform": uniform,
    "one_point": one_point,
    "two_point": two_point,
    "sbx": simulated_binary,
    "sbx_bounded": simulated_binary_bounded,
}
MUTATE: dict[str, Operator] = {
    "gaussian": gaussian,
    "cauchy": cauchy,
    "polynomial": polynomial,
    "reset": reset,
}
RANGES: dict[str, tuple[float, float, bool]] = {  # option -> lowest, highest, whole number
    "tournsize": (1, 1_000_000, True),
    "pressure": (1.0, 2.0, False),
    "share": (0.0, 1.0, False),
    "alpha": (0.0, 100.0, False),
    "indpb": (0.0, 1.0, False),
    "eta": (0.0, 1e6, False),
    "c": (0.0, 1e6, False),
}
