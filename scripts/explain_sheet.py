"""Draws twelve explained LFW pairs on one sheet: genuine, impostor, falsely accepted, falsely rejected, occluded.

    python scripts/explain_sheet.py -o sheet.png [--shared ../shared]

The sheet shows people of LFW, so it is made where LFW is and not committed. PAIRS holds positions in LFW's pairs.txt, chosen
by their scores under the shipped network, the occluded ones by eye.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facespace.datasets import read_lfw_pairs
from facespace.explain import explain_pair, load_explainable
from facespace.explain.pair import parts
from facespace.explain.picture import COLOURS, image_tag, overlay, text_tag
from facespace.images import align, read_image, read_landmarks
from facespace.models import load_card

NAME = "mobilefacenet-casia"
PAIRS = {
    "genuine": (0, 640, 1251),
    "impostor": (300, 905),
    "occluded": (2007, 4208, 1267),
    "falsely rejected": (2550, 3892),
    "falsely accepted": (4584, 4664),
}
TILE, WIDTH = 118, 102


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    given = parser.parse_args()
    lfw, template = given.shared / "data/protocols/lfw", load_card(NAME).template
    protocol, landmarks = read_lfw_pairs(lfw / "pairs.txt"), read_landmarks(lfw / "landmarks-176.csv")
    network = load_explainable(NAME, given.shared / "models")

    def crop(name: str) -> np.ndarray:
        return align(read_image(given.shared / f"data/lfw/{name}.jpg"), landmarks[name], template)

    body, number = [], 0
    for kind, rows in PAIRS.items():
        for row in rows:
            found = explain_pair(crop(str(protocol.left[row])), crop(str(protocol.right[row])), network)
            truth = "one person" if protocol.same[row] else "two people"
            x, y = 20 + (number % 2) * (6 * WIDTH + 40), 56 + (number // 2) * (TILE + 40)
            sign = "≥" if found.accepted else "<"
            body.append(text_tag(x, y + 14, f"{kind} ({truth}): {found.score:.3f} {sign} {found.threshold:.3f}", 13))
            scale = max(float(np.quantile(np.abs(f.importance), 0.995)) for f in found.faces)
            place = 0
            for face in found.faces:
                shown = parts(found, face)
                images = [face.crop, *[overlay(face.crop, shown[k] / scale, COLOURS[k]) for k in ("S⁺", "S⁻")]]
                for picture in images:
                    body.append(image_tag(x + place * WIDTH, y + 20, TILE * 96 / 112, TILE, picture))
                    place += 1
            number += 1
            print(f"{kind:17} pair {row:4}: {found.score:.3f}, {truth}", flush=True)
    width, height = 2 * 6 * WIDTH + 80, 56 + (number + 1) // 2 * (TILE + 40) + 10
    head = text_tag(20, 32, f"Explained pairs of LFW, {NAME}: face, S⁺ (for one person), S⁻ (against), of both images", 17)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
        f'height="{height}"><rect width="100%" height="100%" fill="#ffffff"/>{head}{"".join(body)}</svg>'
    )
    import vl_convert

    given.output.write_bytes(vl_convert.svg_to_png(svg, scale=1.5))


if __name__ == "__main__":
    main()
