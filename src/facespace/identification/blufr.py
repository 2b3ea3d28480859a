"""The BLUFR protocol: verification at FAR 0.1 % and open-set identification at rank 1 with FAR 1 %, over random splits.

In every split all pairs of its test images (about 47 million) are verified; and the probes are looked up in a gallery of
1,000 people. DIR, the detection and identification rate, is the share of the mated probes whose mate is the best match
and scores at or above a threshold that a share FAR of the probes without a mate reaches (1 − FNIR at FPIR = FAR).
As the published code, thresholds let pass the rounded number of false accepts, not at most that number, and results are
quoted as mean − standard deviation over the splits (divisor n − 1).
Source: Liao, Lei, Yi, Li, A benchmark study of large-scale unconstrained face recognition, IJCB 2014.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets import BlufrProtocol
from ..embeddings import EmbeddingSet, Floats, check_vectors, normalize
from ..errors import InputError
from ..gallery import search
from ..given import BLUFR, FACES, MAP, MapFile, SetLike, as_map, as_set, takes
from ..results import signature
from ..shown import Result
from ..verification import PairMap, check_target, compared_about

_BLOCK = 1024  # test images scored against all others at a time


@dataclass(frozen=True)
class BlufrSplitResult:
    """One split; `vr` and `dir` are rates between 0 and 1, the thresholds those of these."""

    vr: float
    vr_threshold: float
    dir: float
    dir_threshold: float
    genuine: int
    impostor: int
    mated: int
    nonmated: int


@dataclass(frozen=True)
class BlufrRate:
    """Mean and standard deviation (divisor n − 1) over the splits, and what the protocol quotes, `mean − sd`.

    The splits share people, so `sd` says how splits differ, and is no standard error.
    """

    mean: float
    sd: float

    @property
    def quoted(self) -> float:
        """The (μ − σ) figure of published tables."""
        return self.mean - self.sd


@dataclass(frozen=True, repr=False)
class BlufrResult(Result):
    """Verification rate at FAR `far`, and detection and identification rate at rank 1 and FAR `fpir`."""

    reported_by: ClassVar[str] = "identification.blufr_report"

    vr: BlufrRate
    dir: BlufrRate
    far: float
    fpir: float
    splits: tuple[BlufrSplitResult, ...]
    signature: str

    def brief(self) -> str:
        """The headline and its counts in a line."""
        rates = (
            f"VR {100 * self.vr.quoted:.2f} % at FAR {self.far:g}, DIR {100 * self.dir.quoted:.2f} % at FAR {self.fpir:g}"
        )
        return f"{rates} (means less one deviation over {len(self.splits)} splits)"

    def to_dict(self) -> dict[str, Any]:
        """The `blufr` document: rates between 0 and 1."""
        return {
            "signature": self.signature,
            "vr": {"far": self.far, "mean": self.vr.mean, "sd": self.vr.sd, "quoted": self.vr.quoted},
            "dir": {"fpir": self.fpir, "rank": 1, "mean": self.dir.mean, "sd": self.dir.sd, "quoted": self.dir.quoted},
            "splits": [asdict(split) for split in self.splits],
        }


@takes(a=FACES, b=FACES, protocol=BLUFR, map=MAP)
def verify_blufr(
    a: SetLike,
    b: SetLike | None = None,
    *,
    protocol: BlufrProtocol,
    map: PairMap | MapFile | None = None,
    far: float = 1e-3,
    fpir: float = 1e-2,
    progress: Callable[[int, int], None] | None = None,
) -> BlufrResult:
    """Run BLUFR on the embeddings of all its images, taken as they are: nothing is fitted on the training images.

    With `b` (and a `map` from a's space to b's), `a` is on the probes' side: every ordered pair of test images is verified,
    a's embedding of one with b's of the other, and the gallery is b's. A map must not have been fitted on the test people.

    Raises:
        InputError: images without embedding, a map without `b`, a rate outside 0 … 1.
        DimensionError: the widths don't match.
    """
    a, b, map = as_set(a), as_set(b), as_map(map)
    check_target(map, b)
    for rate in (far, fpir):
        if not 0 < rate < 1:
            raise InputError(f"a false accept rate of BLUFR is between 0 and 1, not {rate:g}")
    x = _vectors(a, protocol, None if map is None else map.probe)
    y = x if b is None else _vectors(b, protocol, None if map is None else map.reference)
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"vectors of width {x.shape[1]} can't be compared with vectors of width {y.shape[1]}", "Give a map."
        )
    splits = []
    for number, split in enumerate(protocol.splits):
        person = protocol.person
        genuine, tail, impostor = _all_pairs(x[split.test], None if b is None else y[split.test], person[split.test], far)
        found = search(x[split.probes], person[split.probes], y[split.gallery], person[split.gallery])
        named, nonmated = found.mate[found.mated & (found.rank == 1)], np.sort(found.other[~found.mated])[::-1]
        mated = int(found.mated.sum())
        threshold, least = tail[_rounded(far * impostor) - 1], nonmated[_rounded(fpir * len(nonmated)) - 1]
        splits.append(
            BlufrSplitResult(
                vr=float(np.mean(genuine >= threshold)),
                vr_threshold=float(threshold),
                dir=float(np.count_nonzero(named >= least)) / mated,
                dir_threshold=float(least),
                genuine=len(genuine),
                impostor=impostor,
                mated=mated,
                nonmated=len(nonmated),
            )
        )
        if progress is not None:
            progress(number + 1, len(protocol.splits))
    line = signature(
        protocol.name,
        model=a.model or None,
        target=None if b is None else b.model or None,
        map=None if map is None else getattr(map, "method", type(map).__name__),
        splits=len(splits),
        excluded=protocol.excluded or None,
        far=f"{far:g}",
        fpir=f"{fpir:g}",
        about=compared_about(map, a, b),
        threshold="rounded",
    )
    return BlufrResult(_rate([s.vr for s in splits]), _rate([s.dir for s in splits]), far, fpir, tuple(splits), line)


def _vectors(faces: EmbeddingSet, protocol: BlufrProtocol, side: Callable[[Floats], NDArray[Any]] | None) -> Floats:
    """Unit vectors of the protocol's images, in its order."""
    rows = faces.rows(protocol.ids)
    vectors = faces.vectors[rows] if side is None else np.asarray(side(faces.vectors[rows]))
    check_vectors(vectors, protocol.ids)
    return normalize(vectors)


