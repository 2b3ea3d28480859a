"""Explanations by gradients, of any network that is there as a PyTorch module (extra torch), a user's own too."""

from .gradients import WHITE_BOX, WhiteBoxMap, white_box_map
from .network import TorchNetwork, open_network

__all__ = ["WHITE_BOX", "TorchNetwork", "WhiteBoxMap", "open_network", "white_box_map"]
