"""Search methods: ask for genomes, tell their fitness (higher is better). They know bounds and numbers only."""

from __future__ import annotations

from evornn.search.base import Best, Search
from evornn.search.cmaes import CMAES
from evornn.search.cne import CNE
from evornn.search.cosyne import CoSyNE
from evornn.search.differential_evolution import DifferentialEvolution
from evornn.search.dual_annealing import DualAnnealing
from evornn.search.esp import ESP
from evornn.search.evolution_strategy import EvolutionStrategy
from evornn.search.genetic_algorithm import GeneticAlgorithm
from evornn.search.islands import IslandModel
from evornn.search.microbial import MicrobialGA
from evornn.search.openai_es import OpenAIES
from evornn.search.parallel_tempering import ParallelTempering
from evornn.search.particle_swarm import ParticleSwarm
from evornn.search.pgpe import PGPE
from evornn.search.random_guessing import RandomGuessing
from evornn.search.sane import SANE
from evornn.search.simulated_annealing import SimulatedAnnealing
from evornn.search.snes import SNES
from evornn.search.xnes import XNES

REGISTRY: dict[str, type[Search]] = {
    "RandomGuessing": RandomGuessing,
    "GeneticAlgorithm": GeneticAlgorithm,
    "ParticleSwarm": ParticleSwarm,
    "SimulatedAnnealing": SimulatedAnnealing,
    "ParallelTempering": ParallelTempering,
    "DualAnnealing": DualAnnealing,
    "CNE": CNE,
    "CoSyNE": CoSyNE,
    "ESP": ESP,
    "SANE": SANE,
    "MicrobialGA": MicrobialGA,
    "IslandModel": IslandModel,
    "CMAES": CMAES,
    "SNES": SNES,
    "XNES": XNES,
    "OpenAIES": OpenAIES,
    "PGPE": PGPE,
    "DifferentialEvolution": DifferentialEvolution,
    "EvolutionStrategy": EvolutionStrategy,
}
__all__ = ["REGISTRY", "Best", *REGISTRY]
