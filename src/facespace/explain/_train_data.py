"""What the trainings learn from: the frozen backbone's maps and embeddings, computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models import ModelCard
from .backbone import layer_map, torch_or_error
from .network import Crops, ExplainableNetwork
from .saliency import Affine

_BATCH = 8


@dataclass(frozen=True, eq=False)
class FrozenMaps:
    """Maps (m, c, h, w) float16 and the teacher's unit embeddings (m, d); m = n faces, then their n mirror images."""

    maps: NDArray[np.float16]
    teacher: NDArray[np.float32]
    lengths: NDArray[np.float32]  # (m,) norms of the embeddings


def frozen_maps(
    whole: Any,
    layer: str,
    card: ModelCard,
    crops: Crops,
    *,
    mirror: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> FrozenMaps:
    """One run of the backbone over all faces (and their mirror images)."""
    torch = torch_or_error()
    network = ExplainableNetwork(card.name, layer_map(whole, layer), card.shape, card.input)
    children = dict(whole.named_children())
    behind = torch.nn.Sequential(*list(children.values())[list(children).index(layer) + 1 :]).eval()
    total = len(crops) * (2 if mirror else 1)
    maps: NDArray[np.float16] | None = None
    vectors: list[NDArray[np.float32]] = []
    done = 0
    with torch.inference_mode():
        for turned in (False, True) if mirror else (False,):
            for i in range(0, len(crops), _BATCH):
                batch = crops[i : i + _BATCH]
                a = network.module(network.prepare(batch[:, :, ::-1] if turned else batch))
                if maps is None:
                    maps = np.empty((total, *a.shape[1:]), np.float16)
                maps[done : done + len(a)] = a.numpy()
                vectors.append(behind(a).numpy())
                done += len(a)
                if progress:
                    progress(done, total)
    assert maps is not None
    embeddings = np.concatenate(vectors)
    lengths = np.linalg.norm(embeddings, axis=1)
    return FrozenMaps(maps, embeddings / lengths[:, None], lengths)


def ridge_to_original(head: Any, data: FrozenMaps, alpha: float = 1e-3) -> Affine:
    """The affine map from pooled features to the original embedding, by ridge regression on all faces.

    `alpha` is relative to the mean variance of the features.
    """
    x = pooled_features(head, data.maps).astype(np.float64)
    y = (data.teacher * data.lengths[:, None]).astype(np.float64)
    x_mean, y_mean = x.mean(0), y.mean(0)
    gram = (x - x_mean).T @ (x - x_mean)
    gram[np.diag_indices_from(gram)] += alpha * np.trace(gram) / len(gram)
    matrix = np.linalg.solve(gram, (x - x_mean).T @ (y - y_mean)).T
    return Affine(matrix, y_mean - matrix @ x_mean)


def pooled_features(head: Any, maps: NDArray[np.float16]) -> NDArray[np.float32]:
    """(m, c) maxima of the head's maps, of frozen maps (m, c, h, w)."""
    torch = torch_or_error()
    parts = []
    with torch.inference_mode():
        for i in range(0, len(maps), 64):
            a = torch.from_numpy(maps[i : i + 64].astype(np.float32))
            parts.append((a if head is None else head(a)).amax((2, 3)).numpy())
    return np.concatenate(parts)
