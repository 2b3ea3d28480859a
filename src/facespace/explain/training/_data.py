"""What the trainings learn from: the frozen backbone's maps and embeddings, computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...images import Crops
from ...models import ModelCard, torch_or_error
from ..backbone import layer_map
from ..network import ExplainableNetwork
from ..saliency import Affine

_BATCH = 8


@dataclass(frozen=True, eq=False)
class FrozenMaps:
    """Maps (m, c, h, w) float16 and the teacher's unit embeddings (m, d); m = n faces, then their n mirror images.

    `lengths` (m,) are the norms of the embeddings; `behind` is the rest of the network, from the map to the embedding.
    """

    maps: NDArray[np.float16]
    teacher: NDArray[np.float32]
    lengths: NDArray[np.float32]
    behind: Any = None


def frozen_maps(
    whole: Any,
    layer: str | None,
    card: ModelCard,
    crops: Crops,
    *,
    mirror: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> FrozenMaps:
    """One run of the backbone over all faces (and their mirror images).

    `layer` None takes `whole` as the module that gives the map; there is then no teacher.
    """
    torch = torch_or_error()
    opened = whole if layer is None else layer_map(whole, layer)
    network = ExplainableNetwork(card.name, opened, card.shape, card.input)
    behind = torch.nn.Flatten() if layer is None else rest_of(whole, layer)
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
    return FrozenMaps(maps, embeddings / lengths[:, None], lengths, behind)


def rest_of(whole: Any, layer: str) -> Any:
    """What comes behind a layer of an nn.Sequential."""
    children = dict(whole.named_children())
    return torch_or_error().nn.Sequential(*list(children.values())[list(children).index(layer) + 1 :]).eval()


def mixed(a: Any, rng: np.random.Generator, share: float) -> Any:
    """(n, c, h, w) maps, a `share` of them mixed with another of the batch: half by a rectangle of cells, half by weight.

    What the original network makes of a mixture is known (its rest can be run), so few faces give many examples.
    """
    n, _, h, w = a.shape
    partner = rng.permutation(n)
    weight = np.zeros((n, 1, h, w), np.float32)  # of the partner
    for i in np.flatnonzero(rng.random(n) < share):
        if rng.random() < 0.5:
            weight[i] = rng.uniform(0.15, 0.5)
        else:
            y, x = rng.integers(0, h), rng.integers(0, w)
            weight[i, 0, y : y + rng.integers(1, h + 1), x : x + rng.integers(1, w + 1)] = 1
    part = torch_or_error().from_numpy(weight)
    return a + part * (a[partner] - a)


def ridge_to_original(head: Any, data: FrozenMaps, alpha: float = 1e-3) -> Affine:
    """The affine map from pooled features to the original embedding, by ridge regression on all faces.

    `alpha` is relative to the mean variance of the features.
    """
    x = pooled_features(head, data.maps).astype(np.float64)
    y = (data.teacher * data.lengths[:, None]).astype(np.float64)
    x_mean, y_mean = x.mean(0), y.mean(0)
    gram = (x - x_mean).T @ (x - x_mean)
    gram[np.diag_indices_from(gram)] += alpha * (np.trace(gram) / len(gram) or 1.0)  # all alike: a map to the mean
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
