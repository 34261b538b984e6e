"""A run's directory: records, checkpoints, checksums, and what makes two runs the same."""
