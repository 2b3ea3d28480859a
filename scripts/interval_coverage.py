"""Coverage of the 95 % intervals over people, by simulation: the table behind metrics/intervals.py and curve_limits.py.

    python scripts/interval_coverage.py [--trials 1000] [--world middling|good|shared]

Two correlated systems see the same people. A person has a centre in a space of few dimensions and a spread of his own; a
template is the centre with noise, of unit length, and a score is the cosine of two templates. So genuine scores of a
person go together (centre, spread), and so do impostor scores (people in crowded places of the space have many near
ones). The truth is measured once on 20 × 20,000 other people. Designs: all pairs of 100 or 300 people's templates, and
LFW-like lists, in which pairs of random images are few per person. A trial draws new people; counted is how often the
interval holds the truth.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

from facespace.metrics import compare_scores, subject_intervals

FARS = (1e-1, 1e-2, 1e-3)


@dataclass(frozen=True)
class World:
    """How templates scatter: dimensions, spread about the centre (median, log-normal sd), correlation of the systems."""

    dim: int
    spread: float
    vary: float
    rho: float

    def templates(self, rng, people, each):
        """Two systems' templates, (people × each, dim) float32 of unit length."""
        spread = self.spread * np.exp(self.vary * rng.normal(size=people))[:, None, None]
        centre, noise = rng.normal(size=(people, 1, self.dim)), rng.normal(size=(people, each, self.dim))
        other = np.sqrt(1 - self.rho**2)
        centre2 = self.rho * centre + other * rng.normal(size=centre.shape)
        noise2 = self.rho * noise + other * rng.normal(size=noise.shape)
        both = (centre + spread * noise, centre2 + spread * noise2)
        return [(x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32).reshape(-1, self.dim) for x in both]


WORLDS = {"middling": World(12, 0.55, 0.3, 0.8), "good": World(24, 0.4, 0.35, 0.8), "shared": World(8, 0.35, 0.5, 0.9)}
# name: (people, templates of each, pairs of each kind; None is all pairs)
DESIGNS = {
    "all pairs, 100 people": (100, 4, None),
    "all pairs, 300 people": (300, 3, None),
    "list, 3000 + 3000, 400 people": (400, 4, 3000),
    "list, 600 + 600, 500 people": (500, 3, 600),
    "list, 1500 + 1500, 150 people": (150, 6, 1500),
}


@dataclass(frozen=True)
class Truth:
    """TAR of both systems at each FAR; of the first the threshold of the best accuracy (both kinds half), that, AUC, EER."""

    tar: np.ndarray
    cut: float
    accuracy: float
    auc: float
    eer: float


def truth(world: World, *, people=20_000, repeats=20, seed=99) -> Truth:
    rng = np.random.default_rng(seed)
    genuine, impostor = ([], []), ([], [])
    for _ in range(repeats):
        for m, x in enumerate(world.templates(rng, people, 4)):
            faces = x.reshape(people, 4, -1)
            genuine[m].append(np.concatenate([np.vecdot(faces[:, i], faces[:, j]) for i in range(4) for j in range(i)]))
            impostor[m].append(
                np.concatenate([np.vecdot(faces[:, 0], np.roll(faces[:, 0], 37 * k, 0)) for k in range(1, 40)])
            )
    tar = np.empty((2, len(FARS)))
    for m in (0, 1):
        g, down = np.concatenate(genuine[m]), np.sort(np.concatenate(impostor[m]))[::-1]
        tar[m] = [np.mean(g >= down[int(far * len(down))]) for far in FARS]
    g, down = np.concatenate(genuine[0]), np.concatenate(impostor[0])
    cuts = np.linspace(0, 0.9, 91)
    accuracy = [(np.mean(g >= c) + np.mean(down < c)) / 2 for c in cuts]
    best = int(np.argmax(accuracy))
    ascending = np.sort(down)
    auc = np.mean(np.searchsorted(ascending, g)) / len(ascending)
    ascending_g, low, high = np.sort(g), -1.0, 1.0
    for _ in range(40):  # where as many of the impostors lie above as of the genuine ones below
        cut = (low + high) / 2
        below, above = np.searchsorted(ascending_g, cut) / len(g), 1 - np.searchsorted(ascending, cut) / len(ascending)
        low, high = (cut, high) if above > below else (low, cut)
    return Truth(tar, float(cuts[best]), float(accuracy[best]), float(auc), float((above + below) / 2))


