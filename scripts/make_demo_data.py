"""Make src/facespace/data/demo from embeddings of LFW: 8 bits a number, ids and subjects replaced by random numbers.

    facespace embed LFW --model openvino-0095 --landmarks LANDMARKS.csv -o SETS/openvino-0095.parquet
    (the same for mobilefacenet-ms1m, dlib-resnet29, mobileface-v2)
    python scripts/make_demo_data.py SETS PAIRS.txt

Embedding takes about 15 minutes on two cores, this script a few seconds. The numbering is drawn from the operating
system's randomness and kept nowhere, so every run makes other ids. These four networks' licences (Apache-2.0, MIT, CC0)
let their outputs be passed on.
"""

from __future__ import annotations

import csv
import secrets
import sys
from pathlib import Path

import numpy as np

from facespace.datasets import read_lfw_pairs
from facespace.datasets.demo import FOLDER
from facespace.embeddings import EmbeddingSet
from facespace.io import atomic_write
from facespace.models import load_card

MODELS = ("openvino-0095", "mobilefacenet-ms1m", "dlib-resnet29", "mobileface-v2")
LIMIT = 6_000_000  # bytes, all files together


def main(sets: Path, pairs: Path) -> None:
    protocol = read_lfw_pairs(pairs)
    rng = np.random.default_rng(secrets.randbits(128))
    images = rng.permutation(protocol.ids)
    people = rng.permutation(np.unique([image.split("/")[0] for image in images]))
    number = {image: f"{i:04d}" for i, image in enumerate(images)}
    person = {name: f"{i:04d}" for i, name in enumerate(people)}
    for model in MODELS:
        faces = EmbeddingSet.load(sets / f"{model}.parquet").select(images)
        card = load_card(model)
        EmbeddingSet(
            faces.normalized(),
            [number[image] for image in images],
            model=model,
            subject=[person[image.split("/")[0]] for image in images],
            metadata={"licence": card.licence.name, "images": "LFW pairs.txt, ids replaced"},
        ).save(FOLDER / f"{model}.parquet", dtype="int8")
    assert protocol.fold is not None
    with atomic_write(FOLDER / "pairs.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        for fold in range(protocol.n_folds):
            for row in rng.permutation(np.flatnonzero(protocol.fold == fold)):
                ids = number[str(protocol.left[row])], number[str(protocol.right[row])]
                writer.writerow([*ids, int(protocol.same[row]), fold])
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{size / 1e6:.2f} MB in {FOLDER}")
    if size > LIMIT:
        sys.exit(f"more than {LIMIT / 1e6:.0f} MB: too large to ship")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
