"""Networks whose units are opened and closed by gates: `lstm` and `gru`. Each file is the formula of its paper."""

TITLE = "gated"
