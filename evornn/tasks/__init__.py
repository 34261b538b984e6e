"""Tasks: what a network is evolved to do. REGISTRY: name -> class; each can be made without arguments."""

from __future__ import annotations

from evornn.tasks.a_n_b_n import AnBn
from evornn.tasks.a_n_b_n_c_n import AnBnCn
from evornn.tasks.acrobot import Acrobot
from evornn.tasks.adding import Adding
from evornn.tasks.base import Stage, Task
from evornn.tasks.cart_pole import CartPole
from evornn.tasks.co2 import CO2
from evornn.tasks.delayed_xor import DelayedXOR
from evornn.tasks.digits import Digits
from evornn.tasks.double_pole import DoublePole
from evornn.tasks.embedded_reber import EmbeddedReber
from evornn.tasks.gym_cart_pole import GymCartPole
from evornn.tasks.lorenz import Lorenz
from evornn.tasks.mackey_glass import MackeyGlass
from evornn.tasks.mountain_car import MountainCar
from evornn.tasks.mso import MSO
from evornn.tasks.multiplication import Multiplication
from evornn.tasks.narma10 import NARMA10
from evornn.tasks.noise_free_lag import NoiseFreeLag
from evornn.tasks.parity import Parity
from evornn.tasks.pendulum import Pendulum
from evornn.tasks.sequence import Sequence
from evornn.tasks.sunspots import Sunspots
from evornn.tasks.temporal_order import TemporalOrder
from evornn.tasks.tomita import Tomita

_ALL = (
    CartPole, DoublePole, GymCartPole, MountainCar, Pendulum, Acrobot, Sequence,
    EmbeddedReber, NoiseFreeLag, Adding, Multiplication, TemporalOrder, AnBn, AnBnCn, Tomita, Parity, DelayedXOR,
    MackeyGlass, Lorenz, NARMA10, MSO, Sunspots, CO2, Digits,
)  # fmt: skip
REGISTRY: dict[str, type[Task]] = {task.__name__: task for task in _ALL}

__all__ = [
    "CO2",
    "MSO",
    "NARMA10",
    "REGISTRY",
    "Acrobot",
    "Adding",
    "AnBn",
    "AnBnCn",
    "CartPole",
    "DelayedXOR",
    "Digits",
    "DoublePole",
    "EmbeddedReber",
    "GymCartPole",
    "Lorenz",
    "MackeyGlass",
    "MountainCar",
    "Multiplication",
    "NoiseFreeLag",
    "Parity",
    "Pendulum",
    "Sequence",
    "Stage",
    "Sunspots",
    "Task",
    "TemporalOrder",
    "Tomita",
]
