"""Figures: `run_figure` draws a run and its champion, `style` is the look that all figures share."""
