"""Capacity: how many people can a representation tell apart? (Gong, Boddeti, Jain 2019.)"""

from .capacity import log_capacity as log_capacity
from .eigenfaces import eigenfaces as eigenfaces
from .estimate import estimate_capacity as estimate_capacity
from .image_student import ImageStudent as ImageStudent
from .image_student import load_image_student as load_image_student
from .image_training import train_image_student as train_image_student
from .intrinsic_dimension import IntrinsicDimension as IntrinsicDimension
from .intrinsic_dimension import intrinsic_dimension as intrinsic_dimension
from .projection import DeepMDS as DeepMDS
from .result import CapacityPoint as CapacityPoint
from .result import CapacityResult as CapacityResult
from .student import EmbeddingStudent as EmbeddingStudent
from .student import Uncertain as Uncertain
