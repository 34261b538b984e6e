"""Tasks: what a network is evolved to do. REGISTRY: name -> class; each can be made without arguments."""

from __future__ import annotations

from evornn.tasks.base import Stage, Task
from evornn.tasks.cart_pole import CartPole
from evornn.tasks.double_pole import DoublePole

REGISTRY: dict[str, type[Task]] = {task.__name__: task for task in (CartPole, DoublePole)}

__all__ = ["REGISTRY", "CartPole", "DoublePole", "Stage", "Task"]
