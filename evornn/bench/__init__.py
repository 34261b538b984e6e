"""Measured speed: `evornn bench`, and the tables of README.md and docs/benchmarks.md.

Read `command` first: its options, and which module measures what. `measure` takes turns, `workloads` has the problems,
`readme` writes blocks of Markdown files. The folder `ptx` reads compiled GPU kernels.
"""

from evornn.bench.command import main

__all__ = ["main"]