def _all_pairs(x: Floats, y: Floats | None, person: NDArray[np.int64], far: float) -> tuple[Floats, Floats, int]:
    """Genuine scores, the impostor scores from the greatest down to the threshold's, and how many of these there are.

    Pairs i < j of the rows of `x`; with `y`, of x_i and y_j for all i ≠ j.
    """
    n = len(x)
    ordered = y is not None
    same = int((np.unique(person, return_counts=True)[1].astype(np.int64) ** 2).sum()) - n
    impostor = (n * (n - 1) - same) // (1 if ordered else 2)
    keep = _rounded(far * impostor)
    genuine: list[Floats] = []
    tail, least = np.empty(0, dtype=np.float32), -np.inf
    for start in range(0, n, _BLOCK):
        first = 0 if ordered else start
        rows = slice(start, min(start + _BLOCK, n))
        scores = x[rows] @ (x if y is None else y)[first:].T
        mine = np.arange(start, rows.stop) - first
        if ordered:
            scores[np.arange(len(mine)), mine] = -np.inf
        else:
            scores[:, : len(mine)][np.tri(len(mine), dtype=np.bool_)] = -np.inf
        together = (person[rows, None] == person[first:]) & (scores > -np.inf)
        genuine.append(scores[together])
        scores[together] = -np.inf
        tail = np.concatenate([tail, scores[scores > least]])
        if len(tail) > 2 * keep:
            tail = np.partition(tail, len(tail) - keep)[len(tail) - keep :]
            least = tail.min()
    return np.concatenate(genuine), np.sort(tail)[::-1][:keep], impostor


def _rounded(count: float) -> int:
    """At least one, so that there is a threshold to take."""
    return max(math.floor(count + 0.5), 1)


def _rate(values: list[float]) -> BlufrRate:
    return BlufrRate(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0)
