"""Networks with a memory outside their units: `turing_machine`, `computer`, `stack`; `controller` drives all three."""

TITLE = "memory"
