"""How a network is loaded: by the runtime that its card names."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from ..card import ModelCard
from ..weights import find_weights
from ._base import Network

_MODULES = {"onnx": "onnxruntime", "openvino": "openvino", "dlib": "dlib", "opencv": "cv2"}


def load_network(
    card: ModelCard, weights: str | Path | None = None, *, threads: int = 1, callers: int = 1, paths: Sequence[Path] = ()
) -> Network:
    """The network of `card`, ready to compute on the CPU.

    Args:
        weights: folder to look for the weights in first.
        threads: threads for one call. callers: how many threads will call it at the same time.
        paths: the files of the card, where they have been found already.

    Raises ModelError when the weights can't be had or don't fit the card, MissingExtraError when the runtime is missing.
    """
    found = list(paths) or find_weights(card, weights)
    if card.runtime == "openvino":
        from ._openvino import OpenVinoNetwork

        return OpenVinoNetwork(card, found, threads, callers)
    if card.runtime == "dlib":
        from ._dlib import DlibNetwork

        return DlibNetwork(card, found)
    if card.runtime == "opencv":
        from ._opencv import OpenCvNetwork

        return OpenCvNetwork(card, found)
    from ._onnx import OnnxNetwork

    return OnnxNetwork(card, found, threads)


def runtime_installed(runtime: str) -> bool:
    """Can networks of this runtime be computed here? (Nothing is imported.)"""
    return importlib.util.find_spec(_MODULES[runtime]) is not None
