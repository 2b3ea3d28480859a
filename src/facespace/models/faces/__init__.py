"""Where the faces of images are, and their crops as a network takes them."""

from .aligners import (
    Aligner,
    GivenLandmarks,
    LandmarkSource,
    Noted,
    ReadyCrops,
    Skipped,
    Taken,
    choose_aligner,
    drop_bad_vectors,
    make_crops,
)
from .crops import LocatedFace, aligned_faces, every_face, located_faces, warnings_of
from .detect import DetectResult, detect
from .detectors import Detected, choose_detector, detectors_at_hand, good_detector

__all__ = [
    "Aligner", "DetectResult", "Detected", "GivenLandmarks", "LandmarkSource", "LocatedFace", "Noted", "ReadyCrops",
    "Skipped", "Taken", "aligned_faces", "choose_aligner", "choose_detector", "detect", "detectors_at_hand",
    "drop_bad_vectors", "every_face", "good_detector", "located_faces", "make_crops", "warnings_of",
]  # fmt: skip
