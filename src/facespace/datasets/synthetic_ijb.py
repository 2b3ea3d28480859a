"""Made-up lists and embeddings of the size and shape of IJB-C, whose own files are licensed: for tests and benchmarks.

Counts are the published ones (Maze et al., ICB 2018; McNeely-White et al. 2021): 3,531 people with one gallery template
each, of 11,856 still images; 19,593 probe templates of 457,519 faces, stills and frames of videos; 19,557 genuine and
15,638,932 impostor pairs of a gallery and a probe template. How they are shared out is chosen: half the probes are single
stills, the others hold one to about ten media, a third of them videos of varying length.

    face = g_m (mean + person + s_m (½√2 medium + ½√2 face)),   person ~ N(0, B), medium and face ~ N(0, W)

B, W, the mean's length and what two networks have in common are measured on LFW with mobilefacenet-ms1m (and
insightface-y1) by scripts/fit_face_spread.py. That half of the spread within a person belongs to the medium, that media are
of log-normal difficulty s_m, and that the difficult ones have short vectors (g_m = 20 / s_m) is chosen, after what is known
of IJB-C and of such networks. The 128 dimensions measured are turned into as many as are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io import atomic_write
from .templates import TemplateProtocol

PEOPLE, PROBES = 3_531, 19_593
ENROLLED_FACES, PROBE_FACES = 11_856, 457_519
GENUINE, IMPOSTOR = 19_557, 15_638_932

# Variances along the 128 axes of B, at 17 places of their rank, and the rest: scripts/fit_face_spread.py.
AXES = 128
BETWEEN = (
    *(0.0167, 0.0121, 0.0101, 0.00841, 0.0071, 0.0062, 0.0054, 0.00457, 0.00402),
    *(0.00345, 0.00295, 0.00252, 0.00216, 0.00178, 0.00143, 0.000988, 8.7e-06),
)
WITHIN = (
    *(0.0034, 0.00328, 0.00353, 0.00361, 0.0031, 0.00302, 0.00282, 0.0028, 0.00251),
    *(0.00269, 0.00262, 0.00233, 0.0023, 0.00207, 0.0021, 0.00173, 1.14e-05),
)
MEAN = 0.105
SHARED_BETWEEN, SHARED_WITHIN = 0.85, 0.70  # the roots of the measured R², 0.73 and 0.49: both networks have their own part
DIFFICULTY = (0.4, 0.6)  # mean and standard deviation of log s_m: TAR 0.96 at FAR 0.01, the mean of the ten networks of 2021
_BLOCK = 16_384  # faces made at a time

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SyntheticIjb:
    """Lists in the order of the official files.

    Attributes:
        template, media: (n,) int32 of every face row, numbered from 1; the row's image is `i.jpg`, i from 1.
        person: (t,) int32 of template 1, 2, …; the first templates are the gallery.
        left, right, same: (p,) pairs of template numbers, by gallery template.
        seed: what the embeddings are drawn from.
    """

    template: Codes
    media: Codes
    person: Codes
    left: Codes
    right: Codes
    same: NDArray[np.bool_]
    seed: int

    def __len__(self) -> int:
        return len(self.template)

    def protocol(self, name: str = "ijbc-size") -> TemplateProtocol:
        """What `read_ijb` reads from the files that `write` writes."""
        templates = np.arange(1, len(self.person) + 1)
        images = np.arange(1, len(self) + 1).astype(np.str_)
        pairs = self.left - 1, self.right - 1, self.same
        return TemplateProtocol(name, images, self.template - 1, self.media - 1, templates.astype(np.str_), *pairs)

    def embed(self, network: int = 0, dim: int = 512) -> NDArray[np.float32]:
        """(n, dim) float32: the faces as `network` (0, 1, …) sees them. All networks see the same people and images."""
        out = np.empty((len(self), dim), dtype=np.float32)
        start = 0
        for block in self.embed_blocks(network, dim):
            out[start : start + len(block)] = block
            start += len(block)
        return out

    def embed_blocks(self, network: int = 0, dim: int = 512) -> Iterator[NDArray[np.float32]]:
        """The rows of `embed` in blocks, so that they need not fit in memory."""
        between, within = (np.sqrt(_spectrum(curve)).astype(np.float32) for curve in (BETWEEN, WITHIN))
        keys = [self.seed, 1, network]
        own = np.random.default_rng([*keys, 0])
        frame = np.linalg.qr(own.standard_normal((max(dim, AXES), min(dim, AXES))))[0].astype(np.float32)
        frame = np.ascontiguousarray(frame.T if dim >= AXES else frame)  # (AXES, dim) in either case
        mean = own.standard_normal(AXES, dtype=np.float32)
        mean *= MEAN / np.linalg.norm(mean)
        everyone, media = int(self.person.max()) + 1, int(self.media.max())
        people = self._mixed([0], network, everyone, SHARED_BETWEEN) * between + mean
        medium = self._mixed([1], network, media, SHARED_WITHIN)
        difficulty = np.exp(np.random.default_rng([self.seed, 2]).normal(*DIFFICULTY, media)).astype(np.float32)
        for number, start in enumerate(range(0, len(self), _BLOCK)):
            rows = slice(start, min(start + _BLOCK, len(self)))
            of = self.media[rows] - 1
            x = self._mixed([3, number], network, len(of), SHARED_WITHIN)
            x += medium[of]
            x *= within * np.float32(np.sqrt(0.5))
            hard = difficulty[of][:, None]
            x *= hard
            x += people[self.person[self.template[rows] - 1]]
            x *= 20 / hard
            yield x @ frame

    def write(self, folder: str | Path, name: str = "ijbc") -> list[Path]:
        """`NAME_face_tid_mid.txt`, `NAME_template_pair_label.txt` and `NAME_name_5pts_score.txt` in `folder`."""
        folder = Path(folder)
        images = np.char.add(np.arange(1, len(self) + 1).astype(np.str_), ".jpg")
        points = np.tile(np.array([38.3, 51.7, 73.5, 51.5, 56.0, 71.7, 41.5, 92.4, 70.7, 92.2]), (len(self), 1))
        scores = np.random.default_rng([self.seed, 4]).uniform(0.7, 1.0, len(self)).round(6)
        return [
            _write(folder / f"{name}_face_tid_mid.txt", [images, self.template, self.media]),
            _write(folder / f"{name}_template_pair_label.txt", [self.left, self.right, self.same.astype(np.int32)]),
            _write(folder / f"{name}_name_5pts_score.txt", [images, *points.T, scores]),
        ]

    def _mixed(self, key: list[int], network: int, n: int, share: float) -> NDArray[np.float32]:
        """(n, AXES) standard normal numbers, of whose variance `share` is common to all networks."""
        common = _normal([self.seed, 5, *key], n)
        own = _normal([self.seed, 6, network, *key], n)
        common *= np.float32(np.sqrt(share))
        own *= np.float32(np.sqrt(1 - share))
        common += own
        return common


def synthetic_ijb(scale: float = 1.0, seed: int = 0) -> SyntheticIjb:
    """Lists of the size of IJB-C; with `scale` times the people, templates and faces, and scale² times the impostor pairs.

    >>> small = synthetic_ijb(0.01)
    >>> len(small), len(small.person), len(small.left), int(small.same.sum())
    (4694, 231, 1760, 196)
    """
    if not 0.002 <= scale <= 10:
        raise InputError(f"scale {scale:g} is not between 0.002 and 10", "1 is IJB-C's own size.")
    people, probes = round(PEOPLE * scale), round(PROBES * scale)
    rng = np.random.default_rng([seed, 0])
    owner = np.concatenate([np.arange(people), rng.integers(0, people, probes - people)])
    rng.shuffle(owner)
    person = np.concatenate([np.arange(people), owner]).astype(np.int32)
    gallery = np.ones(people, dtype=np.int64) + rng.multinomial(
        round(ENROLLED_FACES * scale) - people, np.full(people, 1 / people)
    )
    sizes, owners = _probe_media(rng, probes, round(PROBE_FACES * scale))
    # Every enrolled image is a medium of its own.
    lengths = np.concatenate([np.ones(int(gallery.sum()), dtype=np.int64), sizes])
    template_of_media = np.concatenate([np.repeat(np.arange(people), gallery), people + owners])
    media = np.repeat(np.arange(1, len(lengths) + 1), lengths).astype(np.int32)
    template = np.repeat(template_of_media + 1, lengths).astype(np.int32)

    genuine = np.sort(rng.permutation(probes)[: min(round(GENUINE * scale), probes)])
    quota = np.full(people, round(IMPOSTOR * scale**2) // people)
    quota[: round(IMPOSTOR * scale**2) % people] += 1
    by_person = np.argsort(owner[genuine], kind="stable")
    ends = np.searchsorted(owner[genuine][by_person], np.arange(people + 1))
    left, right, same = [], [], []
    for p in range(people):
        own = genuine[by_person[ends[p] : ends[p + 1]]]
        others = np.flatnonzero(owner != p)
        picked = others[np.sort(rng.choice(len(others), min(int(quota[p]), len(others)), replace=False, shuffle=False))]
        right.append(np.concatenate([own, picked]))
        left.append(np.full(len(own) + len(picked), p))
        same.append(np.arange(len(own) + len(picked)) < len(own))
    one, two = np.concatenate(left) + 1, np.concatenate(right) + people + 1
    return SyntheticIjb(template, media, person, one.astype(np.int32), two.astype(np.int32), np.concatenate(same), seed)


def _probe_media(rng: np.random.Generator, probes: int, faces: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(m,) faces of each medium in the probes, and (m,) which probe it is in, in the order of the probes."""
    count = np.where(rng.random(probes) < 0.5, 1, rng.geometric(0.3, probes))
    owners = np.repeat(np.arange(probes), count)
    video = (rng.random(len(owners)) < 0.35) & (count[owners] > 1)
    weight = np.where(video, rng.lognormal(0.0, 0.8, len(owners)), 0.0)
    spare = max(faces - len(owners), 0)
    sizes = 1 + rng.multinomial(spare, weight / weight.sum())
    return sizes.astype(np.int64), owners.astype(np.int64)


def _spectrum(curve: tuple[float, ...]) -> NDArray[np.float64]:
    return np.interp(np.linspace(0, len(curve) - 1, AXES), np.arange(len(curve)), curve)


def _normal(key: list[int], n: int) -> NDArray[np.float32]:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key))).standard_normal((n, AXES), dtype=np.float32)


def _write(path: Path, columns: list[NDArray[Any]]) -> Path:
    import pyarrow as pa
    from pyarrow import csv

    table = pa.table({str(i): pa.array(column) for i, column in enumerate(columns)})
    options = csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
    with atomic_write(path) as temporary:
        csv.write_csv(table, temporary, options)
    return path
