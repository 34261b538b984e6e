"""Sequences with something to remember."""
