"""Learning from gradients: trainers, which ask and tell like searches, and memetic search. REGISTRY: name -> class."""

from __future__ import annotations

from evornn.gradient.adam import Adam
from evornn.gradient.lbfgs import LBFGS
from evornn.gradient.memetic import Memetic
from evornn.gradient.rmsprop import RMSProp
from evornn.gradient.sgd import SGD
from evornn.gradient.trainer import Trainer

REGISTRY: dict[str, type[Trainer]] = {"SGD": SGD, "RMSProp": RMSProp, "Adam": Adam, "LBFGS": LBFGS, "Memetic": Memetic}
__all__ = ["LBFGS", "REGISTRY", "SGD", "Adam", "Memetic", "RMSProp", "Trainer"]
