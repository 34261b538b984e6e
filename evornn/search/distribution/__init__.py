"""Searches that sample a distribution and move it: `cmaes`, `snes`, `xnes`, `openai_es`, `pgpe`.

Read `base` first, then `snes`, the shortest. `mirrored` draws pairs, `covariance`, `convergence` and
`restart_schedules` belong to CMA-ES.
"""
