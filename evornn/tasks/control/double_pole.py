"""Two poles of different length on one cart, by the equations in `poles`: without velocities, the field's classic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from evornn.tasks.control.poles import Poles


class DoublePole(Poles):
    """Balance two poles on one cart, with or without seeing velocities (Wieland 1991; Gruau 1996).

    Options as for `Poles`.
    """

    POLES: ClassVar[tuple[tuple[float, float], ...]] = ((0.1, 0.5), (0.01, 0.05))
    PUBLISHED: ClassVar[Mapping[tuple[bool, str], Mapping[str, float]]] = {
        (True, "steps"): {
            "random guessing": 474_329,
            "CNE": 22_100,
            "SANE": 12_600,
            "NEAT": 3_600,
            "ESP": 3_800,
            "CMA-ES": 895,
            "CoSyNE": 954,
        },
        (False, "steps"): {  # widely quoted, not checked against the paper itself
            "random guessing (quoted)": 415_209,
            "CNE (quoted)": 76_906,
            "SANE (quoted)": 262_700,
            "ESP (quoted)": 7_374,
            "CMA-ES (quoted)": 3_521,
            "CoSyNE (quoted)": 1_249,
        },
        (False, "damping"): {
            "random guessing": 1_232_296,
            "CNE": 87_623,
            "SANE": 451_612,
            "NEAT": 6_929,
            "ESP": 26_342,
            "CMA-ES": 6_061,
            "CoSyNE": 3_416,
        },
    }
