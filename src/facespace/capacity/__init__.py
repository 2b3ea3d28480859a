"""Capacity: how many people can a representation tell apart? (Gong, Boddeti, Jain 2019.)"""

from ._wording import answer, bound_answer, precision, size_answer
from .eigenfaces import eigenfaces
from .estimate import estimate_capacity
from .intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from .left_out import leave_out
from .log_capacity import log_capacity
from .report import capacity_report, capacity_table, finding, sensitivity_table, validation_table
from .result import CapacityPoint, CapacityResult
from .size_report import size_report, size_table
from .sizing import Estimated, GallerySize, SizeCurve, SuspectPair, gallery_size
from .students import (
    DeepMDS,
    EmbeddingStudent,
    ImageStudent,
    ProbabilisticEmbeddings,
    load_image_student,
    train_image_student,
)

__all__ = [
    "CapacityPoint", "CapacityResult", "DeepMDS", "EmbeddingStudent", "Estimated", "GallerySize", "ImageStudent",
    "IntrinsicDimension", "ProbabilisticEmbeddings", "SizeCurve", "SuspectPair", "answer", "bound_answer",
    "capacity_report", "capacity_table", "eigenfaces", "estimate_capacity", "finding", "gallery_size",
    "intrinsic_dimension", "leave_out", "load_image_student", "log_capacity", "precision", "sensitivity_table",
    "size_answer", "size_report", "size_table", "train_image_student", "validation_table",
]  # fmt: skip
