"""A comparison in other programs' formats."""
