"""Annealing: chains that accept worse points while they are hot. Read `simulated_annealing` first; `parallel_tempering`
exchanges between temperatures, `dual_annealing` is SciPy's, step by step.
"""
