"""How many people may the gallery hold? The tail of impostor scores, and what follows from it."""

from .estimate import check_rates, gallery_size
from .result import Estimated, GallerySize, SizeCurve
from .suspects import SuspectPair

__all__ = ["Estimated", "GallerySize", "SizeCurve", "SuspectPair", "check_rates", "gallery_size"]
