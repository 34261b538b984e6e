"""Networks of units that spike or fall silent: `liquid_state` (its wiring: `wiring`) and `silencing`."""

TITLE = "spiking"
