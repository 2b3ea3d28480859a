"""Models: cards, the registry, weights, runtimes, and `embed`."""

from ._embed_result import EmbedResult
from .card import InputFormat, Licence, ModelCard, WeightFile, parse_card, read_card
from .embed import embed
from .faces import DetectResult, LocatedFace, Noted, Skipped, aligned_faces, detect, located_faces
from .new_card import NetworkShapes, network_shapes, new_card
from .pytorch import as_input, load_backbone, mobilefacenet, prepare, split_at, torch_or_error
from .registry import EXPLAINERS, add_card, can_be_explained, card_names, list_cards, load_card
from .runtimes import Network, load_network, runtime_installed
from .weights import available, cache_folder, fetch, find_weights, locate

__all__ = [
    "EXPLAINERS", "DetectResult", "EmbedResult", "InputFormat", "Licence", "LocatedFace", "ModelCard", "Network",
    "NetworkShapes", "Noted", "Skipped", "WeightFile", "add_card", "aligned_faces", "as_input", "available",
    "cache_folder", "can_be_explained", "card_names", "detect", "embed", "fetch", "find_weights", "list_cards",
    "load_backbone", "load_card", "load_network", "locate", "located_faces", "mobilefacenet", "network_shapes",
    "new_card", "parse_card", "prepare", "read_card", "runtime_installed", "split_at", "torch_or_error",
]  # fmt: skip
