"""NumPy's own names of traced values: `names` has ufuncs and methods, `functions` those of whole arrays."""
