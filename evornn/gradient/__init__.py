"""Learning from gradients: trainers, which ask and tell like searches, and memetic search. REGISTRY: name -> class."""

from __future__ import annotations

from evornn.gradient.adam import Adam
from evornn.gradient.lbfgs import LBFGS
from evornn.gradient.memetic import Memetic
from evornn.gradient.online import Online
from evornn.gradient.rmsprop import RMSProp
from evornn.gradient.sgd import SGD
from evornn.gradient.trainer import Trainer

_ALL: tuple[type[Trainer], ...] = (SGD, RMSProp, Adam, LBFGS, Memetic, Online)
REGISTRY: dict[str, type[Trainer]] = {trainer.__name__: trainer for trainer in _ALL}

__all__ = ["LBFGS", "REGISTRY", "SGD", "Adam", "Memetic", "Online", "RMSProp", "Trainer"]
