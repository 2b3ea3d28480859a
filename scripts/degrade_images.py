"""Make three worse copies of LFW's images: blurred, shrunk and turned, for `map_losses.py` and `map_coverage.py`.

    python scripts/degrade_images.py IMAGES LANDMARKS.csv PAIRS.txt OUT [--folds 1-5]
    facespace embed OUT/blurred --model NETWORK --landmarks OUT/blurred.csv -o OUT/blurred-NETWORK.parquet

IMAGES is LFW cut to 176 × 176 pixels, LANDMARKS.csv its five landmarks a face, PAIRS.txt the ten folds; only images of the
pairs of --folds are written, as PNG under their own ids. blurred: a Gaussian of σ = 2.5 pixels. shrunk: to a third and back.
turned: by 25° in the plane about the image's middle, landmarks too, so that aligning undoes it, but for one more
interpolation and black where nothing was.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from facespace.datasets import read_lfw_pairs

SIGMA, SHRINK, TURN = 2.5, 3, 25.0
KINDS = ("blurred", "shrunk", "turned")


def degraded(picture: Image.Image, kind: str) -> Image.Image:
    """The picture made worse."""
    if kind == "blurred":
        return Image.fromarray(gaussian_filter(np.asarray(picture), (SIGMA, SIGMA, 0), mode="nearest"))
    if kind == "shrunk":
        small = picture.resize([round(side / SHRINK) for side in picture.size], Image.Resampling.BICUBIC)
        return small.resize(picture.size, Image.Resampling.BICUBIC)
    return picture.rotate(TURN, Image.Resampling.BICUBIC)


def turned(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(5, 2) landmarks where `degraded` puts them: counter-clockwise as one looks at it, y pointing down."""
    angle = np.deg2rad(TURN)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.array(size) / 2
    return (points - middle) @ matrix.T + middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("landmarks", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--folds", default="1-5")
    given = parser.parse_args()
    first, last = (int(number) for number in given.folds.split("-"))
    protocol = read_lfw_pairs(given.pairs)
    assert protocol.fold is not None
    wanted = set(protocol.take((protocol.fold >= first - 1) & (protocol.fold < last)).ids.tolist())
    with given.landmarks.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    rows = [row for row in rows if row[0] in wanted]
    for kind in KINDS:
        moved = []
        for name, *numbers in rows:
            picture = Image.open(given.images / f"{name}.jpg").convert("RGB")
            path = given.out / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            degraded(picture, kind).save(path, compress_level=1)
            points = np.array(numbers, dtype=float).reshape(5, 2)
            if kind == "turned":
                points = turned(points, picture.size)
            moved.append([name, *(f"{number:.2f}" for number in points.ravel())])
        with (given.out / f"{kind}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *moved])
        print(f"{kind}: {len(moved):,} images", flush=True)


if __name__ == "__main__":
    main()
