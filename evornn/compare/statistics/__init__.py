"""Statistics of a comparison: tests, effect sizes, intervals, run-time curves, and what they allow to say."""
