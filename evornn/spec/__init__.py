"""Specs: what a TOML file may say, as checked values; errors name the place and the nearest right name.

Read `run` first; `comparison` is the other kind of file, `sections` its tables. `budget` has limits and noise, `suites`
ready-made problems, `parsing` what all files share; `toml` writes.
"""
