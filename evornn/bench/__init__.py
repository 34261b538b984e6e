"""Measured speed: `evornn bench` and the README's table come from here."""

from evornn.bench.command import main

__all__ = ["main"]
