"""Comparisons: methods on problems over seeds, and what may be concluded from them."""
