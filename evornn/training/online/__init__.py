"""Online learning: weights change while an episode goes on."""
