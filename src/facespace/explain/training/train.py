"""The three trainings that make a network explainable.

- `decoder-only`: the network stays as it is; a decoder learns to rebuild the face from its map (mean squared error).
- `distil`: a head between map and global max pooling learns to keep the cosines of the original network: no labels needed.
- `joint`: the paper's, ArcFace + λ · MSE (section III-C): head and decoder together, from labelled faces.

Paper: Xu, Lu, Ebrahimi 2023. The backbone is frozen unless `train_backbone`, as in the paper, is set: its maps are computed
once, of every face and its mirror image, and kept in half precision; a pass over them is cheap.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError, InputError, unknown_name
from ...images import Crops
from ...io import atomic_write, guarded, partial_of
from ...models import ModelCard, load_backbone, torch_or_error
from ..backbone import layer_map
from ..checkpoint import LAYERS, Checkpoint
from ..decoder import make_decoder
from ..heads import place_head
from ..network import ExplainableNetwork
from ._data import FrozenMaps, frozen_maps, mixed, ridge_to_original
from ._losses import arcface_loss, direction_loss, similarity_loss

MODES = ("decoder-only", "distil", "joint")


@dataclass(frozen=True)
class TrainSettings:
    """How to train.

    Attributes:
        mode: decoder-only, distil or joint.
        passes: over all faces. batch: faces a step.
        rate: peak learning rate (AdamW, one cycle). None: 1e-3 for heads, 2e-3 for decoders.
        weight: λ of the reconstruction in `joint`.
        widths: channels between the decoder's four transposed convolutions.
        mirror: use every face's mirror image too.
        mixing: share of a batch's maps that `distil` mixes with others.
        train_backbone: train the backbone too (not its normalisation's statistics), in distil and joint.
        seed: of weights and order.
    """

    mode: str = "distil"
    passes: int = 10
    batch: int = 256
    rate: float | None = None
    weight: float = 10.0
    widths: tuple[int, ...] = (96, 48, 24)
    mirror: bool = True
    mixing: float = 0.6
    train_backbone: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise unknown_name("mode of training", self.mode, MODES)
        if self.passes < 1 or self.batch < 2:
            raise InputError(f"{self.passes} passes in batches of {self.batch} are no training", "At least 1 pass, 2 faces.")


@dataclass(frozen=True)
class TrainProgress:
    """Where a training stands: `step` of `steps`, and the means of its losses since the last report."""

    step: int
    steps: int
    seconds: float
    losses: dict[str, float]

    def line(self) -> str:
        """One line for a log."""
        shown = ", ".join(f"{name} {value:.5f}" for name, value in self.losses.items())
        return f"step {self.step}/{self.steps}, {self.seconds:.0f} s: {shown}"


def train(
    crops: Crops,
    backbone: str | Path | ModelCard,
    settings: TrainSettings,
    *,
    out: str | Path,
    labels: Sequence[str] | None = None,
    start: Checkpoint | None = None,
    data: FrozenMaps | None = None,
    weights: str | Path | None = None,
    resume: bool = False,
    report: Callable[[TrainProgress], None] | None = None,
    maps_progress: Callable[[int, int], None] | None = None,
    every: int = 20,
) -> Checkpoint:
    """Train on aligned faces and write the checkpoint to `out`.

    Args:
        crops: (n, height, width, 3) uint8, as the backbone's card takes them.
        labels: each face's person; needed by `joint`.
        start: a checkpoint whose head (and, in joint, decoder) is the beginning; `decoder-only` keeps its head.
        data: the backbone's maps of these crops, where they are there already (`frozen_maps`).
        weights: folder with the backbone's weights.
        resume: go on where an interrupted training with the same settings stopped; its state is kept in `out`.partial.
        report: told every `every` steps. maps_progress: told (done, all) while the maps are computed.

    Raises InputError for fewer faces than a batch, or `joint` without labels of at least two people; FileFormatError when
    the state to resume from is of another training.
    """
    if len(crops) < settings.batch:
        raise InputError(f"{len(crops):,} faces are fewer than one batch of {settings.batch}", "Give more, or --batch.")
    if settings.mode == "joint" and (labels is None or len(labels) != len(crops) or len(set(labels)) < 2):
        raise InputError("joint training needs the person of every face, two people at least", "Use person/image folders.")
    whole, card = load_backbone(backbone, weights)
    layer = LAYERS[card.name]
    if data is None:
        data = frozen_maps(whole, layer, card, crops, mirror=settings.mirror, progress=maps_progress)
    shape = (int(data.maps.shape[1]), int(data.maps.shape[2]), int(data.maps.shape[3]))
    checkpoint = Checkpoint(card.name, layer, shape, settings.widths)
    if start is not None:
        checkpoint.head, checkpoint.to_original, checkpoint.threshold = start.head, start.to_original, start.threshold
        checkpoint.decoder, checkpoint.widths = start.decoder, start.widths or settings.widths
        checkpoint.facts = dict(start.facts)
    trunk = layer_map(whole, layer) if settings.train_backbone and settings.mode != "decoder-only" else None
    classes, codes = np.unique(list(labels or ["?"] * len(crops)), return_inverse=True)
    prepare = ExplainableNetwork(card.name, whole, card.shape, card.input).prepare
    run = _Training(checkpoint, data, crops, codes, len(classes), settings, trunk, prepare)
    log = run.go(Path(out), resume, report, every)
    if settings.mode != "decoder-only" and trunk is not None:
        data = replace(data, maps=frozen_maps(trunk, None, card, crops, mirror=settings.mirror).maps)
    if settings.mode != "decoder-only":
        checkpoint.to_original = ridge_to_original(checkpoint.head, data)
    checkpoint.facts[settings.mode] = {"settings": asdict(settings), "faces": len(crops), "log": log}
    checkpoint.save(out)
    _partial(Path(out)).unlink(missing_ok=True)
    return checkpoint


@dataclass(eq=False)
class _Training:
    """One training's modules, losses and steps."""

    checkpoint: Checkpoint
    data: FrozenMaps
    faces: Crops
    codes: NDArray[np.intp]
    classes: int
    settings: TrainSettings
    trunk: Any = None
    prepare: Callable[[Crops], Any] | None = None

    def __post_init__(self) -> None:
        torch = torch_or_error()
        nn, checkpoint, settings, trunk = torch.nn, self.checkpoint, self.settings, self.trunk
        checkpoint.module = trunk
        self.codes = np.concatenate([self.codes, self.codes]) if settings.mirror else self.codes
        mode, shape, seed = settings.mode, checkpoint.shape, settings.seed
        if mode != "decoder-only" and checkpoint.head is None:
            checkpoint.head = place_head(*shape, seed=seed)
        if mode != "distil" and (checkpoint.decoder is None or mode == "decoder-only"):
            checkpoint.decoder, checkpoint.widths = make_decoder(shape[0], settings.widths, seed=seed), settings.widths
        trained: dict[str, Any] = {} if trunk is None else {"trunk": trunk}
        if mode != "decoder-only":
            trained["head"] = checkpoint.head
        if mode != "distil":
            trained["decoder"] = checkpoint.decoder
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if mode == "distil":
                trained["estimate"] = nn.Linear(shape[0], self.data.teacher.shape[1])
            if mode == "joint":
                trained["centres"] = nn.ParameterDict({"rows": 0.01 * torch.randn(self.classes, shape[0])})
        self.modules = nn.ModuleDict(trained)

    def losses(self, rows: NDArray[np.intp], rng: np.random.Generator) -> dict[str, Any]:
        """The named losses of a batch; their sum is what is minimised."""
        torch = torch_or_error()
        mode, head, m = self.settings.mode, self.checkpoint.head, self.modules
        a = self._maps(rows)
        if mode == "distil":
            return self._distil(a, rows, rng)
        if head is not None:
            with torch.set_grad_enabled(mode != "decoder-only"):
                a = head(a)
        found: dict[str, Any] = {}
        if mode == "joint":
            labels = torch.from_numpy(self.codes[rows])
            found["arcface"] = arcface_loss(a.amax((2, 3)), m["centres"]["rows"], labels)
        error = ((m["decoder"](a) - self._pictures(rows)) ** 2).mean()
        found["reconstruction"] = error * (self.settings.weight if mode == "joint" else 1.0)
        return found

    def _distil(self, a: Any, rows: NDArray[np.intp], rng: np.random.Generator) -> dict[str, Any]:
        torch = torch_or_error()
        teacher = torch.from_numpy(self.data.teacher[rows])
        if self.settings.mixing > 0 and self.trunk is None and self.data.behind is not None:
            with torch.no_grad():
                a = mixed(a, rng, self.settings.mixing)
                teacher = torch.nn.functional.normalize(self.data.behind(a))
        features = self.modules["head"](a).amax((2, 3))
        return {
            "similarity": 100 * similarity_loss(features, teacher),
            "direction": direction_loss(self.modules["estimate"](features), teacher),
        }

    def _maps(self, rows: NDArray[np.intp]) -> Any:
        if self.trunk is None or self.prepare is None:
            return torch_or_error().from_numpy(self.data.maps[rows].astype(np.float32))
        return self.trunk(self.prepare(self._chosen(rows)))

    def _chosen(self, rows: NDArray[np.intp]) -> Crops:
        n = len(self.faces)
        chosen = self.faces[rows % n].copy()
        chosen[rows >= n] = chosen[rows >= n][:, :, ::-1]
        return chosen

    def _pictures(self, rows: NDArray[np.intp]) -> Any:
        pixels = self._chosen(rows).transpose(0, 3, 1, 2).astype(np.float32) / 255
        return torch_or_error().from_numpy(np.ascontiguousarray(pixels))

    def go(
        self, out: Path, resume: bool, report: Callable[[TrainProgress], None] | None, every: int
    ) -> list[dict[str, float]]:
        """All steps, from the beginning or from the kept state; the log of losses."""
        torch = torch_or_error()
        s, n = self.settings, len(self.data.maps)
        steps = s.passes * (n // s.batch)
        rate = s.rate or (1e-3 if s.mode == "distil" else 2e-3)
        optimizer = torch.optim.AdamW(self.modules.parameters(), lr=rate, weight_decay=1e-2 if s.mode == "distil" else 0)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
        plan, log, first = json.dumps([asdict(s), n, self.checkpoint.backbone]), [], 0
        if resume and _partial(out).exists():

            def go_on() -> tuple[list[dict[str, float]], int]:
                kept = torch.load(_partial(out), weights_only=True)
                if kept["plan"] != plan:
                    raise FileFormatError(f"{_partial(out)} is of another training", "Remove it, or use the same settings.")
                self.modules.load_state_dict(kept["modules"])
                optimizer.load_state_dict(kept["optimizer"])
                schedule.load_state_dict(kept["schedule"])
                return list(kept["log"]), int(kept["step"])

            log, first = guarded(_partial(out), "an unfinished training", go_on)
        self.modules.train()
        if self.trunk is not None:
            self.trunk.eval()  # its normalisation keeps the statistics of its own, larger training
        began, since = time.perf_counter(), []
        order: NDArray[np.intp] = np.empty(0, np.intp)
        for step in range(first, steps):
            of_pass, within = divmod(step, n // s.batch)
            if within == 0 or not len(order):
                order = np.random.default_rng([s.seed, of_pass]).permutation(n)
            rows = np.sort(order[within * s.batch : (within + 1) * s.batch])
            found = self.losses(rows, np.random.default_rng([s.seed, 1, step]))
            optimizer.zero_grad()
            sum(found.values()).backward()
            optimizer.step()
            schedule.step()
            since.append([float(v.detach()) for v in found.values()])
            if (step + 1) % every == 0 or step + 1 == steps:
                means = dict(zip(found, np.mean(since, axis=0).tolist(), strict=True))
                log.append({"step": step + 1, **{k: round(v, 6) for k, v in means.items()}})
                since = []
                if report:
                    report(TrainProgress(step + 1, steps, time.perf_counter() - began, means))
                state = {"plan": plan, "modules": self.modules.state_dict(), "optimizer": optimizer.state_dict()}
                with atomic_write(_partial(out)) as temporary:
                    torch.save({**state, "schedule": schedule.state_dict(), "log": log, "step": step + 1}, temporary)
        self.modules.eval()
        return log


def _partial(out: Path) -> Path:
    return partial_of(out)