def design(rng, people, each, pairs):
    """Rows left and right of every pair, and the persons of these."""
    if pairs is None:
        i, j = np.triu_indices(people * each, 1)
    else:
        person, image = rng.integers(0, people, pairs), rng.integers(0, each, pairs)
        other = (image + rng.integers(1, each, pairs)) % each
        one, two = rng.integers(0, people, pairs), rng.integers(0, people - 1, pairs)
        two = two + (two >= one)
        i = np.concatenate([person * each + image, one * each + rng.integers(0, each, pairs)])
        j = np.concatenate([person * each + other, two * each + rng.integers(0, each, pairs)])
    return i, j, i // each, j // each


def coverage(world: World, known: Truth, shape, trials, *, seed=0, fars=FARS):
    """Shares of trials in which the truth is held: `(tar, accuracy, difference, curve)`.

    `tar` and `difference` are (fars,), `curve` (2,) of AUC and EER.
    """
    tar, accuracy, difference, curve = np.zeros(len(fars)), 0.0, np.zeros(len(fars)), np.zeros(2)
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial])
        i, j, left, right = design(rng, *shape)
        same = left == right
        a, b = (np.vecdot(x[i], x[j]) for x in world.templates(rng, *shape[:2]))
        correct = (a >= known.cut) == same
        # Both kinds of pairs weigh the same in the truth, so each is judged by itself and the accuracy on lists only.
        found = subject_intervals(a, same, correct, (left, right), fars)
        compared = compare_scores(a, b, same, (left, right), fars)
        for n in range(len(fars)):
            low, high = found.tar[n]
            tar[n] += low <= known.tar[0, n] <= high
            row = compared.tar[n]
            difference[n] += row.low <= known.tar[1, n] - known.tar[0, n] <= row.high
        low, high = found.accuracy
        accuracy += low <= known.accuracy <= high
        limits = found.curve
        curve += [limits.auc_low <= known.auc <= limits.auc_high, limits.eer_low <= known.eer <= limits.eer_high]
    return tar / trials, accuracy / trials if shape[2] else None, difference / trials, curve / trials


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--world", choices=WORLDS, action="append")
    options = parser.parse_args()
    for name in options.world or WORLDS:
        known = truth(WORLDS[name])
        print(f"{name}: true TAR {np.array2string(known.tar[0], precision=4)}, accuracy {known.accuracy:.4f}", end=", ")
        print(f"AUC {known.auc:.5f}, EER {known.eer:.4f}")
        head = [f"TAR@{far:g}" for far in FARS] + ["accuracy", "AUC", "EER"] + [f"diff@{far:g}" for far in FARS]
        print(" " * 32 + "".join(f"{text:>11}" for text in head), flush=True)
        for label, shape in DESIGNS.items():
            start = time.perf_counter()
            tar, accuracy, difference, curve = coverage(WORLDS[name], known, shape, options.trials)
            expected = (shape[2] or shape[0] * (shape[0] - 1) // 2 * shape[1] ** 2) * np.array(FARS)
            few = ["!" if count < 10 else " " for count in expected]
            cells = [f"{100 * c:9.1f}{mark} " for c, mark in zip(tar, few, strict=True)]
            cells.append(f"{100 * accuracy:9.1f}  " if accuracy is not None else " " * 11)
            cells += [f"{100 * c:9.1f}  " for c in curve]
            cells += [f"{100 * c:9.1f}{mark} " for c, mark in zip(difference, few, strict=True)]
            print(f"{label:32}" + "".join(cells) + f" {time.perf_counter() - start:6.0f} s", flush=True)
    print(
        "Percent of trials that hold the truth, of 95 %. !: fewer than 10 false accepts expected, which facespace warns of."
    )


if __name__ == "__main__":
    main()
