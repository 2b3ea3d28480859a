"""The image student: a convolutional network that sees the face, as in the paper.

It starts as a recognition network followed by the projection, with dropout behind every convolution (p = 0.05) and in the
projection's hidden layer (p = 0.2), and learns (Gong and others 2019, eq. 3 to 5, the loss of `student.py`) to give each
face the teacher's projected embedding y and its log variances. Used with dropout on, T passes give

    μ̂ = mean μ_t,   Σ̂ = cov(μ_t) [epistemic] + mean diag(exp s_t) [aleatoric]          (eq. 6 and 7)

Unlike `EmbeddingStudent` it needs images and PyTorch. Each of the T passes and each epoch costs several embeddings of the
set, so the whole network is for a GPU: two cores manage some ten faces a second. `since` leaves the layers before it as they
are, without dropout: what they give is computed once, and the rest is quick enough for a processor. The paper trains for 100
epochs; the warm start makes few enough.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...embeddings import Floats, check_width
from ...errors import InputError
from ...images import Crops
from ...io import Artefact, read_artefact, write_artefact
from ...models import ModelCard, load_backbone, load_card, prepare, split_at, torch_or_error
from ._image_network import seeded, student_module
from ._network import ResidualModule
from .projection import DeepMDS
from .student import LOG_VARIANCES, PRIOR, ProbabilisticEmbeddings, with_variances

if TYPE_CHECKING:
    from torch import nn

Progress = Callable[[int, int], None]
Seen = Callable[[NDArray[np.intp]], Any]  # rows to a tensor
_BATCH = {"cpu": 8, "cuda": 256}  # faces at once when used; small batches stay in a processor's cache
_RIDGE = 1e-4  # of the warm start, relative to the mean variance


class ImageStudent:
    """The student on aligned faces: `fit(crops, vectors)`, then `moments(crops)`.

    Args:
        backbone: (n, 3, height, width) to (n, e); a module of yours, or the name of a network of `models.pytorch`. A
            copy is trained; yours stays as it is.
        projection: the fitted teacher's DeepMDS.
        card: how crops become the backbone's input; by default the named network's.
        dropout: probability behind every convolution. hidden_dropout: in the projection's hidden layer.
        since: the first layer with dropout and training, such as "blocks.12"; None: all, as the paper.
        passes: T.
        epochs, batch, rate, decay, seed: of the training: AdamW, the rate falls by half a cosine.
        weights: folder to look for a named network's weights in first.
        device: "cpu" or "cuda"; by default a GPU where there is one.

    Attributes:
        log_: the mean loss of each epoch.
    """

    def __init__(
        self,
        backbone: nn.Module | str,
        projection: DeepMDS,
        card: ModelCard | None = None,
        *,
        dropout: float = 0.05,
        hidden_dropout: float = 0.2,
        since: str | None = None,
        passes: int = 100,
        epochs: int = 10,
        batch: int = 64,
        rate: float = 3e-4,
        decay: float = 1e-2,
        seed: int = 0,
        weights: str | Path | None = None,
        device: str | None = None,
    ) -> None:
        torch = torch_or_error()
        if isinstance(backbone, str):
            backbone, known = load_backbone(backbone, weights)
            card = card or known
        if card is None:
            raise InputError("a module of yours needs its card: how crops become its input", "Give card=ModelCard(…).")
        if not (0 <= dropout < 1 and 0 <= hidden_dropout < 1) or passes < 2:
            raise InputError(f"dropout {dropout}, {hidden_dropout} and {passes} passes", "0 ≤ p < 1, and two passes.")
        self.projection, self.card = projection, card
        self.dropout, self.hidden_dropout, self.since, self.passes = dropout, hidden_dropout, since, passes
        self.epochs, self.batch, self.rate, self.decay, self.seed = epochs, batch, rate, decay, seed
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.log_: list[float] = []
        self._backbone = rest = copy.deepcopy(backbone).to(self.device)
        self._before: Any = None
        if since is not None:
            self._before, rest = split_at(rest, since)
        self.module_ = student_module()(rest, dropout, hidden_dropout).to(self.device)

    @property
    def label(self) -> str:
        """For signatures."""
        place = "" if self.since is None else f"-since-{self.since}"
        return f"image-dropout{self.dropout:g}-{self.hidden_dropout:g}{place}-T{self.passes}"

    def fit(self, crops: Crops, vectors: ArrayLike, progress: Progress | None = None) -> ImageStudent:
        """Train on aligned faces (n, height, width, 3) uint8 and the teacher's embeddings (n, d) of them.

        The teacher may be another network than the backbone: the student starts from the ridge map between the two.
        InputError for fewer faces than a batch or other numbers of faces and vectors.
        """
        torch = torch_or_error()
        answers = np.asarray(vectors)
        check_width(answers, len(self.projection.mean_), "this projection")
        if len(crops) != len(answers) or len(crops) < self.batch:
            raise InputError(
                f"{len(crops):,} faces and {len(answers):,} embeddings can't be learnt from in batches of {self.batch}",
                "One embedding a face, and a batch of them at least.",
            )
        y = self.projection.transform(answers)
        rng = np.random.default_rng([self.seed, 3])
        seen = self._once(crops)
        self._warm_start(seen, answers, y, rng)
        target = torch.from_numpy(y).to(self.device)
        mu, var = target.mean(0), target.var(0)
        optimizer = torch.optim.AdamW(self.module_.parameters(), lr=self.rate, weight_decay=self.decay)
        per_epoch = len(crops) // self.batch
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.epochs * per_epoch)
        with self._seeded(4):
            for epoch in range(self.epochs):
                order, losses = rng.permutation(len(crops)), []
                for i in range(per_epoch):
                    rows = np.sort(order[i * self.batch : (i + 1) * self.batch])
                    mean, log_variance = self._pass(seen(rows))
                    gap = target[torch.from_numpy(rows).to(self.device)] - mean
                    likelihood = log_variance + gap * gap * torch.exp(-log_variance)
                    loss = 0.5 * (likelihood + PRIOR * (mean - mu) ** 2 / var).sum(1).mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    schedule.step()
                    losses.append(float(loss.detach()))
                    if progress is not None:
                        progress(epoch * per_epoch + i + 1, self.epochs * per_epoch)
                self.log_.append(round(float(np.mean(losses)), 4))
        return self

    def moments(self, inputs: ArrayLike, progress: Progress | None = None) -> ProbabilisticEmbeddings:
        """μ̂ and Σ̂ over T passes of crops (n, height, width, 3) uint8."""
        torch = torch_or_error()
        crops, m, size = np.asarray(inputs), self.projection.dim, _BATCH["cuda" if self.device != "cpu" else "cpu"]
        means, covariances = [], []
        with torch.inference_mode(), self._seeded(5):
            for i in range(0, len(crops), size):
                faces = self._faces(crops[i : i + size])
                first = torch.zeros(len(faces), m, device=self.device)
                second, noise = torch.zeros(len(faces), m, m, device=self.device), torch.zeros_like(first)
                centre = self.module_.clean(faces)[:, :m]  # against cancellation in the second moments
                for _ in range(self.passes):
                    out = self.module_(faces)
                    gap = out[:, :m] - centre
                    first += gap
                    second += gap[:, :, None] * gap[:, None, :]
                    noise += torch.exp(out[:, m:].clamp(*LOG_VARIANCES))
                mean = first / self.passes
                covariance = (second - self.passes * mean[:, :, None] * mean[:, None, :]) / (self.passes - 1)
                covariance += torch.diag_embed(noise / self.passes)
                means.append((centre + mean).cpu().numpy())
                covariances.append(covariance.cpu().numpy())
                if progress is not None:
                    progress(min(i + size, len(crops)), len(crops))
        return ProbabilisticEmbeddings(np.concatenate(means), np.concatenate(covariances))

    def save(self, path: str | Path) -> Path:
        """One safetensors file: backbone, projection, and how it was made. The backbone's licence holds for it too."""
        tensors = {f"backbone.{key}": value.cpu().numpy() for key, value in self._backbone.state_dict().items()}
        tensors |= {f"student.{key}": getattr(self.module_, key).detach().cpu().numpy() for key in "AaWVb"}
        tensors |= {f"projection.{key}": value for key, value in zip("AaWVb", self.projection.module_.weights, strict=True)}
        tensors["projection.mean"] = self.projection.mean_
        about = {
            "backbone": self.card.name,
            "projection": {key: getattr(self.projection, key) for key in _PROJECTION},
            "stress": self.projection.stress_,
            "settings": {key: getattr(self, key) for key in _SETTINGS},
            "log": self.log_,
        }
        return write_artefact(path, "student", tensors, about)

    def _once(self, crops: Crops) -> Seen:
        """From rows to what the trained part of the network sees of them; kept, where layers before it do not change."""
        if self._before is None:
            return lambda rows: self._faces(crops[rows])
        blocks = np.array_split(np.arange(len(crops)), -(-len(crops) // 64))
        with torch_or_error().no_grad():
            kept = torch_or_error().cat([self._faces(crops[rows]).cpu() for rows in blocks])
        return lambda rows: kept[rows].to(self.device)

    def _warm_start(self, seen: Seen, vectors: NDArray[Any], y: Floats, rng: np.random.Generator) -> None:
        """The projection's weights behind the backbone, through the ridge map from its unit embeddings to the teacher's."""
        torch = torch_or_error()
        rows = np.sort(rng.permutation(len(y))[:4096])
        with torch.inference_mode():
            parts = [self.module_.unit(seen(part)) for part in np.array_split(rows, -(-len(rows) // 64))]
        x = torch.cat(parts).cpu().numpy().astype(np.float64)
        mean, wanted = x.mean(0), self.projection.centred(vectors[rows]).astype(np.float64)
        gram = (x - mean).T @ (x - mean)
        gram[np.diag_indices_from(gram)] += _RIDGE * (np.trace(gram) / len(gram) or 1.0)  # all alike: a map to the mean
        across = np.linalg.solve(gram, (x - mean).T @ (wanted - wanted.mean(0)))
        start = with_variances(self.projection.module_, np.log(0.1 * y.var(axis=0)))
        shift = (wanted.mean(0) - mean @ across) @ start.A + start.a
        inner, shift = (w.astype(np.float32) for w in (across @ start.A, shift))
        self.module_.start(ResidualModule(inner, shift, start.W, start.V, start.b))

    def _pass(self, seen: Any) -> tuple[Any, Any]:
        out, m = self.module_(seen), self.projection.dim
        return out[:, :m], out[:, m:].clamp(*LOG_VARIANCES)

    def _faces(self, crops: Crops) -> Any:
        """What the trained part of the network sees of crops."""
        faces = prepare(crops, self.card).to(self.device)
        return faces if self._before is None else self._before(faces)

    def _seeded(self, purpose: int) -> AbstractContextManager[None]:
        return seeded(10 * self.seed + purpose, self.device)


_PROJECTION = {
    "dim": int, "hidden": int, "power": float, "steps": int, "batch": int, "rate": float, "decay": float, "seed": int,
}  # fmt: skip
_SETTINGS = {
    "dropout": float, "hidden_dropout": float, "since": (str, type(None)), "passes": int, "epochs": int, "batch": int,
    "rate": float, "decay": float, "seed": int,
}  # fmt: skip


def load_image_student(
    path: str | Path, backbone: nn.Module | None = None, card: ModelCard | None = None, *, device: str | None = None
) -> ImageStudent:
    """A student from its file; `backbone` and `card` where the network is not one of `models.pytorch`.

    Raises FileFormatError for another file.
    """
    torch = torch_or_error()
    file = read_artefact(path, "student")
    projection = DeepMDS(**_settings(file, "projection", _PROJECTION))
    projection.mean_ = file.array("projection.mean", ("in of projection",))
    projection.module_ = _residual(file, "projection")
    projection.stress_ = file.fact("stress", float)
    if backbone is None:
        from ...models import mobilefacenet

        backbone, card = mobilefacenet(), load_card(file.fact("backbone", str))  # its weights are in the file
    student = ImageStudent(backbone, projection, card, device=device, **_settings(file, "settings", _SETTINGS))
    student.log_ = file.fact("log", list)
    student.module_.start(_residual(file, "student"))
    wanted = {name: value.cpu().numpy() for name, value in student._backbone.state_dict().items()}
    state = {name: torch.from_numpy(array) for name, array in file.like(wanted, "backbone.").items()}
    student._backbone.load_state_dict(state)
    return student


def _settings(file: Artefact, name: str, kinds: dict[str, Any]) -> dict[str, Any]:
    settings = file.inner(name)
    return {key: settings.fact(key, kind) for key, kind in kinds.items()}


def _residual(file: Artefact, name: str) -> ResidualModule:
    shapes = {"A": ("in", "hidden"), "a": ("hidden",), "W": ("hidden", "out"), "V": ("hidden", "out"), "b": ("out",)}
    named = {key: tuple(f"{axis} of {name}" for axis in shape) for key, shape in shapes.items()}
    return ResidualModule(*(file.array(f"{name}.{key}", shape) for key, shape in named.items()))
