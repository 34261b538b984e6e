"""The report of a comparison: one HTML page, its figures and tables."""
