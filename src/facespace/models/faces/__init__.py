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
    detector_at_hand,
    drop_bad_vectors,
    make_crops,
)
from .crops import LocatedFace, aligned_faces, located_faces, warnings_of
from .detect import DetectResult, detect

__all__ = [
    "Aligner", "DetectResult", "Detected", "GivenLandmarks", "LandmarkSource", "LocatedFace", "Noted", "ReadyCrops",
    "Skipped", "Taken", "aligned_faces", "choose_aligner", "choose_detector", "detect", "detector_at_hand",
    "drop_bad_vectors", "located_faces", "make_crops", "warnings_of",
]  # fmt: skip
