"""People as ellipsoids: Gaussians, spread of people with few images, volumes, and their resampling."""

from .bootstrap import VolumeRatios, volume_ratios
from .ellipsoids import CLASSES, SHAPES
from .gaussians import person_moments

__all__ = ["CLASSES", "SHAPES", "VolumeRatios", "person_moments", "volume_ratios"]
