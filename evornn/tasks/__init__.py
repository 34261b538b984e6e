"""Tasks: what a network is evolved to do. REGISTRY: name -> class; each can be made without arguments.

Read `base` first, then `control/pendulum.py` (a closed loop) and `sequences/adding.py` (data). The folders are the
families; `sequence`, `generated` and `data` are what tasks with data share, `losses` and `metrics` how they are judged,
`episodes` and `integrate` help.
"""

from __future__ import annotations

from evornn.tasks.base import Stage, Task
from evornn.tasks.control.acrobot import Acrobot
from evornn.tasks.control.cart_pole import CartPole
from evornn.tasks.control.double_pole import DoublePole
from evornn.tasks.control.gym_cart_pole import GymCartPole
from evornn.tasks.control.mountain_car import MountainCar
from evornn.tasks.control.pendulum import Pendulum
from evornn.tasks.grammars.a_n_b_n import AnBn
from evornn.tasks.grammars.a_n_b_n_c_b_m_a_m import AnBnCBmAm
from evornn.tasks.grammars.a_n_b_n_c_n import AnBnCn
from evornn.tasks.grammars.dyck import Dyck
from evornn.tasks.grammars.embedded_reber import EmbeddedReber
from evornn.tasks.grammars.parity import Parity
from evornn.tasks.grammars.tomita import Tomita
from evornn.tasks.sequence import Sequence
from evornn.tasks.sequences.adding import Adding
from evornn.tasks.sequences.associative_recall import AssociativeRecall
from evornn.tasks.sequences.copy import Copy
from evornn.tasks.sequences.delayed_xor import DelayedXOR
from evornn.tasks.sequences.digits import Digits
from evornn.tasks.sequences.multiplication import Multiplication
from evornn.tasks.sequences.noise_free_lag import NoiseFreeLag
from evornn.tasks.sequences.repeat_copy import RepeatCopy
from evornn.tasks.sequences.temporal_order import TemporalOrder
from evornn.tasks.series.co2 import CO2
from evornn.tasks.series.lorenz import Lorenz
from evornn.tasks.series.mackey_glass import MackeyGlass
from evornn.tasks.series.mso import MSO
from evornn.tasks.series.narma10 import NARMA10
from evornn.tasks.series.sunspots import Sunspots

_ALL = (
    CartPole,
    DoublePole,
    GymCartPole,
    MountainCar,
    Pendulum,
    Acrobot,
    Sequence,
    EmbeddedReber,
    NoiseFreeLag,
    Adding,
    Multiplication,
    TemporalOrder,
    AnBn,
    AnBnCn,
    Tomita,
    Parity,
    DelayedXOR,
    MackeyGlass,
    Lorenz,
    NARMA10,
    MSO,
    Sunspots,
    CO2,
    Digits,
    Copy,
    RepeatCopy,
    AssociativeRecall,
    Dyck,
    AnBnCBmAm,
)
REGISTRY: dict[str, type[Task]] = {task.__name__: task for task in _ALL}

__all__ = [
    "CO2",
    "MSO",
    "NARMA10",
    "REGISTRY",
    "Acrobot",
    "Adding",
    "AnBn",
    "AnBnCBmAm",
    "AnBnCn",
    "AssociativeRecall",
    "CartPole",
    "Copy",
    "DelayedXOR",
    "Digits",
    "DoublePole",
    "Dyck",
    "EmbeddedReber",
    "GymCartPole",
    "Lorenz",
    "MackeyGlass",
    "MountainCar",
    "Multiplication",
    "NoiseFreeLag",
    "Parity",
    "Pendulum",
    "RepeatCopy",
    "Sequence",
    "Stage",
    "Sunspots",
    "Task",
    "TemporalOrder",
    "Tomita",
]
