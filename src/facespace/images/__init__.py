"""Images: reading, finding, detection, landmarks, alignment."""

from ._session import onnx_session
from .align import ARCFACE, Template, align, realign, similarity_transform
from .detect import CHOICES, DETECTORS, LONG_SIDE, Detector, make_detector, pick_face, rank_faces
from .face_table import ImageFaces, no_faces, read_faces, write_faces
from .faces import Faces
from .find import ImageFile, describe_others, find_images, name_images, scan_images
from .landmarks import read_landmarks
from .read import MAX_PIXELS, Crops, Image, decode_image, read_image
from .search import FaceSearch, FoundFaces, find_faces, look_for_faces
from .sources import ImageSource, Picture, Source, named_by, open_images

__all__ = [
    "ARCFACE", "CHOICES", "DETECTORS", "LONG_SIDE", "MAX_PIXELS", "Crops", "Detector", "FaceSearch", "Faces",
    "FoundFaces", "Image", "ImageFaces", "ImageFile", "ImageSource", "Picture", "Source", "Template", "align",
    "decode_image", "describe_others", "find_faces", "find_images", "look_for_faces", "make_detector", "name_images",
    "named_by", "no_faces", "onnx_session", "open_images", "pick_face", "rank_faces", "read_faces", "read_image",
    "read_landmarks", "realign", "scan_images", "similarity_transform", "write_faces",
]  # fmt: skip
