"""Capacity: how many people can a representation tell apart? (Gong, Boddeti, Jain 2019.)"""

from .eigenfaces import eigenfaces
from .estimate import estimate_capacity
from .intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from .log_capacity import log_capacity
from .report import answer, capacity_report, capacity_table, finding, sensitivity_table, validation_table
from .result import CapacityPoint, CapacityResult
from .students import (
    DeepMDS,
    EmbeddingStudent,
    ImageStudent,
    ProbabilisticEmbeddings,
    load_image_student,
    train_image_student,
)

__all__ = [
    "CapacityPoint", "CapacityResult", "DeepMDS", "EmbeddingStudent", "ImageStudent", "IntrinsicDimension",
    "ProbabilisticEmbeddings", "answer", "capacity_report", "capacity_table", "eigenfaces", "estimate_capacity",
    "finding", "intrinsic_dimension", "load_image_student", "log_capacity", "sensitivity_table", "train_image_student",
    "validation_table",
]  # fmt: skip
