"""Capacity: how many people can a representation tell apart? (Gong, Boddeti, Jain 2019.)"""

from .bound import dims_table
from .comparing import (
    CapacityComparison,
    DimBound,
    NetworkPair,
    NetworkSize,
    bound_table,
    compare_capacity,
    compare_report,
    compare_table,
    contradicted_bounds,
    order_answer,
    pairs_table,
)
from .eigenfaces import eigenfaces
from .estimate import estimate_capacity
from .intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from .left_out import leave_out
from .log_capacity import log_capacity
from .planning import CapacityPlan, PlanRow, plan_answer, plan_capacity, plan_report, plan_table
from .report import capacity_report, capacity_table, finding, sensitivity_table, validation_table
from .result import CapacityPoint, CapacityResult, DimPoint
from .size_report import size_report, size_table
from .sizing import ConfusedPerson, Estimated, GallerySize, SizeCurve, SuspectPair, Target, gallery_size
from .students import (
    DeepMDS,
    EmbeddingStudent,
    ImageStudent,
    ProbabilisticEmbeddings,
    load_image_student,
    train_image_student,
)
from .targets_report import confused_rows, confused_table, targets_table
from .wording import answer, bound_answer, precision, size_answer

__all__ = [
    "CapacityComparison", "CapacityPlan", "CapacityPoint", "CapacityResult", "ConfusedPerson", "DeepMDS",
    "DimBound", "DimPoint", "EmbeddingStudent", "Estimated", "GallerySize", "ImageStudent",
    "IntrinsicDimension", "NetworkPair", "NetworkSize", "PlanRow", "ProbabilisticEmbeddings", "SizeCurve",
    "SuspectPair", "Target", "answer", "bound_answer", "bound_table", "capacity_report", "capacity_table",
    "compare_capacity", "compare_report", "compare_table", "confused_rows", "confused_table", "contradicted_bounds",
    "dims_table", "eigenfaces", "estimate_capacity", "finding", "gallery_size", "intrinsic_dimension",
    "leave_out", "load_image_student", "log_capacity", "order_answer", "pairs_table", "plan_answer",
    "plan_capacity", "plan_report", "plan_table", "precision", "sensitivity_table", "size_answer",
    "size_report", "size_table", "targets_table", "train_image_student", "validation_table",
]  # fmt: skip
