"""Making a network explainable: max-pool head and decoder."""

from .labels import labels_of
from .train import TrainProgress, TrainSettings, train

__all__ = ["TrainProgress", "TrainSettings", "labels_of", "train"]
