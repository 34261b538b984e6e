"""Cooperative coevolution: parts of networks evolve in populations of their own.

Read `cosyne` first (weights), then `esp` and `sane` (neurons). `subpopulations` has their breeding, `assembled` puts
neurons together.
"""
