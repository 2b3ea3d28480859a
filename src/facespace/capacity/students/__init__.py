"""What predicts a low-dimensional Gaussian of a face: DeepMDS, the student on embeddings, the student on images."""

from .image_student import ImageStudent, load_image_student
from .image_training import train_image_student
from .projection import DeepMDS
from .student import EmbeddingStudent, ProbabilisticEmbeddings, Student

__all__ = [
    "DeepMDS", "EmbeddingStudent", "ImageStudent", "ProbabilisticEmbeddings", "Student", "load_image_student",
    "train_image_student",
]  # fmt: skip
