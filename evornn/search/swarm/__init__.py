"""Particle swarms: `particle_swarm`, and in `pyswarms_rules` what it takes from pyswarms."""
