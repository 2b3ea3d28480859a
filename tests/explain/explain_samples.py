"""Small random networks: the properties hold for any weights, so none have to be trained."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from facespace.explain import ExplainableNetwork, make_decoder  # noqa: E402
from facespace.models import InputFormat  # noqa: E402

FORMAT = InputFormat(mean=(127.5,) * 3, std=(128.0,) * 3)


def small_network(seed: int = 0, channels: int = 24, pooling: str = "max", decoder: bool = True) -> ExplainableNetwork:
    """Crops of 48 × 32 to a map of 3 × 2 cells; the decoder leads back to 48 × 32."""
    nn = torch.nn
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = nn.Sequential(
            nn.Conv2d(3, 8, 4, 4),
            nn.PReLU(8),
            nn.Conv2d(8, 16, 2, 2),
            nn.PReLU(16),
            nn.Conv2d(16, channels, 2, 2),
            nn.PReLU(channels),
        ).eval()
    back = make_decoder(channels, (12, 10, 6), seed=seed) if decoder else None
    return ExplainableNetwork("small", module, (48, 32), FORMAT, pooling, decoder=back, threshold=0.3)


def crops(count: int, shape: tuple[int, int] = (48, 32), seed: int = 0) -> np.ndarray:
    """Smooth random pictures (count, height, width, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, shape[0] // 4, shape[1] // 4, 3))
    return coarse.repeat(4, 1).repeat(4, 2).astype(np.uint8)


def random_map(channels: int = 24, h: int = 3, w: int = 2, seed: int = 0) -> np.ndarray:
    """A map (c, h, w) with positive and negative cells, some channels negative everywhere."""
    a = np.random.default_rng(seed).normal(0.4, 1, (channels, h, w)).astype(np.float32)
    a[:2] = -np.abs(a[:2])
    return a
