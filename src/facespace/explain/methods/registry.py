"""All methods by name: the importance of every pixel of image A, for its comparison with image B."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ModelError, unknown_name
from ...images import Crops
from ..network import ExplainableNetwork
from ..residuals import Floats, Residuals, residuals
from ..saliency import CosineDecomposition, saliency
from . import baselines, controls

#: The paper's five, as its table II. Beside them GradCAM and GradCAM++ before their ReLU (where a map is negative in most
#: cells, as that of a max-pool head, little or nothing is left behind it), gradient × input, Stylianou's average, S⁺.
COMPARED = ("gradcam", "gradcam++", "gradient", "stylianou-max", "reconstruction")
FURTHER = ("gradcam-signed", "gradcam++-signed", "gradient-input", "stylianou-avg", "reconstruction-similar")
CONTROLS = ("random", "constant", "centre", "inverted")
METHODS = (*COMPARED, *FURTHER, *CONTROLS)
TITLES = {
    "gradcam": "GradCAM",
    "gradcam++": "GradCAM++",
    "gradcam-signed": "GradCAM before ReLU",
    "gradcam++-signed": "GradCAM++ before ReLU",
    "gradient": "Gradient",
    "gradient-input": "gradient × input",
    "stylianou-max": "Stylianou, max",
    "stylianou-avg": "Stylianou, avg",
    "reconstruction": "reconstruction (the paper's S)",
    "reconstruction-similar": "reconstruction, S⁺",
    "random": "random",
    "constant": "constant",
    "centre": "centre",
    "inverted": "inverted (the paper's, turned round)",
}
_KEPT = 24  # residuals of an image of 112 × 96 with 512 channels are 22 MB


def check_methods(methods: Sequence[str], network: ExplainableNetwork) -> list[str]:
    """The methods, once each; UnknownNameError for others, ModelError where one needs a decoder that is not there."""
    for name in methods:
        if name not in METHODS:
            raise unknown_name("method", name, METHODS)
    if network.decoder is None and (needing := [m for m in methods if m.startswith(("reconstruction", "inverted"))]):
        raise ModelError(
            f"{needing[0]} needs a decoder, and {network.name} has none",
            "`facespace explain train` trains one for mobilefacenet-casia; explain_black_box needs none, for any network.",
        )
    return list(dict.fromkeys(methods))


class Importance:
    """Importance maps of many pairs of one network; the residuals of images seen lately are kept."""

    def __init__(self, network: ExplainableNetwork, threshold: float, seed: int = 0) -> None:
        self.network, self.threshold, self.seed = network, threshold, seed
        self._residuals: OrderedDict[Any, Residuals] = OrderedDict()

    def residuals_of(self, key: Any, convolutional_map: Floats) -> Residuals:
        """The residuals of the image `key`, computed once while they are kept."""
        if key in self._residuals:
            self._residuals.move_to_end(key)
            return self._residuals[key]
        assert self.network.decoder is not None  # check_methods saw to it
        found = self._residuals[key] = residuals(convolutional_map, self.network.decoder)
        if len(self._residuals) > _KEPT:
            self._residuals.popitem(last=False)
        return found

    def __call__(
        self,
        methods: Sequence[str],
        crops: Crops,
        maps: Floats,
        cosines: Sequence[CosineDecomposition],
        keys: Sequence[Any],
        numbers: Sequence[int],
    ) -> dict[str, Floats]:
        """Importance (n, height, width) by method of n images, each with its own comparison.

        Args:
            crops, maps: (n, height, width, 3) and (n, c, h, w).
            cosines: one for each image, as the first of its pair.
            keys: what the images are called in the store of residuals.
            numbers: whole numbers that seed the random maps, so that they do not depend on how pairs are grouped.
        """
        shape, found = crops.shape[1:3], {}
        n = range(len(crops))
        if {"gradient", "gradient-input"} & set(methods):
            gradient, pixels = baselines.picture_gradient(self.network, crops, list(cosines))
        signed = None
        if {"reconstruction", "reconstruction-similar", "inverted"} & set(methods):
            signed = [saliency(self.residuals_of(keys[i], maps[i]), cosines[i], self.threshold).signed for i in n]
        for method in methods:
            if method == "gradient":
                found[method] = baselines.gradient_map(gradient)
            elif method == "gradient-input":
                found[method] = baselines.gradient_times_input(gradient, pixels)
            elif signed is not None and method in ("reconstruction", "reconstruction-similar", "inverted"):
                found[method] = np.stack([_part(method, h) for h in signed])
            elif method in CONTROLS:
                found[method] = np.stack([self._control(method, shape, numbers[i]) for i in n])
            else:
                coarse = [self._coarse(method, maps[i], cosines[i]) for i in n]
                found[method] = np.stack([baselines.upsample(c, shape) for c in coarse])
        return found

    def _coarse(self, method: str, convolutional_map: Floats, cosine: CosineDecomposition) -> Floats:
        if method.startswith("gradcam"):
            if method.startswith("gradcam++"):
                h = baselines.grad_cam_plus_plus_signed(convolutional_map, cosine, pooling=self.network.pooling)
            else:
                h = baselines.grad_cam_signed(convolutional_map, cosine)
            return h if method.endswith("signed") else np.maximum(h, 0)
        if method == "stylianou-avg":
            return baselines.stylianou_avg(convolutional_map, cosine)
        return baselines.stylianou_max(convolutional_map, cosine)

    def _control(self, method: str, shape: tuple[int, int], number: int) -> Floats:
        if method == "random":
            return controls.random_map(shape, np.random.default_rng([self.seed, number]))
        return controls.constant_map(shape) if method == "constant" else controls.centre_map(shape)


def _part(method: str, signed: Floats) -> Floats:
    if method == "reconstruction-similar":
        return np.maximum(signed, 0)
    return np.abs(signed) if method == "reconstruction" else controls.inverted_map(np.abs(signed))
