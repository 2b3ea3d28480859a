"""Checkpoints: what was trained (head, decoder, the way back to the original embedding) in one safetensors file.

The backbone's own weights are not in it, unless they were trained too: most may not be passed on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._files import atomic_write, existing_file
from ..errors import FileFormatError, ModelError
from ..models.registry import EXPLAINERS
from .backbone import layer_map, load_backbone, torch_or_error
from .decoder import make_decoder
from .heads import place_head
from .network import ExplainableNetwork
from .saliency import Affine

if TYPE_CHECKING:
    from torch import nn

FORMAT = "facespace-explain-1"
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

    def save(self, path: str | Path, *, half: bool = False) -> Path:
        """Write it; `half` stores float16, half the size."""
        from safetensors.numpy import save_file

        tensors: dict[str, Any] = {}
        for part in ("head", "decoder", "module"):
            module = getattr(self, part)
            if module is not None:
                tensors |= {f"{part}.{key}": value.numpy() for key, value in module.state_dict().items()}
        if half:
            tensors = {k: v.astype(np.float16) if v.dtype == np.float32 else v for k, v in tensors.items()}
        if self.to_original is not None:
            tensors["original.matrix"] = self.to_original.matrix.astype(np.float32)
            tensors["original.shift"] = self.to_original.shift.astype(np.float32)
        about = {
            "format": FORMAT,
            "backbone": self.backbone,
            "layer": self.layer,
            "shape": list(self.shape),
            "widths": list(self.widths),
            "threshold": self.threshold,
            "facts": self.facts,
        }
        tensors = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
        with atomic_write(path) as temporary:
            save_file(tensors, str(temporary), metadata={"facespace": json.dumps(about)})
        return Path(path)

    def network(self, weights: str | Path | None = None) -> ExplainableNetwork:
        """The network that it explains; the backbone's weights are looked for as `load_backbone` does."""
        whole, card = load_backbone(self.backbone, weights)
        trunk = self.module if self.module is not None else layer_map(whole, self.layer)
        nn = torch_or_error().nn
        module = trunk if self.head is None else nn.Sequential(trunk, self.head)
        return ExplainableNetwork(
            self.backbone,
            module.eval(),
            card.shape,
            card.input,
            to_original=self.to_original,
            decoder=self.decoder,
            threshold=self.threshold,
        )


def load_checkpoint(path: str | Path) -> Checkpoint:
    """A checkpoint from its file.

    Raises FileFormatError for another file, ModelError when its tensors do not fit its description.
    """
    from safetensors import SafetensorError, safe_open

    path = existing_file(path, "a checkpoint of facespace explain train")
    try:
        with safe_open(str(path), "numpy") as file:
            about = json.loads((file.metadata() or {}).get("facespace", "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise FileFormatError(f"{path} is no checkpoint: {error}", "Make one: facespace explain train.") from None
    if about.get("format") != FORMAT:
        raise FileFormatError(f"{path} is no checkpoint of this kind: {about.get('format')!r}", f"Wanted: {FORMAT!r}.")
    shape, widths = tuple(about["shape"]), tuple(about["widths"])
    parts = {key.split(".")[0] for key in tensors}
    head = place_head(*shape) if "head" in parts else None
    decoder = make_decoder(shape[0], widths) if "decoder" in parts else None
    module = None
    if "module" in parts:
        module = layer_map(load_backbone(about["backbone"])[0], about["layer"])
    for name, part in (("head", head), ("decoder", decoder), ("module", module)):
        if part is not None:
            _fill(part, {k.removeprefix(f"{name}."): v for k, v in tensors.items() if k.startswith(f"{name}.")}, path)
    original = None
    if "original" in parts:
        original = Affine(*[tensors[f"original.{k}"].astype(np.float64) for k in ("matrix", "shift")])
    return Checkpoint(
        about["backbone"], about["layer"], shape, widths, head, decoder, original, module, about["threshold"], about["facts"]
    )


def _fill(module: Any, tensors: dict[str, Any], path: Path) -> None:
    torch = torch_or_error()
    state = {k: torch.from_numpy(v.astype(np.float32) if v.dtype == np.float16 else v) for k, v in tensors.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"{path}: {str(error).splitlines()[0]}", "Is the file damaged?") from None
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
                f"{name} can't be explained out of the box",
                f"Networks with a decoder: {', '.join(known) or 'none'}; or train one: facespace explain train.",
            )
    return load_checkpoint(path).network(weights)
