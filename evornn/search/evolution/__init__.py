"""Evolutionary algorithms: parents, children, selection.

Read `genetic_algorithm` first; its operators are `deap_breeding` (DEAP's) or `breeding` (array at once). `cne` is
Gomez's variant, `microbial` Harvey's; `differential_evolution` with `success_history`; `evolution_strategy`.
"""
