"""Does a network do here what its card says? The pairs' images embedded, the accuracy measured, the two compared.

A wrong template, colour order or scale of pixels seldom breaks a network: it costs a few points of accuracy, which only a
measurement shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datasets import PairProtocol, read_pairs
from ..embeddings import EmbeddingSet
from ..errors import InputError, ModelError, shorten
from ..images import find_images
from ..models import ModelCard, embed, load_card
from ..results import fields
from ..shown import Result
from ..verification import VerificationResult, verify

_STATED_ON = "lfw-10fold"  # what the reader of LFW's pairs.txt calls it
STANDARD_ERRORS = 2.0  # below the stated accuracy by more than so many: the check fails


@dataclass(frozen=True, eq=False, repr=False)
class ModelCheck(Result):
    """What a card states, and what was measured.

    Attributes:
        model: the card's name.
        stated: the accuracy that the card states, a share. stated_by: "facespace", which measured it, or "authors".
        verification: of the pairs, by this machine's embeddings.
        standard_error: of the measured accuracy, see `standard_error`.
        images: how many images the pairs name; embedded: how many of them gave an embedding.
        images_per_second: of the embedding. warnings: what a reader must know.
    """

    model: str
    stated: float
    stated_by: str
    verification: VerificationResult
    standard_error: float
    images: int
    embedded: int
    images_per_second: float
    warnings: tuple[str, ...]

    @property
    def measured(self) -> float:
        """The accuracy over the folds, a share."""
        assert self.verification.accuracy is not None
        return self.verification.accuracy.mean

    @property
    def shortfall(self) -> float:
        """How much less was measured than is stated, a share; negative where it is more."""
        return self.stated - self.measured

    @property
    def passed(self) -> bool:
        """Is the measured accuracy no more than `STANDARD_ERRORS` standard errors below the stated one?"""
        return self.shortfall <= STANDARD_ERRORS * self.standard_error

    def brief(self) -> str:
        """The headline and its counts in a line."""
        low, high = self.verification.accuracy_low, self.verification.accuracy_high
        between = "" if low is None or high is None else f" [{100 * low:.2f}, {100 * high:.2f}]"
        return (
            f"{self.model}: accuracy {100 * self.measured:.2f} %{between}, stated {100 * self.stated:.2f} % by "
            f"{self.stated_by}, {'passed' if self.passed else 'failed'}, {self.verification.pairs:,} pairs"
        )

    def to_dict(self) -> dict[str, Any]:
        """The `models check` document."""
        accuracy = self.verification.accuracy
        assert accuracy is not None
        return {
            **fields(self.verification, "signature"),
            **fields(self, "model", "stated", "stated_by", "measured"),
            **fields(accuracy, "sd", "folds"),
            "low": self.verification.accuracy_low,
            "high": self.verification.accuracy_high,
            **fields(self, "standard_error", "shortfall", "passed"),
            **fields(self.verification, "pairs", "skipped"),
            **fields(self, "images", "embedded", "warnings"),
            "images_per_second": round(self.images_per_second, 2),
        }


def check_model(
    model: str | Path | ModelCard,
    pairs: PairProtocol | str | Path,
    images: str | Path,
    *,
    landmarks: str | Path | None = None,
    aligned: bool = False,
    detector: str = "auto",
    weights: str | Path | None = None,
    workers: int | None = None,
    allow_missing: bool = False,
    progress: Callable[[int, int], None] | None = None,
    download_progress: Callable[[str, int, int], None] | None = None,
) -> ModelCheck:
    """Measure a card against the accuracy that it states: `lfw.accuracy`, or `lfw.stated` where nobody has measured it.

    Args:
        model, landmarks, aligned, detector, weights, workers, progress, download_progress: as of `models.embed`.
        pairs: list of pairs, or its file; LFW's pairs.txt is what cards state their accuracy on.
        images: folder of the images that the pairs name; others in it are left alone.
        allow_missing: leave out pairs whose images are not there or show no face, and say how many.

    Raises ModelError for a card that states no accuracy, InputError where images of the pairs are not in the folder or the
    pairs are too few for an accuracy, and as `embed` and `verify` do.
    """
    card = model if isinstance(model, ModelCard) else load_card(model)
    stated = card.lfw_stated if card.lfw_accuracy is None else card.lfw_accuracy
    if stated is None:
        raise ModelError(
            f"the card of {card.name} states no accuracy to measure it against",
            "Write what is claimed into the card, as [lfw] stated = 0.995; or measure alone: facespace embed, then verify.",
        )
    protocol = pairs if isinstance(pairs, PairProtocol) else read_pairs(pairs)
    wanted = set(protocol.ids.tolist())
    files = {file.id: file.path for file in find_images(images) if file.id in wanted}
    missing = sorted(wanted - set(files))
    if not files or (missing and not allow_missing):
        raise InputError(
            f"{len(missing):,} of the {len(wanted):,} images that the pairs name are not in {images}: {shorten(missing)}",
            "Ids are paths under that folder without extension. To leave these pairs out: --allow-missing.",
        )
    made = embed(
        files,
        card,
        landmarks=landmarks,
        aligned=aligned,
        detector=detector,
        weights=weights,
        workers=workers,
        progress=progress,
        download_progress=download_progress,
    )
    faces = made.embeddings
    assert isinstance(faces, EmbeddingSet)  # nothing is written to a folder
    found = verify(faces, protocol=protocol, fars=(), allow_missing=allow_missing)  # accuracy alone
    if found.accuracy is None:
        raise InputError(f"no accuracy can be measured on these {found.pairs:,} pairs: {'; '.join(found.warnings)}")
    return ModelCheck(
        card.name,
        stated,
        "authors" if card.lfw_accuracy is None else "facespace",
        found,
        standard_error(found.accuracy.sd, len(found.accuracy.folds), stated, found.pairs),
        len(wanted),
        len(faces),
        made.images_per_second,
        (*_other_pairs(protocol), *found.warnings),
    )


def _other_pairs(protocol: PairProtocol) -> list[str]:
    if protocol.name == _STATED_ON:
        return []
    return [f"cards state their accuracy on LFW's 6,000 pairs; these are others ({protocol.name}), perhaps harder or easier"]


def standard_error(sd: float, folds: int, stated: float, pairs: int) -> float:
    """Of a mean accuracy, a share: the larger of what the folds show and what chance makes of so many pairs.

    The first is sd / √(k − 1) of `folds` k accuracies whose standard deviation `sd` has the divisor k; the second
    √(p (1 − p) / n) at the `stated` accuracy p of n `pairs`, for folds may happen to be alike, and few.

    >>> round(standard_error(0.0034, 10, 0.9942, 6000), 5)
    0.00113
    >>> round(standard_error(0.0, 10, 0.98, 400), 5)
    0.007
    """
    return max(sd / math.sqrt(folds - 1), math.sqrt(stated * (1 - stated) / pairs))
