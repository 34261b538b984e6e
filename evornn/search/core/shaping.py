"""Fitness shaping: utilities of ranks; and the default population, bounds by folding, normal draws."""

from __future__ import annotations

import functools
import math

import numpy as np

from evornn.search.core.operators import MANY


def default_population(dimension: int) -> int:
    """4 + floor(3 ln D): Hansen's (2016, equation 48), also that of natural evolution strategies."""
    return 4 + int(3.0 * math.log(dimension))


def by_rank(fitness: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`values` [P], the first for the best, dealt to fitness [P]; equal fitness shares alike.

    Sharing makes a flat fitness teach nothing: utilities that sum to zero become zero.
    """
    order = np.argsort(-fitness, kind="stable")
    ranked = fitness[order]
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))  # where each tie begins
    dealt = np.empty(fitness.size)
    if first.size == fitness.size:
        dealt[order] = values
        return dealt
    sizes = np.diff(np.append(first, fitness.size))
    dealt[order] = np.repeat(np.add.reduceat(values, first) / sizes, sizes)
    return dealt


def natural_utilities(population: int) -> np.ndarray:
    """Utilities [P] of natural evolution strategies, best first, summing to zero (Wierstra et al. 2014, sec. 3.1)."""
    raw = np.maximum(0.0, math.log(population / 2 + 1) - np.log(np.arange(1, population + 1)))
    return raw / raw.sum() - 1.0 / population


def centred_ranks(population: int) -> np.ndarray:
    """Ranks [P] spread evenly from 0.5, the best, to -0.5 (Salimans et al. 2017)."""
    return np.linspace(0.5, -0.5, population) if population > 1 else np.zeros(1)


def normal_steps(rng: np.random.Generator, count: int, dimension: int) -> np.ndarray:
    """Draws from N(0, I) [count, dimension]; where there are many, in half the time and float32 (Box & Muller 1958).

    Single precision because NumPy's logarithm, sine and cosine are vectorised there; none is longer than 5.8. Each pair
    takes one of 65,536 directions, which leaves every moment below that order as it is. Like the kernels' float32, the
    last bits depend on what the processor has: a machine without AVX2 and FMA draws others.
    """
    if count * dimension < MANY:
        return rng.standard_normal((count, dimension))
    pairs = -(-count * dimension // 2)
    radius = rng.random(pairs, dtype=np.float32)
    angle = rng.integers(2**16, size=pairs, dtype=np.uint16) * np.float32(2.0 * math.pi / 2**16)
    np.log(np.subtract(1.0, radius, out=radius), out=radius)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    steps = np.empty((2, pairs), dtype=np.float32)
    np.cos(angle, out=steps[0])
    np.sin(angle, out=steps[1])
    steps *= radius
    return steps.reshape(-1)[: count * dimension].reshape(count, dimension)


@functools.cache
def normal_quantiles(count: int) -> np.ndarray:
    """Quantiles [count] of N(0, 1), each as likely as any other: what stands for it where draws need not be fine."""
    from scipy.special import ndtri

    quantiles: np.ndarray = ndtri((np.arange(count) + 0.5) / count)
    return quantiles


def folded(points: np.ndarray) -> np.ndarray:
    """Points mirrored at 0 and 1 until they are in [0, 1]; those inside stay as they are, bit for bit."""
    signed = _from_even(points)
    return np.abs(signed, out=signed)


def in_box(points: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Genomes [P, D] of points in box units, mirrored at the bounds."""
    inside = points.min() >= 0.0 and points.max() <= 1.0
    genomes = (points if inside else folded(points)) * (upper - lower)
    genomes += lower
    return np.minimum(genomes, upper, out=genomes)  # rounding; nothing folded is negative


def fold_slope(points: np.ndarray) -> np.ndarray:
    """The slope of `folded`, 1 or -1."""
    return np.where(_from_even(points) >= 0.0, 1.0, -1.0)


def _from_even(points: np.ndarray) -> np.ndarray:
    """The signed distance, within [-1, 1], to the nearest even number."""
    even = 0.5 * points
    np.rint(even, out=even)
    even *= -2.0
    even += points
    return even


def shortened(steps: np.ndarray) -> np.ndarray:
    """Steps [k, D] from N(0, I), or put in place of such, no longer than sqrt(D) + 2 D / (D + 2) (Hansen 2011)."""
    n = steps.shape[1]
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    return steps * np.minimum(1.0, (math.sqrt(n) + 2 * n / (n + 2)) / np.maximum(lengths, 1e-300))
