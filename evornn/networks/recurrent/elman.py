"""Simple recurrent network (Elman 1990): hidden units see the inputs and their own last outputs, under an output layer.

    h' = f(W x + U h + b)
    y  = g(V h' + c)

PyTorch's RNN is the hidden layer; its two biases b_ih and b_hh are one here.
"""

from __future__ import annotations

from evornn.networks.recurrent.fully_recurrent import FullyRecurrent


class Elman(FullyRecurrent):
    """Simple recurrent network: hidden units h' = f(W x + U h + b), output layer y = g(V h' + c) (Elman 1990).

    units: hidden units. activation: f. readout: g. bias, range, init: as for `Units`.
    """

    def __init__(
        self,
        units: int = 5,
        bias: bool = True,
        activation: str = "tanh",
        range: float = 6.0,
        readout: str = "tanh",
        init: float | None = None,
    ) -> None:
        super().__init__(units, bias, activation, range, readout, init)
