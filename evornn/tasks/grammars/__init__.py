"""Formal languages: say what may come next, or whether a string belongs."""
