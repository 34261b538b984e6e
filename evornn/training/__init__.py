"""Learning from gradients: trainers, which ask and tell like searches, and memetic search. REGISTRY: name -> class.

Read `trainer` first, then `sgd`. `first_order` is what SGD, RMSProp and Adam share, `schedules` their rates; `lbfgs`,
`memetic`; `forward` has slopes in forward mode; the folder `online` learns step by step.
"""

from __future__ import annotations

from evornn.training.adam import Adam
from evornn.training.lbfgs import LBFGS
from evornn.training.memetic import Memetic
from evornn.training.online.online import Online
from evornn.training.rmsprop import RMSProp
from evornn.training.sgd import SGD
from evornn.training.trainer import Trainer

_ALL: tuple[type[Trainer], ...] = (SGD, RMSProp, Adam, LBFGS, Memetic, Online)
REGISTRY: dict[str, type[Trainer]] = {trainer.__name__: trainer for trainer in _ALL}

__all__ = ["LBFGS", "REGISTRY", "SGD", "Adam", "Memetic", "Online", "RMSProp", "Trainer"]
