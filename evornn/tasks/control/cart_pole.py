"""One pole on a cart, by the equations in `poles`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from evornn.tasks.control.poles import Poles


class CartPole(Poles):
    """Balance one pole on a cart, with or without seeing velocities (Wieland 1991).

    Options as for `Poles`.
    """

    POLES: ClassVar[tuple[tuple[float, float], ...]] = ((0.1, 0.5),)
    PUBLISHED: ClassVar[Mapping[tuple[bool, str], Mapping[str, float]]] = {
        (True, "steps"): {
            "random guessing": 199,
            "CNE": 352,
            "SANE": 302,
            "NEAT": 743,
            "ESP": 289,
            "CMA-ES": 283,
            "CoSyNE": 98,
        },
    }
