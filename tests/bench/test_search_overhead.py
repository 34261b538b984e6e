"""The overhead table covers every search and the reference; figures themselves are for the benchmark."""

import pytest

from evornn.bench import search_overhead
from evornn.errors import EvornnError
from evornn.search import REGISTRY


@pytest.mark.parametrize("name", search_overhead.names())
def test_every_row_can_be_measured(name: str) -> None:
    assert search_overhead.overhead(name, population=8, dimension=4, generations=2) > 0.0


def test_rows() -> None:
    assert set(search_overhead.names()) == {*REGISTRY, search_overhead.REFERENCE}
    with pytest.raises(EvornnError, match="did you mean 'ParticleSwarm'"):
        search_overhead.overhead("ParticlSwarm")
