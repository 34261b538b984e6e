"""What a TOML file may say, as checked values: a misspelt name is told with its place and the nearest right one.

Read `run` first; `comparison` is the other kind of file, `sections` its tables. `budget` has limits and noise, `suites`
ready-made problems, `parsing` what all files share; `toml` writes.
"""
