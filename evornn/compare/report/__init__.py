"""The report of a comparison: one HTML page without outside references, its figures and tables.

Read `page` first: it fills `templates/report.html` with what `data` has gathered, `tables` and `figures` have made, and
`published` sets beside the means of papers.
"""
