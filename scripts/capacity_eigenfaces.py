"""Eigenfaces of aligned images as an embedding set, to put a capacity beside those of networks.

    python scripts/capacity_eigenfaces.py IMAGES LANDMARKS SET [--dim 128] [--pixels 56]

Images are aligned as for ArcFace by the landmarks file, made grey, and shrunk by averaging.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from facespace.capacity import eigenfaces
from facespace.images import ARCFACE, align, read_image, read_landmarks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("landmarks", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--pixels", type=int, default=56)
    options = parser.parse_args()
    points = read_landmarks(options.landmarks)
    ids = sorted(points)
    crops = np.empty((len(ids), options.pixels, options.pixels), dtype=np.float32)
    for crop, name in zip(crops, ids, strict=True):
        face = align(read_image(options.images / f"{name}.jpg"), points[name], ARCFACE)
        crop[:] = cv2.resize(face.mean(axis=2), crop.shape, interpolation=cv2.INTER_AREA)
    made = eigenfaces(crops, ids, dim=options.dim, subject=[name.rpartition("/")[0] for name in ids])
    print(made, made.save(options.set))


if __name__ == "__main__":
    main()
