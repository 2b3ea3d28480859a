"""How often the signs of the examiner's page are seen: on LFW as it is and blurred, and on frontal and profile faces of CFP.

    python scripts/examiner_signs.py --shared ../shared

LFW by its given landmarks, 600 images; CFP by YuNet, 250 of each kind.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2

from facespace.explain.examiner import SIGNS, signs
from facespace.images import ARCFACE, ImageFile
from facespace.models import LocatedFace, load_card, located_faces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    given = parser.parse_args()
    data, rng, card = given.shared / "data", random.Random(0), load_card("edgeface-xxs")
    names = [line.split(",")[0] for line in (data / "protocols/lfw/landmarks-176.csv").read_text().splitlines()[1:]]
    files = [ImageFile(name, data / f"lfw/{name}.jpg") for name in rng.sample(names, 600)]
    landmarks = data / "protocols/lfw/landmarks-176.csv"
    faces = [f for f in located_faces(files, [card] * len(files), landmarks=landmarks) if isinstance(f, LocatedFace)]
    tell("LFW", faces)
    for sigma in (1.5, 2.0, 3.0):
        tell(f"LFW blurred by {sigma} px", [replace(f, crop=cv2.GaussianBlur(f.crop, (0, 0), sigma)) for f in faces])
    for kind in ("frontal", "profile"):
        paths = rng.sample(sorted((data / "cfp-half/images").glob(f"*/{kind}/*")), 250)
        found = located_faces([ImageFile(p.stem, p) for p in paths], [card] * 250, weights=given.shared / "models")
        tell(f"CFP {kind}", [f for f in found if isinstance(f, LocatedFace)])


def tell(name: str, faces: list[LocatedFace]) -> None:
    seen = Counter(sign.name for face in faces for sign in signs(face, ARCFACE) if sign.seen)
    rates = ", ".join(f"{sign} {100 * seen[sign] / len(faces):.1f} %" for sign in SIGNS)
    print(f"{name:22} {len(faces)} faces: {rates}", flush=True)


if __name__ == "__main__":
    main()
