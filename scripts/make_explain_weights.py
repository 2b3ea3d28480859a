"""Makes src/facespace/data/explain/mobilefacenet-casia.safetensors, with its log beside it.

    python scripts/make_explain_weights.py --work FOLDER [--shared ../shared]

1. Faces: data/faces-train (299 people) and those LFW images whose person is in no pair of LFW's pairs.txt (1,468 people,
   1,549 images), aligned by the given landmarks. No face and no person of pairs.txt is among them.
2. `distil`: fresh layers between the backbone's map and global max pooling learn to keep the network's cosines.
3. `decoder-only`: the decoder learns to rebuild the face from the new map.
4. The operating threshold: the cosine that one in a hundred pairs of different people among the training faces passes.

The file holds what was trained here and nothing of the backbone, whose weights may not be passed on. Everything is kept in
FOLDER, and an interrupted run goes on where it stopped. On two cores it takes about three quarters of an hour.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

from facespace.datasets import read_lfw_pairs
from facespace.explain import Checkpoint, TrainSettings, load_backbone, load_checkpoint, train
from facespace.explain.checkpoint import SHIPPED
from facespace.explain.training._data import FrozenMaps, frozen_maps, pooled_features, rest_of
from facespace.images import align, find_images, read_image, read_landmarks, realign
from facespace.metrics import kfold_accuracy
from facespace.models import load_card

NAME = "mobilefacenet-casia"
DISTIL = TrainSettings("distil", passes=9, batch=96, rate=1.5e-3)
DECODER = TrainSettings("decoder-only", passes=10, batch=32, rate=2e-3, mirror=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--test", action="store_true", help="also measure LFW's accuracy before and after")
    parser.add_argument("--output", type=Path, default=SHIPPED, help="folder for the two files")
    parser.add_argument("--decoder-passes", type=int, default=DECODER.passes)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    crops, people = faces(given.shared, given.work)
    print(f"{len(crops):,} faces of {len(set(people)):,} people", flush=True)
    data = maps(crops, given.shared / "models", given.work)

    def report(progress: object) -> None:
        print(progress.line(), flush=True)  # type: ignore[attr-defined]

    head, whole = given.work / "head.safetensors", given.work / "whole.safetensors"
    common = {"data": data, "weights": given.shared / "models", "resume": True, "report": report}
    if not head.exists():
        train(crops, NAME, DISTIL, out=head, **common)
    if not whole.exists():
        common["data"] = FrozenMaps(*[v[: len(crops)] for v in (data.maps, data.teacher, data.lengths)])
        settings = dataclasses.replace(DECODER, passes=given.decoder_passes)
        train(crops, NAME, settings, out=whole, start=load_checkpoint(head), **common)
    made = load_checkpoint(whole)
    made.threshold = threshold(made, data, people)
    made.facts["faces"] = "faces-train, and the LFW images of people in no pair of pairs.txt"
    made.save(given.output / f"{NAME}.safetensors", small=True)
    log = given.output / f"{NAME}.json"
    log.write_text(json.dumps({"threshold": made.threshold, **made.facts}, indent=1) + "\n", encoding="utf-8")
    print(f"threshold {made.threshold:.4f}; wrote {log.with_suffix('.safetensors')}")
    if given.test:
        test(given.shared, given.work, log.with_suffix(".safetensors"))


def test(shared: Path, work: Path, path: Path) -> None:
    """LFW's ten folds before and after, and the error of the reconstructions of its faces."""
    lfw, card = shared / "data/protocols/lfw", load_card(NAME)
    protocol, landmarks = read_lfw_pairs(lfw / "pairs.txt"), read_landmarks(lfw / "landmarks-176.csv")
    ids = protocol.ids.tolist()
    kept = work / "test-maps.npz"
    if not kept.exists():
        crops = np.stack([align(read_image(shared / f"data/lfw/{i}.jpg"), landmarks[i], card.template) for i in ids])
        whole, _ = load_backbone(NAME, shared / "models")
        made = frozen_maps(whole, "conv2", card, crops, mirror=False)
        np.savez(kept, crops=crops, maps=made.maps, teacher=made.teacher)
    with np.load(kept) as file:
        crops, maps, teacher = file["crops"], file["maps"], file["teacher"]
    row = {name: i for i, name in enumerate(ids)}
    left, right = ([row[name] for name in side] for side in (protocol.left.tolist(), protocol.right.tolist()))
    checkpoint = load_checkpoint(path)
    features = pooled_features(checkpoint.head, maps)
    kinds = {
        "original": teacher,
        "max pooling as it is": pooled_features(None, maps),
        "max-pool head": features,
        "max-pool head, led back to the original embedding": checkpoint.to_original(features),
    }
    for name, vectors in kinds.items():
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        found = kfold_accuracy((unit[left] * unit[right]).sum(1), protocol.same, protocol.fold)
        print(f"LFW, {name}: {found}, mean threshold {found.thresholds.mean():.4f}")
    scores = np.einsum("ij,ij->i", *[(features / np.linalg.norm(features, axis=1, keepdims=True))[s] for s in (left, right)])
    right_ones = ((scores >= checkpoint.threshold) == protocol.same).mean()
    print(f"LFW with the shipped threshold {checkpoint.threshold:.4f}: {100 * right_ones:.2f} %")
    network = checkpoint.network(shared / "models")
    chosen = slice(None, None, 8)
    some = torch.from_numpy(maps[chosen].astype(np.float32))
    with torch.inference_mode():
        deep = torch.cat([checkpoint.head(part) for part in some.split(64)]).numpy()
    again, mean = network.reconstruct(deep) / 255, crops[chosen].mean(0) / 255
    truth = crops[chosen] / 255
    print(
        f"LFW reconstructions: MSE {((again - truth) ** 2).mean():.5f}; the mean face's {((mean - truth) ** 2).mean():.5f}"
    )


