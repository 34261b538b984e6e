"""Networks: what is evolved. REGISTRY: name -> class; each can be made without arguments.

Read `base` and `units` first, then `gated/lstm.py`, a network as it should be: its formula, and nothing else. The
folders are the families; `feedforward` and `stacked` (layers of networks) belong to none.
"""

from __future__ import annotations

from evornn.networks.associative.bam import BAM
from evornn.networks.associative.hopfield import Hopfield
from evornn.networks.base import Network
from evornn.networks.continuous.cfc import CfC
from evornn.networks.continuous.ctrnn import CTRNN
from evornn.networks.continuous.lmu import LMU
from evornn.networks.continuous.ltc import LTC
from evornn.networks.continuous.memristive import Memristive
from evornn.networks.continuous.mtrnn import MTRNN
from evornn.networks.continuous.synaptic_ltc import SynapticLTC
from evornn.networks.feedforward import Feedforward
from evornn.networks.gated.gru import GRU
from evornn.networks.gated.janet import JANET
from evornn.networks.gated.lstm import LSTM
from evornn.networks.gated.mgu import MGU
from evornn.networks.gated.min_gru import MinGRU
from evornn.networks.gated.slim_gru import SlimGRU
from evornn.networks.machines.rational_machine import RationalMachine
from evornn.networks.memory.computer import DifferentiableNeuralComputer
from evornn.networks.memory.stack import NeuralStack
from evornn.networks.memory.turing_machine import NeuralTuringMachine
from evornn.networks.recurrent.elman import Elman
from evornn.networks.recurrent.fir_net import FIRNet
from evornn.networks.recurrent.fully_recurrent import FullyRecurrent
from evornn.networks.recurrent.indrnn import IndRNN
from evornn.networks.recurrent.jordan import Jordan
from evornn.networks.recurrent.masked import Masked
from evornn.networks.recurrent.narx import NARX
from evornn.networks.recurrent.rmlp import RMLP
from evornn.networks.recurrent.second_order import SecondOrder
from evornn.networks.reservoir.echo_state import EchoState
from evornn.networks.spiking.liquid_state import LiquidState
from evornn.networks.spiking.silencing import Silencing
from evornn.networks.stacked import Stacked
from evornn.networks.units import Units

_ALL = (
    *(FullyRecurrent, Feedforward, Elman, Jordan, LSTM, GRU, IndRNN, CTRNN, EchoState, Stacked),
    *(Hopfield, BAM, LiquidState, Silencing, Memristive),
    *(NARX, RMLP, FIRNet, SecondOrder, Masked, MGU, SlimGRU, JANET, MinGRU, MTRNN, LTC, SynapticLTC, CfC, LMU),
    *(NeuralStack, NeuralTuringMachine, DifferentiableNeuralComputer, RationalMachine),
)
TITLE = "feedforward and stacks"  # of the networks in no folder; each folder has its own: `evornn list` goes by it
REGISTRY: dict[str, type[Network]] = {network.__name__: network for network in _ALL}

__all__ = [
    "BAM",
    "CTRNN",
    "GRU",
    "JANET",
    "LMU",
    "LSTM",
    "LTC",
    "MGU",
    "MTRNN",
    "NARX",
    "REGISTRY",
    "RMLP",
    "CfC",
    "DifferentiableNeuralComputer",
    "EchoState",
    "Elman",
    "FIRNet",
    "Feedforward",
    "FullyRecurrent",
    "Hopfield",
    "IndRNN",
    "Jordan",
    "LiquidState",
    "Masked",
    "Memristive",
    "MinGRU",
    "Network",
    "NeuralStack",
    "NeuralTuringMachine",
    "RationalMachine",
    "SecondOrder",
    "Silencing",
    "SlimGRU",
    "Stacked",
    "SynapticLTC",
    "Units",
]
