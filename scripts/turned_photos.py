"""Photos turned upright: how often a detector turns those that stand, and how many of those that lie it rights.

    python scripts/turned_photos.py SHARED [--detector yunet] [--chosen]

A frontal and two profile images each of the people of odd numbers in CFP, and a picture each of 200 in LFW, are searched by
`look_for_faces` as they are and turned by 90, 180 and 270 degrees. With --chosen those on which the margins of the detectors
(`better`) were chosen: people of even numbers, and other people of LFW. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facespace.images import look_for_faces, read_image, read_landmarks
from facespace.models.faces import choose_detector


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--chosen", action="store_true")
    given = parser.parse_args()
    detector = choose_detector(given.detector, given.shared / "models")._detector()
    for kind in ("LFW", "frontal", "profile"):
        right = []
        for path in files(given.shared, kind, given.chosen):
            image = read_image(path)
            turned = [np.ascontiguousarray(np.rot90(image, quarters)) for quarters in range(4)]
            right.append([look_for_faces(detector, one).degrees == 90 * quarters for quarters, one in enumerate(turned)])
        counts = np.sum(right, axis=0)
        told = [f"{n:.1f} [{low:.1f}, {high:.1f}]" for n, low, high in (share(c, len(right)) for c in counts[1:])]
        n, low, high = share(len(right) - counts[0], len(right))
        print(f"{given.detector}, {kind}, {len(right)}: turned wrongly {n:.1f} % [{low:.1f}, {high:.1f}]; righted of those "
              f"turned by 90, 180, 270: {', '.join(told)} %")  # fmt: skip


def files(shared: Path, kind: str, chosen: bool) -> Iterator[Path]:
    """Of CFP's people one frontal image or two in profile, of LFW's one."""
    if kind != "LFW":
        for person in range(2 if chosen else 1, 251, 2):
            for number in (1, 3) if kind == "profile" else (1,):
                yield shared / f"data/cfp-half/images/{person:03d}/{kind}/{number:02d}.jpg"
        return
    first: dict[str, str] = {}
    for name in read_landmarks(shared / "data/protocols/lfw/landmarks-176.csv"):
        first.setdefault(name.split("/")[0], name)
    hashes = {name: hashlib.sha256(person.encode()).digest() for person, name in first.items()}
    mine = [name for name in hashes if (hashes[name][0] % 2 == 0) == chosen]
    for name in sorted(mine, key=lambda name: hashes[name])[:200]:
        yield shared / f"data/lfw/{name}.jpg"


def share(count: int, trials: int, z: float = 1.96) -> tuple[float, float, float]:
    """Percent, with Wilson's interval."""
    rate, more = count / trials, z * z / trials
    middle, half = rate + more / 2, np.sqrt(rate * (1 - rate) * more + more * more / 4)
    return 100 * rate, 100 * (middle - half) / (1 + more), 100 * (middle + half) / (1 + more)


if __name__ == "__main__":
    main()
