"""Evolutionary algorithms: parents, children, selection."""
