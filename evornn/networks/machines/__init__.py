"""Machines compiled into weights: `rational_machine` (what it runs: `program`; its weights: `compiled`)."""

TITLE = "machines"
