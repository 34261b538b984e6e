"""A run's directory: records, checkpoints, checksums, and what makes two runs the same.

Read `run_directory` first: which files there are. `records` and `log` are the history, `checkpoint` and `best` the
search's state and the best genome, `seals` the checksums, `identity` and `environment` what must be the same on resume,
`reading` reads it all back.
"""
