"""Embed a part of LFW by each network as it should be and with one mistake each, for `mixture_table.py`.

    python scripts/embed_altered.py LFW LANDMARKS.csv OUT NETWORK … [--images 4000] [--kinds native,…]

Writes OUT/KIND-NETWORK.parquet. native: as the network's card says. swapped: BGR where it takes RGB, or the other way
around; its means and scales stay where they are. shifted: the crop lies 8 % of its height lower on the face. looser and
tighter: the face is 15 % smaller or larger in the crop. dlib takes pixels as they are, so its channels are swapped in the
picture. People are drawn by chance, with all their images, until there are that many images. 4,000 images of one network in
six kinds take from 15 seconds (mobileface-v3) to four minutes (mobilefacenet-casia) on one core.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from facespace.images import Template, find_images
from facespace.models import ModelCard, embed, load_card

KINDS = ("native", "swapped", "shifted", "looser", "tighter")
SHIFT, ZOOM = 0.08, 0.15


def altered(card: ModelCard, kind: str) -> ModelCard:
    """The card with one mistake."""
    if kind == "native":
        return card
    if kind == "swapped":
        return replace(card, input=replace(card.input, colour="BGR" if card.input.colour == "RGB" else "RGB"))
    height, width = card.template.size
    points = card.template.points
    if kind == "shifted":
        points = points - [0, SHIFT * height]
    else:
        middle = points.mean(axis=0)
        points = middle + (points - middle) * (1 - ZOOM if kind == "looser" else 1 + ZOOM)
    return replace(card, template=Template(points, (height, width), card.template.columns))


def part_of(images: Path, count: int) -> list[Path]:
    """Images of people drawn by chance."""
    files = find_images(images)
    person = np.unique([file.id.split("/")[0] for file in files], return_inverse=True)[1]
    rank = np.random.default_rng(0).permutation(person.max() + 1)[person]
    order = np.argsort(rank, kind="stable")[:count]
    return [files[row].path for row in np.sort(order)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("landmarks", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--images", dest="count", type=int, default=4000)
    parser.add_argument("--kinds", default=",".join(KINDS))
    given = parser.parse_args()
    chosen = {str(path.relative_to(given.images).with_suffix("")): path for path in part_of(given.images, given.count)}
    for name in given.networks:
        card = load_card(name)
        for kind in given.kinds.split(","):
            if kind == "swapped" and card.runtime == "dlib":
                continue
            place = given.out / f"{kind}-{name}.parquet"
            if place.exists():
                continue
            done = embed(chosen, altered(card, kind), landmarks=given.landmarks)
            done.embeddings.save(place)
            print(f"{place}: {len(done.embeddings):,} images", flush=True)


if __name__ == "__main__":
    main()
