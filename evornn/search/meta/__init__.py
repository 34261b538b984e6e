"""Searches made of searches."""
