"""Searches made of searches: `islands` lets any of them run side by side and exchange their best."""
