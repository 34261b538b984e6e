"""Search methods: ask for genomes, tell their fitness (higher is better). They know bounds and numbers only.

REGISTRY: name -> class. Read `core/search.py` first, then `random_guessing`, the shortest search. The folders are the
families.
"""

from __future__ import annotations

from evornn.search.annealing.dual_annealing import DualAnnealing
from evornn.search.annealing.parallel_tempering import ParallelTempering
from evornn.search.annealing.simulated_annealing import SimulatedAnnealing
from evornn.search.cooperative.cosyne import CoSyNE
from evornn.search.cooperative.esp import ESP
from evornn.search.cooperative.sane import SANE
from evornn.search.core.registry import REGISTRY
from evornn.search.core.search import Best, Search
from evornn.search.distribution.cmaes import CMAES
from evornn.search.distribution.openai_es import OpenAIES
from evornn.search.distribution.pgpe import PGPE
from evornn.search.distribution.snes import SNES
from evornn.search.distribution.xnes import XNES
from evornn.search.evolution.cne import CNE
from evornn.search.evolution.differential_evolution import DifferentialEvolution
from evornn.search.evolution.evolution_strategy import EvolutionStrategy
from evornn.search.evolution.genetic_algorithm import GeneticAlgorithm
from evornn.search.evolution.microbial import MicrobialGA
from evornn.search.meta.islands import IslandModel
from evornn.search.random_guessing import RandomGuessing
from evornn.search.swarm.particle_swarm import ParticleSwarm

_ALL: tuple[type[Search], ...] = (
    RandomGuessing,
    GeneticAlgorithm,
    ParticleSwarm,
    SimulatedAnnealing,
    ParallelTempering,
    DualAnnealing,
    CNE,
    CoSyNE,
    ESP,
    SANE,
    MicrobialGA,
    IslandModel,
    CMAES,
    SNES,
    XNES,
    OpenAIES,
    PGPE,
    DifferentialEvolution,
    EvolutionStrategy,
)
REGISTRY.update({search.__name__: search for search in _ALL})

__all__ = [
    "CMAES",
    "CNE",
    "ESP",
    "PGPE",
    "REGISTRY",
    "SANE",
    "SNES",
    "XNES",
    "Best",
    "CoSyNE",
    "DifferentialEvolution",
    "DualAnnealing",
    "EvolutionStrategy",
    "GeneticAlgorithm",
    "IslandModel",
    "MicrobialGA",
    "OpenAIES",
    "ParallelTempering",
    "ParticleSwarm",
    "RandomGuessing",
    "SimulatedAnnealing",
]
