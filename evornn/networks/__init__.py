"""Networks: what is evolved. REGISTRY: name -> class; each can be made without arguments."""

from __future__ import annotations

from evornn.networks.base import Network
from evornn.networks.fully_recurrent import FullyRecurrent

REGISTRY: dict[str, type[Network]] = {network.__name__: network for network in (FullyRecurrent,)}

__all__ = ["REGISTRY", "FullyRecurrent", "Network"]
