"""The runtimes that compute networks: ONNX Runtime, OpenVINO, dlib, OpenCV; each is imported when a network needs it."""

from ._base import Network
from .load import load_network, runtime_installed

__all__ = ["Network", "load_network", "runtime_installed"]
