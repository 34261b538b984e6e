"""Networks in continuous time: `ctrnn`, `ltc` and `synaptic_ltc` are integrated in steps, `cfc` is solved in closed
form, `lmu` has a linear memory of a window of time, `mtrnn` fast and slow units; `memristive` is a circuit.
"""

TITLE = "continuous time"
