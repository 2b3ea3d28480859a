"""Faces of 60 to 240 pixels in photos of 12 megapixels: how many are found, how well they are cropped, and how fast.

    FACESPACE_SHARED=../shared python benchmarks/large_photos.py [--photos 200] [--detector yunet] [--turned]

Pictures of LFW, scaled so that the face has so many pixels, are pasted into canvases of 4000 × 3000 pixels of smooth noise.
A face counts as found if the chosen landmarks are on average within a quarter of the eyes' distance of those in the small
picture itself. The cosine is that of the embeddings of the photo's crop and of the small picture's own. Beside
`look_for_faces` stands `find_faces`: one look at the shrunk picture, and tiles where that finds nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np

from facespace.images import FaceSearch, align, find_faces, look_for_faces, make_detector, rank_faces, read_image
from facespace.models import find_weights, load_card, load_network
from facespace.models.weights import DETECTOR_FILES, locate

SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
WIDTH, HEIGHT = 4000, 3000
SIDES = (60, 100, 160, 240)


def canvas(rng: np.random.Generator) -> np.ndarray:
    """Smooth noise at two scales, and some of every pixel's own."""
    coarse, middle = (rng.uniform(40, 215, (rows, cols, 3)).astype(np.float32) for rows, cols in ((4, 5), (30, 40)))
    picture = sum(
        weight * cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        for weight, part in ((0.7, coarse), (0.3, middle))
    )
    grain = rng.normal(0, 4, (HEIGHT // 4, WIDTH // 4, 1)).astype(np.float32)
    return np.clip(picture + cv2.resize(grain, (WIDTH, HEIGHT))[..., None], 0, 255).astype(np.uint8)


def paste(photo: np.ndarray, small: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Put the picture somewhere, its border fading over a twelfth of it; where its left upper corner is."""
    height, width = small.shape[:2]
    left, top = int(rng.integers(0, WIDTH - width)), int(rng.integers(0, HEIGHT - height))
    fade = [np.clip(np.minimum(np.arange(n) + 1, n - np.arange(n)) / (n / 12), 0, 1) for n in (height, width)]
    alpha = np.minimum.outer(*fade)[..., None]
    place = photo[top : top + height, left : left + width]
    place[:] = (alpha * small + (1 - alpha) * place).round()
    return left, top


def chosen(faces, image: np.ndarray, sure: float) -> np.ndarray | None:
    return faces.landmarks[rank_faces(faces, image.shape, "best", sure)[0]] if len(faces) else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--model", default="openvino-0095")
    parser.add_argument("--small", action="store_true", help="Also with min_face=40, which looks for small faces always.")
    parser.add_argument("--turned", action="store_true", help="Every photo lies on a side or upside down.")
    options = parser.parse_args()
    weights = locate(DETECTOR_FILES[options.detector], SHARED / "models")
    assert weights is not None
    detector = make_detector(options.detector, weights)
    card = load_card(options.model)
    network = load_network(card, paths=find_weights(card, SHARED / "models"))
    files = sorted((SHARED / "data/lfw").glob("*/*_0001.jpg"))
    rng = np.random.default_rng(0)
    ways = {
        "one look, tiles where it finds nothing": lambda image: find_faces(detector, image),
        "look_for_faces": lambda image: look_for_faces(detector, image).faces,
    }
    if options.small:
        ways["look_for_faces, min_face=40"] = lambda image: look_for_faces(detector, image, FaceSearch(min_face=40)).faces
    print(f"{options.photos} photos of {WIDTH} × {HEIGHT}, {options.detector}, {card.name}{', turned' * options.turned}")
    canvases = [canvas(rng) for _ in range(5)]
    table = {(way, side): ([], [], []) for way in ways for side in SIDES}
    for number, file in enumerate(rng.permutation(files)[: options.photos]):
        side = SIDES[number % len(SIDES)]
        person = read_image(file)
        box = look_for_faces(detector, person).faces.boxes[0]
        scale = side / max(box[2:] - box[:2])
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = cv2.resize(person, None, fx=scale, fy=scale, interpolation=method)
        own = chosen(look_for_faces(detector, small).faces, small, detector.sure)
        if own is None:
            print(f"{file.stem}: not found even by itself at {side} pixels")
            continue
        target = network(align(small, own, card.template)[None])[0]
        photo = canvases[number % len(canvases)].copy()
        corner = np.array(paste(photo, small, rng))
        turns = 1 + number // len(SIDES) % 3 if options.turned else 0
        seen = np.ascontiguousarray(np.rot90(photo, turns))
        for way, find in ways.items():
            hits, cosines, seconds = table[way, side]
            start = time.process_time()
            points = chosen(find(seen), seen, detector.sure)
            seconds.append(time.process_time() - start)
            wanted = own + corner
            for turn in range(turns):
                width = (WIDTH, HEIGHT)[turn % 2]
                wanted = np.stack([wanted[:, 1], width - 1 - wanted[:, 0]], axis=-1)
            near = (
                points is not None and np.linalg.norm(points - wanted, axis=1).mean() < np.linalg.norm(own[1] - own[0]) / 4
            )
            hits.append(near)
            if near:
                vector = network(align(seen, points, card.template)[None])[0]
                cosines.append(float(vector @ target / np.linalg.norm(vector) / np.linalg.norm(target)))
        if number % 40 == 39 or number + 1 == options.photos:
            show(number + 1, table)


def show(photos: int, table: dict) -> None:
    """The table so far."""
    print(f"\n{photos} photos")
    print(f"{'way':40} {'face':>5} {'found':>7} {'cosine: median':>14} {'5 %':>6} {'≥ 0.97':>7} {'s a photo':>9}")
    for (way, side), (hits, cosines, seconds) in table.items():
        c = np.array(cosines or [np.nan])
        print(
            f"{way:40} {side:5} {sum(hits):3}/{len(hits):3} {np.median(c):14.3f} {np.quantile(c, 0.05):6.3f} "
            f"{np.mean(c >= 0.97):7.2f} {np.mean(seconds):9.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
