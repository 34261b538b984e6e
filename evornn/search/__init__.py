"""Search methods: ask for genomes, tell their fitness (higher is better). They know bounds and numbers only."""

from __future__ import annotations

from evornn.search.base import Best, Search
from evornn.search.cne import CNE
from evornn.search.cosyne import CoSyNE
from evornn.search.dual_annealing import DualAnnealing
from evornn.search.esp import ESP
from evornn.search.genetic_algorithm import GeneticAlgorithm
from evornn.search.particle_swarm import ParticleSwarm
from evornn.search.random_guessing import RandomGuessing
from evornn.search.sane import SANE
from evornn.search.simulated_annealing import SimulatedAnnealing

REGISTRY: dict[str, type[Search]] = {
    "RandomGuessing": RandomGuessing,
    "GeneticAlgorithm": GeneticAlgorithm,
    "ParticleSwarm": ParticleSwarm,
    "SimulatedAnnealing": SimulatedAnnealing,
    "DualAnnealing": DualAnnealing,
    "CNE": CNE,
    "CoSyNE": CoSyNE,
    "ESP": ESP,
    "SANE": SANE,
}
__all__ = ["REGISTRY", "Best", *REGISTRY]
