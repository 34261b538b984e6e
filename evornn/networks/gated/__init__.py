"""Networks whose units are opened and closed by gates: `lstm` and `gru`. Each file is the formula of its paper.

`mgu`, `slim_gru`, `janet` and `min_gru` have fewer gates, or gates that see less.
"""

TITLE = "gated"