def faces(shared: Path, work: Path) -> tuple[np.ndarray, list[str]]:
    """Crops (n, 112, 96, 3) and people."""
    card, lfw = load_card(NAME), shared / "data/protocols/lfw"
    landmarks = read_landmarks(lfw / "landmarks-176.csv")
    tested = {name.split("/")[0] for name in read_lfw_pairs(lfw / "pairs.txt").ids.tolist()}
    train_files = find_images(shared / "data/faces-train")
    others = [f for f in find_images(shared / "data/lfw") if f.id.split("/")[0] not in tested]
    people = [f.id.split("/")[0] for f in train_files] + ["lfw/" + f.id.split("/")[0] for f in others]
    kept = work / "train.npy"
    if not kept.exists():
        ready = [realign(read_image(f.path), card.template) for f in train_files]
        np.save(kept, np.stack([*ready, *[align(read_image(f.path), landmarks[f.id], card.template) for f in others]]))
    return np.load(kept), people


def maps(crops: np.ndarray, weights: Path, work: Path) -> FrozenMaps:
    """The backbone's maps of the faces and their mirror images, computed once."""
    names = [work / f"{part}.npy" for part in ("maps", "teacher", "lengths")]
    whole, card = load_backbone(NAME, weights)
    if not all(name.exists() for name in names):
        made = frozen_maps(whole, "conv2", card, crops)
        for name, part in zip(names, (made.maps, made.teacher, made.lengths), strict=True):
            np.save(name, part)
    return FrozenMaps(*[np.load(name) for name in names], rest_of(whole, "conv2"))


def threshold(made: Checkpoint, data: FrozenMaps, people: list[str], far: float = 0.01) -> float:
    """The cosine that a share `far` of the pairs of two training people passes."""
    f = pooled_features(made.head, data.maps[: len(people)])
    f /= np.linalg.norm(f, axis=1, keepdims=True)
    code = np.unique(people, return_inverse=True)[1]
    scores = [(f[i + 1 :] @ f[i])[code[i + 1 :] != code[i]] for i in range(len(f) - 1)]
    return float(np.quantile(np.concatenate(scores), 1 - far))


if __name__ == "__main__":
    main()
