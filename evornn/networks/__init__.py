"""Networks: what is evolved. REGISTRY: name -> class; each can be made without arguments."""

from __future__ import annotations

from evornn.networks.base import Network
from evornn.networks.ctrnn import CTRNN
from evornn.networks.echo_state import EchoState
from evornn.networks.elman import Elman
from evornn.networks.feedforward import Feedforward
from evornn.networks.fully_recurrent import FullyRecurrent
from evornn.networks.gru import GRU
from evornn.networks.indrnn import IndRNN
from evornn.networks.jordan import Jordan
from evornn.networks.lstm import LSTM
from evornn.networks.stacked import Stacked
from evornn.networks.units import Units

_ALL = (FullyRecurrent, Feedforward, Elman, Jordan, LSTM, GRU, IndRNN, CTRNN, EchoState, Stacked)
REGISTRY: dict[str, type[Network]] = {network.__name__: network for network in _ALL}

__all__ = [
    "CTRNN",
    "GRU",
    "LSTM",
    "REGISTRY",
    "EchoState",
    "Elman",
    "Feedforward",
    "FullyRecurrent",
    "IndRNN",
    "Jordan",
    "Network",
    "Stacked",
    "Units",
]
