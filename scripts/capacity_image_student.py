"""The image student trained for real: its accuracy beside its teacher's, and the capacity that it finds.

    python scripts/capacity_image_student.py --work FOLDER [--shared ../shared] [--dim 16] [--since blocks.12]
        [--epochs 6] [--passes 30]

The teacher is mobilefacenet-casia with a DeepMDS projection, the student starts from the same network. Both learn from
data/faces-train and those LFW images whose person is in no pair of LFW's pairs.txt (7,826 faces of 1,767 people, and their
mirror images). Tested are the 7,701 faces of pairs.txt: ten-fold accuracy by the cosine of the embedding, and by Euclidean
distance of its projection, of the student without dropout, and of its mean over T passes. The capacity is that of these
faces, by this student and by one that sees embeddings. Without --since it takes a GPU; with blocks.12, six epochs and 30
passes about an hour on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from make_explain_weights import NAME, faces
from threadpoolctl import threadpool_limits

from facespace.capacity import ImageStudent, estimate_capacity, load_image_student, train_image_student
from facespace.datasets import read_lfw_pairs
from facespace.embeddings import EmbeddingSet, normalize
from facespace.images import align, read_image, read_landmarks
from facespace.metrics import kfold_accuracy
from facespace.models import load_backbone, load_card, prepare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--since")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--passes", type=int, default=30)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    models = given.shared / "models"
    kept = given.work / "student.safetensors"
    if not kept.exists():
        crops, people = faces(given.shared, given.work)
        print(f"{len(crops):,} faces of {len(set(people)):,} people", flush=True)
        start = time.perf_counter()

        def told(done: int, whole: int) -> None:
            if done % 50 == 0 or done == whole:
                print(f"step {done}/{whole}, {time.perf_counter() - start:.0f} s", flush=True)

        made = train_image_student(
            crops,
            NAME,
            dim=given.dim,
            since=given.since,
            epochs=given.epochs,
            rate=given.rate,
            passes=given.passes,
            weights=models,
            progress=told,
        )
        made.save(kept)
        losses = ", ".join(f"{loss:.2f}" for loss in made.log_)
        print(f"trained in {time.perf_counter() - start:.0f} s; loss by epoch: {losses}", flush=True)
    test(load_image_student(kept), given.shared, given.work)


def test(student: ImageStudent, shared: Path, work: Path) -> None:
    lfw, card = shared / "data/protocols/lfw", load_card(NAME)
    protocol, landmarks = read_lfw_pairs(lfw / "pairs.txt"), read_landmarks(lfw / "landmarks-176.csv")
    ids = protocol.ids.tolist()
    crops = np.stack([align(read_image(shared / f"data/lfw/{i}.jpg"), landmarks[i], card.template) for i in ids])
    teacher, _ = load_backbone(NAME, shared / "models")
    with torch.inference_mode():
        vectors = torch.cat([teacher(prepare(crops[i : i + 16], card)) for i in range(0, len(crops), 16)]).numpy()
        clean = torch.cat([student.module_.clean(student._faces(crops[i : i + 16])) for i in range(0, len(crops), 16)])
    start = time.perf_counter()
    seen = student.moments(crops)
    y, m = student.projection.transform(vectors), student.projection.dim
    print(f"{student.label}: {len(crops):,} faces in {time.perf_counter() - start:.0f} s")
    row = {name: i for i, name in enumerate(ids)}
    left, right = ([row[name] for name in side] for side in (protocol.left.tolist(), protocol.right.tolist()))
    unit = normalize(vectors)
    print(
        f"LFW, the teacher's embedding: {kfold_accuracy(np.vecdot(unit[left], unit[right]), protocol.same, protocol.fold)}"
    )
    kinds = {"projection": y, "student, no dropout": clean[:, :m].numpy(), f"student, mean of {student.passes}": seen.mean}
    for name, v in kinds.items():
        scores = -np.linalg.norm(v[left] - v[right], axis=1)
        print(f"LFW, {name}, m = {m}: {kfold_accuracy(scores, protocol.same, protocol.fold)}")
    gap, spread = np.square(seen.mean - y).mean(), np.diagonal(seen.covariance, axis1=1, axis2=2).mean()
    whole = y.var(0).mean()
    print(f"mean squared gap to the teacher {gap / whole:.3f}, predicted variance {spread / whole:.3f} of the variance of y")
    found = EmbeddingSet(vectors, ids, model=NAME)
    with threadpool_limits(1):
        for name, given in (("image", {"student": student, "moments": seen}), ("embedding", {"dim": m})):
            result = estimate_capacity(found, sensitivity=False, **given)
            for choice in ("max", "median"):
                cells = "; ".join(
                    f"{100 * p.q:g} %: {p.capacity:,.3g} [{p.low:,.3g}, {p.high:,.3g}]" for p in result.of("full", choice)
                )
                print(f"capacity, {name} student, {choice} class: {cells}")
            for p in result.preservation:
                parts = ", ".join(f"{100 * v:.1f}" for v in (p.before, p.after, p.student))
                print(f"  TAR at FAR {100 * p.far:g} % by embedding, projection, student: {parts} %")


if __name__ == "__main__":
    main()
