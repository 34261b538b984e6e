"""Reservoirs: recurrent weights that are drawn, not evolved: `echo_state`."""

TITLE = "reservoir"
