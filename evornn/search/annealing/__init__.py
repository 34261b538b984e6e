"""Annealing: chains that accept worse points while they are hot."""
