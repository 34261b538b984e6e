"""The mathematics that all targets share: formulas over lanes, without branches, in float32 and float64.

Read `elementary` first (exp, log, tanh, sin, ...), then `algebra`, what a target offers them; `elementwise` has the
machine formula of every elementwise operation, `loops` the programs over arrays (products, equations), `coefficients`
the polynomials, `payne_hanek` large angles.
`numpy_lanes` are lanes of NumPy, for tests and constants.
"""
