"""Simple recurrent networks: every unit a weighted sum and an activation."""
