"""Simple recurrent networks: every unit a weighted sum and an activation. Read `fully_recurrent` and `elman` first."""

TITLE = "classic"
