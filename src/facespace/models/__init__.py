"""Models: cards, the registry, weights, runtimes, and `embed`."""

from ._crops import Skipped
from .card import InputFormat, Licence, ModelCard, WeightFile, parse_card, read_card
from .embed import EmbedResult, embed
from .registry import add_card, card_names, list_cards, load_card
from .runtimes import Network, load_network, runtime_installed
from .weights import available, cache_folder, fetch, find_weights

__all__ = [
    "EmbedResult",
    "InputFormat",
    "Licence",
    "ModelCard",
    "Network",
    "Skipped",
    "WeightFile",
    "add_card",
    "available",
    "cache_folder",
    "card_names",
    "embed",
    "fetch",
    "find_weights",
    "list_cards",
    "load_card",
    "load_network",
    "parse_card",
    "read_card",
    "runtime_installed",
]
