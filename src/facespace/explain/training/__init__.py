"""Making a network explainable: max-pool head and decoder."""

from .people import evenly, keep_out, people_of
from .train import TrainProgress, TrainSettings, train

__all__ = [
    "TrainProgress", "TrainSettings", "evenly", "keep_out", "people_of", "train",
]  # fmt: skip
