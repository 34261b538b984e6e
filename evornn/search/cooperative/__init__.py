"""Cooperative coevolution: parts of networks evolve in populations of their own."""
