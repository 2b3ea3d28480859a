"""The losses of the three trainings."""

from __future__ import annotations

import math
from typing import Any

from ...models import torch_or_error


def similarity_loss(features: Any, teacher: Any) -> Any:
    """Mean squared gap of the cosines of (n, c) features to gain · (the teacher's) + shift, over all pairs of a batch.

    Gain and shift are the batch's least squares: pooled features are mostly positive, so their cosines have another zero,
    which a threshold takes up. The gain is at least 0.5, or features that are all alike would do.
    """
    torch = torch_or_error()
    unit = torch.nn.functional.normalize(features)
    other = ~torch.eye(len(unit), dtype=torch.bool)
    s, t = (unit @ unit.T)[other], (teacher @ teacher.T)[other]
    with torch.no_grad():
        centred = t - t.mean()
        gain = ((centred * s).mean() / (centred**2).mean().clamp_min(1e-12)).clamp_min(0.5)
    gap = s - gain * t
    return ((gap - gap.mean()) ** 2).mean()


def direction_loss(estimate: Any, teacher: Any) -> Any:
    """Mean squared distance of unit vectors: of (n, d) estimates of the teacher's embedding to it."""
    functional = torch_or_error().nn.functional
    return ((functional.normalize(estimate) - teacher) ** 2).sum(1).mean()


def arcface_loss(features: Any, centres: Any, labels: Any, scale: float = 32.0, margin: float = 0.5) -> Any:
    """ArcFace (Deng and others 2019): cross entropy of scale · cos(θ + margin) of the own class, scale · cos θ of others.

    `features` (n, c), `centres` (classes, c), `labels` (n,). Where θ + margin > π the cosine is taken linearly on, as the
    authors' code does.
    """
    torch = torch_or_error()
    functional = torch.nn.functional
    cosines = functional.linear(functional.normalize(features), functional.normalize(centres)).clamp(-1 + 1e-6, 1 - 1e-6)
    own = cosines.gather(1, labels[:, None])
    turned = own * math.cos(margin) - torch.sqrt(1 - own**2) * math.sin(margin)
    turned = torch.where(own > math.cos(math.pi - margin), turned, own - math.sin(math.pi - margin) * margin)
    return functional.cross_entropy(scale * cosines.scatter(1, labels[:, None], turned), labels)
