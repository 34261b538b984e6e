"""Searches that sample a distribution and move it."""
