"""Statistics of a comparison: tests, effect sizes, intervals, run-time curves, and what they allow to say.

Read `analysis` first: all of them in one object. `pairs` has Mann-Whitney, Holm and A12, `ranking` Friedman and
critical differences, `runtimes` ERT and success rates, `resampling` the bootstrap, `curves` and `aggregate` what is
drawn, `conclusions` the words.
"""
