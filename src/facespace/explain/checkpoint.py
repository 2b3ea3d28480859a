"""Checkpoints: what was trained (head, decoder, the way back to the original embedding) in one safetensors file.

The backbone's own weights are not in it, unless they were trained too: most may not be passed on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelError
from ..io import Artefact, read_artefact, write_artefact
from ..models import EXPLAINERS, load_backbone, torch_or_error
from ..results import fields
from .backbone import layer_map
from .decoder import make_decoder
from .heads import place_head
from .network import ExplainableNetwork
from .saliency import Affine

if TYPE_CHECKING:
    from torch import nn

#: Checkpoints that ship with facespace, by the name of their backbone.
SHIPPED = EXPLAINERS
#: The layer whose output is the map, of the built-in backbones.
LAYERS = {"mobilefacenet-casia": "conv2"}


@dataclass
class Checkpoint:
    """What a training made.

    Attributes:
        backbone: name of the network it belongs to. layer: whose output is the map.
        shape: (c, h, w) of the map. widths: of the decoder.
        head, decoder: modules, or None.
        to_original: pooled features to the original embedding, or None.
        module: the backbone up to the layer, when it was trained too.
        threshold: the cosine's operating threshold, if known.
        facts: settings, figures and log of the training.
    """

    backbone: str
    layer: str
    shape: tuple[int, int, int]
    widths: tuple[int, ...] = ()
    head: nn.Module | None = None
    decoder: nn.Module | None = None
    to_original: Affine | None = None
    module: nn.Module | None = None
    threshold: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path, *, small: bool = False) -> Path:
        """Write it; `small` keeps matrices in 8 bits a number, a quarter of the size."""
        tensors: dict[str, Any] = {}
        for part in ("head", "decoder", "module"):
            module = getattr(self, part)
            if module is not None:
                tensors |= {f"{part}.{key}": value.numpy() for key, value in module.state_dict().items()}
        if self.to_original is not None:
            tensors["original.matrix"] = self.to_original.matrix.astype(np.float32)
            tensors["original.shift"] = self.to_original.shift.astype(np.float32)
        about = fields(self, "backbone", "layer", "shape", "widths", "threshold", "facts")
        coded = [name for name, tensor in tensors.items() if small and tensor.ndim > 1 and tensor.dtype == np.float32]
        return write_artefact(path, "checkpoint", tensors, about, eight_bits=coded)

    def network(self, weights: str | Path | None = None) -> ExplainableNetwork:
        """The network that it explains; the backbone's weights are looked for as `load_backbone` does."""
        whole, card = load_backbone(self.backbone, weights)
        trunk = self.module if self.module is not None else layer_map(whole, self.layer)
        nn = torch_or_error().nn
        module = trunk if self.head is None else nn.Sequential(trunk, self.head)
        trained = fields(self, "to_original", "decoder", "threshold")
        return ExplainableNetwork(self.backbone, module.eval(), card.shape, card.input, **trained)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """A checkpoint from its file.

    Raises FileFormatError for another or damaged file, and when its tensors do not fit its description.
    """
    file = read_artefact(path, "checkpoint")
    backbone, layer = file.fact("backbone", str), file.fact("layer", str)
    shape, widths = file.fact("shape", list), file.fact("widths", list)
    if len(shape) != 3 or not all(type(size) is int and 0 < size < 1 << 16 for size in (*shape, *widths)):
        raise file.error(f"says shape {shape} and widths {widths}, where (c, h, w) and whole numbers are needed")
    c, h, w = shape
    parts = {name.split(".")[0] for name in file.arrays}
    if "head" in parts and c < 2:
        raise file.error(f"says {c} channels, too few for a head")
    head = place_head(c, h, w) if "head" in parts else None
    decoder = make_decoder(c, tuple(widths)) if "decoder" in parts else None
    module = layer_map(load_backbone(backbone)[0], layer) if "module" in parts else None
    for name, part in (("head", head), ("decoder", decoder), ("module", module)):
        if part is not None:
            _fill(part, name, file)
    original = None
    if "original" in parts:
        matrix = file.array("original.matrix", ("d", "c"), np.float64)
        original = Affine(matrix, file.array("original.shift", ("d",), np.float64))
    threshold = file.fact("threshold", (float, type(None)), None)
    facts = dict(file.inner("facts").facts)
    return Checkpoint(backbone, layer, (c, h, w), tuple(widths), head, decoder, original, module, threshold, facts)


def _fill(module: Any, name: str, file: Artefact) -> None:
    torch = torch_or_error()
    wanted = {key: value.numpy() for key, value in module.state_dict().items()}
    module.load_state_dict({key: torch.from_numpy(array) for key, array in file.like(wanted, f"{name}.").items()})
    module.eval()


def load_explainable(name: str | Path = "mobilefacenet-casia", weights: str | Path | None = None) -> ExplainableNetwork:
    """The network of a checkpoint: a file's path, or the name of a backbone whose checkpoint ships with facespace.

    Raises ModelError for a name without a shipped checkpoint, and when the backbone's weights can't be had.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        path = SHIPPED / f"{name}.safetensors"
        if not path.exists():
            known = sorted(p.stem for p in SHIPPED.glob("*.safetensors"))
            raise ModelError(
                f"{name} has no open map, which all methods but the black-box ones need",
                f"Networks that have one: {', '.join(known) or 'none'}, and checkpoints of `explain train`. For a pair, "
                "`--method occlusion` and `--method rise` explain every network.",
            )
    return load_checkpoint(path).network(weights)
