"""From aligned faces to a trained image student, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ...embeddings import Floats, normalize
from ...errors import InputError
from ...images import Crops
from ...models import ModelCard, load_backbone, prepare, torch_or_error
from ..intrinsic_dimension import intrinsic_dimension
from .image_student import ImageStudent, Progress
from .projection import DeepMDS

if TYPE_CHECKING:
    from torch import nn


def train_image_student(
    crops: Crops,
    backbone: nn.Module | str,
    card: ModelCard | None = None,
    *,
    vectors: ArrayLike | None = None,
    dim: int | None = None,
    projection_steps: int = 800,
    weights: str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> ImageStudent:
    """Project the teacher's embeddings by DeepMDS, and train a student that sees the faces to predict the projections.

    Args:
        crops: (n, height, width, 3) uint8, as the backbone takes them.
        backbone, card, weights, settings: see `ImageStudent`.
        vectors: (n, d) the teacher's embeddings of the crops. By default the teacher is the backbone as it is now, and the
            mirror image of every face is learnt from too.
        dim: m; by default the intrinsic dimension of the vectors.
        projection_steps: of DeepMDS.

    Raises InputError for other numbers of faces and vectors.
    """
    if isinstance(backbone, str):
        backbone, known = load_backbone(backbone, weights)
        card = card or known
    if card is None:
        raise InputError("a module of yours needs its card: how crops become its input", "Give card=ModelCard(…).")
    n = len(crops)
    if vectors is None:
        crops = np.concatenate([crops, crops[:, :, ::-1]])
        vectors = _embedded(backbone, crops, card)
    known_vectors = np.asarray(vectors, dtype=np.float32)
    seed = int(settings.get("seed", 0))
    if dim is None:
        dim = intrinsic_dimension(normalize(known_vectors[:n]), seed=seed).chosen
    projection = DeepMDS(dim, steps=projection_steps, seed=seed).fit(known_vectors[:n])
    return ImageStudent(backbone, projection, card, **settings).fit(crops, known_vectors, progress)


def _embedded(backbone: Any, crops: Crops, card: ModelCard, batch: int = 32) -> Floats:
    where = next(backbone.parameters()).device
    with torch_or_error().inference_mode():
        blocks = (prepare(crops[i : i + batch], card).to(where) for i in range(0, len(crops), batch))
        parts = [backbone.eval()(block).cpu().numpy() for block in blocks]
    return np.concatenate(parts)
