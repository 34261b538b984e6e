"""The overhead table covers every search and the reference; figures themselves are for the benchmark."""

import pytest

from evornn.errors import EvornnError
from evornn.search import REGISTRY, overhead


@pytest.mark.parametrize("name", overhead.names())
def test_every_row_can_be_measured(name: str) -> None:
    assert overhead.overhead(name, population=8, dimension=4, generations=2) > 0.0


def test_rows() -> None:
    assert set(overhead.names()) == {*REGISTRY, overhead.REFERENCE}
    with pytest.raises(EvornnError, match="did you mean 'ParticleSwarm'"):
        overhead.overhead("ParticlSwarm")
