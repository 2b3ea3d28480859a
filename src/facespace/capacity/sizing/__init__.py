"""How many people may the gallery hold? The tail of impostor scores, and what follows from it."""

from .asked import Asked, enough, ratio
from .curve import Answer, measured
from .estimate import check_rates, gallery_size
from .evidence import Genuine, Impostors, Triangles, impostors, triangle
from .result import ConfusedPerson, Estimated, GallerySize, SizeCurve, Target
from .sample import Sample
from .suspects import SuspectPair, evidence_of_all, suspicious
from .tail import Doubles

__all__ = [
    "Answer", "Asked", "ConfusedPerson", "Doubles", "Estimated", "GallerySize", "Genuine", "Impostors", "Sample",
    "SizeCurve", "SuspectPair", "Target", "Triangles", "check_rates", "enough", "evidence_of_all", "gallery_size",
    "impostors", "measured", "ratio", "suspicious", "triangle",
]  # fmt: skip
