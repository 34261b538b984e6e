"""Figures: one style, and what a run looks like."""
