"""Genomes: the flat vector that searches see, and the named parameters that networks see.

A gene lives in its parameter's range; the parameter's value is a transform of the gene (identity, or exp for quantities
searched on a log scale). Dimension D is the number of genes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evornn.errors import EvornnError, amount, check_choice, shown
from evornn.memory import check_memory

GENE = 56  # bytes that a gene of a space takes while it is made

TRANSFORMS: dict[str, Callable[[Any], Any]] = {"identity": lambda gene: gene, "exp": np.exp}
SLOPES: dict[str, Callable[[Any], Any]] = {"identity": np.ones_like, "exp": np.exp}  # d value / d gene


@dataclass(frozen=True)
class Parameter:
    """One named parameter of a network.

    shape: () , (n,) or (n, m). range: bounds of every gene. init: bounds of the uniform initial draw (default: range),
    inside range. transform: value = transform(gene): "identity" or "exp" (then range and init are logarithms of the
    value's bounds).
    """

    shape: tuple[int, ...]
    range: tuple[float, float]
    init: tuple[float, float] | None = None
    transform: str = "identity"

    def __post_init__(self) -> None:
        object.__setattr__(self, "range", tuple(map(float, self.range)))
        if self.init is not None:
            object.__setattr__(self, "init", tuple(map(float, self.init)))
        low, high = self.range
        first, last = self.init or self.range
        if not (np.isfinite([low, high]).all() and low < high and low <= first <= last <= high):
            raise EvornnError(
                f"parameter range {self.range} with init {self.init}: needs finite low < high and init inside the range"
            )
        check_choice("transform", self.transform, TRANSFORMS)

    @property
    def size(self) -> int:
        """Number of genes."""
        return math.prod(self.shape)


class Names(Sequence):
    """Names of genes, made when they are looked at: "W[0,1]", "b[2]", "gain" for parameters of these shapes."""

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = list(shapes.items())
        self.ends = np.cumsum([math.prod(shape) for _, shape in self.shapes]).tolist()

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        i = range(len(self))[at]
        k = bisect_right(self.ends, i)
        name, shape = self.shapes[k]
        place = np.unravel_index(i - (self.ends[k - 1] if k else 0), shape) if shape else ()
        return f"{name}[{','.join(map(str, place))}]" if shape else name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"names of {len(self):,} genes: {', '.join(self[:3])}, ..."


@dataclass(frozen=True)
class Space:
    """A box to search: lower and upper bounds [D], gene names, how the first genomes are drawn, and which genes make a
    neuron: neurons [D] is the number of the unit that each gene belongs to, -1 for genes that all units share; None
    where there are no units.
    """

    lower: np.ndarray
    upper: np.ndarray
    names: Sequence[str] = ()
    draw: Callable[[np.random.Generator, int], np.ndarray] | None = None
    neurons: np.ndarray | None = None

    def __post_init__(self) -> None:
        lower, upper = np.asarray(self.lower, dtype=np.float64), np.asarray(self.upper, dtype=np.float64)
        if lower.ndim != 1 or lower.shape != upper.shape or not len(lower):
            raise EvornnError(f"bounds have shapes {lower.shape} and {upper.shape}; both must be [D] with D >= 1")
        bad = np.flatnonzero(~(np.isfinite(lower) & np.isfinite(upper) & (lower < upper)))
        if len(bad):
            raise EvornnError(
                f"bounds of gene {bad[0]} are [{amount(lower[bad[0]])}, {amount(upper[bad[0]])}]; needs finite "
                "lower < upper"
            )
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)
        names = self.names if isinstance(self.names, Names) else list(self.names)
        object.__setattr__(self, "names", names if len(names) else Names({"x": (len(lower),)}))
        if len(self.names) != len(lower):
            raise EvornnError(f"{len(self.names)} names for {len(lower)} genes")
        if self.neurons is not None:
            neurons = np.asarray(self.neurons)
            if neurons.shape != lower.shape or neurons.dtype.kind not in "iu" or neurons.min() < -1:
                raise EvornnError(
                    f"neurons are {shown(neurons)}; they must be {len(lower)} whole numbers, a unit's "
                    "or -1 for each gene"
                )
            object.__setattr__(self, "neurons", neurons.astype(np.int64))

    @property
    def dimension(self) -> int:
        """D, the number of genes."""
        return len(self.lower)

    def sample(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """`count` initial genomes, float64 [count, D], inside the bounds."""
        if self.draw is None:
            genomes = rng.random((count, self.dimension))
            genomes *= self.upper - self.lower
            genomes += self.lower
            return genomes
        return np.clip(self.draw(rng, count), self.lower, self.upper)


def _flat(neurons: dict[str, np.ndarray], parameters: dict[str, Parameter]) -> np.ndarray:
    return np.concatenate([np.ravel(neurons[name]) for name in parameters])


class Genome:
    """The layout of a network's parameters in a flat genome, in the order the network names them."""

    def __init__(
        self,
        parameters: dict[str, Parameter],
        refine: Callable[..., Any] | None = None,
        neurons: Callable[[], dict[str, np.ndarray]] | None = None,
    ) -> None:
        """`refine(rng, values)` may adjust the initial draw: values maps a parameter's name to genes [P, *shape],
        changed in place. `neurons()` maps it to the units that its genes belong to, whole numbers [*shape].
        """
        if not parameters or not sum(p.size for p in parameters.values()):
            raise EvornnError("the network has no parameters to search")
        size = sum(p.size for p in parameters.values())
        advice = "fewer units or inputs need less"
        check_memory(f"a network of D = {size:,} genes" if size < 10**24 else "a network", GENE * size, advice)
        self.parameters = parameters
        ends = np.cumsum([p.size for p in parameters.values()])
        self.dimension = int(ends[-1])
        self.slices = {
            name: slice(int(end) - p.size, int(end)) for (name, p), end in zip(parameters.items(), ends, strict=True)
        }
        self._refine = refine
        each = [(p, p.size) for p in parameters.values()]
        self.space = Space(
            np.concatenate([np.full(n, p.range[0]) for p, n in each]),
            np.concatenate([np.full(n, p.range[1]) for p, n in each]),
            Names({name: p.shape for name, p in parameters.items()}),
            self._draw,
            None if neurons is None else _flat(neurons(), parameters),
        )

    def _draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        bounds = [(p.init or p.range, p.size) for p in self.parameters.values()]
        low, high = (np.concatenate([np.full(n, b[k]) for b, n in bounds]) for k in (0, 1))
        genomes = rng.uniform(low, high, (count, self.dimension))
        if self._refine is not None:
            self._refine(rng, self.split(genomes))
        return genomes

    def split(self, genomes: np.ndarray) -> dict[str, np.ndarray]:
        """Views name -> [P, *shape] of genomes [P, D]; writing to them changes the genomes."""
        return {name: genomes[:, cut].reshape(-1, *self.parameters[name].shape) for name, cut in self.slices.items()}

    @property
    def plain(self) -> bool:
        """Whether values are the genes themselves."""
        return all(p.transform == "identity" for p in self.parameters.values())

    def values(self, genomes: np.ndarray) -> np.ndarray:
        """Parameter values [P, D] of genomes [P, D]: each gene transformed. Returns the genomes themselves if nothing
        changes.
        """
        changed = [(name, p) for name, p in self.parameters.items() if p.transform != "identity"]
        if not changed:
            return genomes
        values = np.array(genomes, dtype=np.float64)
        for name, p in changed:
            values[:, self.slices[name]] = TRANSFORMS[p.transform](values[:, self.slices[name]])
        return values

    def pull_back(self, genomes: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        """Gradients [P, D] with respect to genes, from those with respect to values."""
        result = np.array(gradients, dtype=np.float64)
        for name, p in self.parameters.items():
            if p.transform != "identity":
                result[:, self.slices[name]] *= SLOPES[p.transform](genomes[:, self.slices[name]])
        return result


def real_numbers(what: str, values: Any) -> np.ndarray:
    """values as an array of real numbers, float or whole; EvornnError for all else: text, truth values, dates, complex
    numbers, rows of different lengths, or a mask, which would be lost.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        raise EvornnError(f"{what} are {shown(values)}; they must be an array of real numbers") from None
    if array.dtype.kind not in "fiu":
        raise EvornnError(f"{what} have dtype {array.dtype}; they must be real numbers")
    if np.ma.is_masked(values):
        raise EvornnError(f"{what} are masked, and the mask would be lost; fill them or leave those rows out")
    return array


def of_finite(genomes: np.ndarray, compute: Callable[[Any], tuple[Any, ...]], *otherwise: Any) -> tuple[Any, ...]:
    """Arrays [P, ...] that `compute` gives for genomes [P, D]; those with NaN or infinity get the rows `otherwise`.

    `compute` is given what to index genomes with, and gives an array [Q, ...] for each row of `otherwise`. It is not
    called if no genome is finite.
    """
    good = np.isfinite(genomes).all(axis=1)
    results = tuple(np.repeat(np.asarray(row)[None], len(genomes), axis=0) for row in otherwise)
    if good.any():
        with np.errstate(over="ignore"):  # a gene may be too large for its transform
            found = compute(slice(None) if good.all() else good)
        for whole, part in zip(results, found, strict=True):
            whole[good] = part
    return results
