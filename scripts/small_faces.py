"""Small faces in large photos: the cosine of a face pasted into 12 megapixels with its own small picture.

    python scripts/small_faces.py SHARED [--detector yunet] [--people 260] [--seed 2]

Of so many people of LFW, drawn by a hash of their names, one picture each is scaled to a face of 60 to 160 pixels and pasted
at a random place into a smooth noise of 4,000 × 3,000 pixels. Both pictures are searched with `look_for_faces`, with and
without the last look at one size and place, and the crops embedded by two networks. The size of that look was chosen on 149
other people, those of an even first byte of the hash.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np

from facespace.images import align, look_for_faces, make_detector, rank_faces, read_image, read_landmarks, search
from facespace.models import load_card, load_network

NETWORKS = ("edgeface-xxs", "openvino-0095")
FILES = {"yunet": "yunet.onnx", "scrfd": "scrfd-500m.onnx"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--detector", default="yunet", choices=sorted(FILES))
    parser.add_argument("--people", type=int, default=260)
    parser.add_argument("--seed", type=int, default=2)
    given = parser.parse_args()
    weights = given.shared / "models"
    detector = make_detector(given.detector, weights / FILES[given.detector])
    empty, found = background(), []
    for image, place in pictures(given.shared, given.people, given.seed):
        photo = empty.copy()
        left, top = (place * (np.array([4000, 3000]) - image.shape[1::-1])).astype(int)
        photo[top : top + image.shape[0], left : left + image.shape[1]] = image
        own, there = places(detector, image, (0, 0)), places(detector, photo, (left, top))
        if own is not None and there is not None:
            found.append((image, own, there))
    print(f"{given.detector}: {len(found)} of {given.people} faces found in both")
    for name in NETWORKS:
        network = load_network(load_card(name), weights, threads=1)
        for k, what in enumerate(("first look", "last look")):
            one, other = (
                np.concatenate([network(align(f[0], f[side][k], network.card.template)[None]) for f in found])
                for side in (1, 2)
            )
            cosine = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
            high = int((cosine >= 0.97).sum())
            low, top = interval(high, len(found))
            print(f"{name}, {what}: median {np.median(cosine):.4f}, least {cosine.min():.3f}; 0.97 or more: "
                  f"{high} of {len(found)}, {100 * high / len(found):.1f} % [{100 * low:.1f}, {100 * top:.1f}]")  # fmt: skip


def pictures(shared: Path, people: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """A picture of each person, its face 60 to 160 pixels by YuNet's box, and where it goes, in shares of the room."""
    first: dict[str, str] = {}
    for name in read_landmarks(shared / "data/protocols/lfw/landmarks-176.csv"):
        first.setdefault(name.split("/")[0], name)
    hashes = {name: hashlib.sha256(person.encode()).digest() for person, name in first.items()}
    chosen = sorted((name for name in hashes if hashes[name][0] % 2), key=lambda name: hashes[name])[:people]
    measure, rng, made = make_detector("yunet", shared / "models/yunet.onnx"), np.random.default_rng(seed), []
    for name in chosen:
        image = read_image(shared / f"data/lfw/{name}.jpg")
        faces, side, place = measure(image), rng.uniform(60, 160), rng.random(2)
        if not len(faces):
            continue
        box = faces.boxes[rank_faces(faces, image.shape)[0]]
        scale = side / (box[2:] - box[:2]).max()
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        made.append((cv2.resize(image, (round(176 * scale),) * 2, interpolation=how), place))
    return made


def background() -> np.ndarray:
    """A photo without a face: noise of all sizes."""
    rng, photo = np.random.default_rng(0), np.zeros((3000, 4000, 3), np.float32)
    for k in (4, 8, 16, 32, 64, 128, 256, 512):
        grain = rng.normal(size=(k, 4000 * k // 3000, 3)).astype(np.float32)
        photo += cv2.resize(grain, (4000, 3000), interpolation=cv2.INTER_CUBIC) * (30 / k**0.5)
    return np.clip(photo + 120 + rng.normal(size=photo.shape) * 3, 0, 255).astype(np.uint8)


def places(detector, picture: np.ndarray, corner: tuple[int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Landmarks from `corner` on of the face there, by the first look and by the last; None where it isn't found."""
    with patch.object(search, "_steady", lambda detector, image, faces: faces):
        found = look_for_faces(detector, picture)
    if found.degrees or not len(found.faces):
        return None
    inside = found.faces.landmarks.mean(1) - corner
    near = np.flatnonzero(((inside >= 0) & (inside < 340)).all(1))
    if not len(near):
        return None
    one = found.faces.take(near[:1])
    return one.landmarks[0] - corner, search._steady(detector, picture, one).landmarks[0] - corner


def interval(count: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's, of a share."""
    share, more = count / trials, z * z / trials
    middle, half = share + more / 2, np.sqrt(share * (1 - share) * more + more * more / 4)
    return (middle - half) / (1 + more), (middle + half) / (1 + more)


if __name__ == "__main__":
    main()
