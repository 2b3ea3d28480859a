"""Where the faces of images are, and their crops as a network takes them."""

from .aligners import (
    Aligner,
    Detected,
    GivenLandmarks,
    LandmarkSource,
    Noted,
    ReadyCrops,
    Skipped,
    Taken,
    choose_aligner,
    choose_detector,
    drop_bad_vectors,
    make_crops,
)
from .crops import aligned_faces, warnings_of
from .detect import DetectResult, detect

__all__ = [
    "Aligner", "DetectResult", "Detected", "GivenLandmarks", "LandmarkSource", "Noted", "ReadyCrops", "Skipped", "Taken",
    "aligned_faces", "choose_aligner", "choose_detector", "detect", "drop_bad_vectors", "make_crops", "warnings_of",
]  # fmt: skip
