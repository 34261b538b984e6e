"""Online learning: weights change while an episode goes on.

Read `online` first, the trainer; `episodes` is what it learns from, `estimator` what a method of gradients is, `rtrl`
and `tbptt` are two.
"""
