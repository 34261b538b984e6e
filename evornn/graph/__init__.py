"""Graph to graph: what every backend should see is decided here, once.

Read `simulation_graphs` first: the graphs of an episode and their adjoints. `simplify` calls `folding` and `fusion`;
`vjp` and `vjp_loops` transpose a graph (reverse mode), `jvp` carries tangents (forward mode), `derivatives` has the
slopes, `partial` what they must guard against.
"""
