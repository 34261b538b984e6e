"""Tasks: what a network is evolved to do. REGISTRY: name -> class; each can be made without arguments."""

from __future__ import annotations

from evornn.tasks.acrobot import Acrobot
from evornn.tasks.base import Stage, Task
from evornn.tasks.cart_pole import CartPole
from evornn.tasks.double_pole import DoublePole
from evornn.tasks.gym_cart_pole import GymCartPole
from evornn.tasks.mountain_car import MountainCar
from evornn.tasks.pendulum import Pendulum
from evornn.tasks.sequence import Sequence

_ALL = (CartPole, DoublePole, GymCartPole, MountainCar, Pendulum, Acrobot, Sequence)
REGISTRY: dict[str, type[Task]] = {task.__name__: task for task in _ALL}

__all__ = [
    "REGISTRY",
    "Acrobot",
    "CartPole",
    "DoublePole",
    "GymCartPole",
    "MountainCar",
    "Pendulum",
    "Sequence",
    "Stage",
    "Task",
]
