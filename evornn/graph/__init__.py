"""Graph to graph: simplification, fusion, reverse mode (vjp), forward mode (jvp), and the graphs of a simulation."""
