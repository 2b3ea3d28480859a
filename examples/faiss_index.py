"""A FAISS index with its list of ids moves to a new network: the same kind of index, beside the old one until the switch.

    python examples/faiss_index.py

Needs the extra faiss.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import faiss
import numpy as np
from demo_people import Demo, walk


def main() -> None:
    demo = Demo.load()
    with tempfile.TemporaryDirectory() as folder:
        vectors = np.concatenate([batch.vectors for batch in demo.batches()])
        faiss.normalize_L2(vectors)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        faiss.write_index(index, f"{folder}/faces.index")
        ids = [one for batch in demo.batches() for one in batch.ids]
        Path(folder, "ids.txt").write_text("\n".join(ids) + "\n", encoding="utf-8")
        walk(demo, f"faiss:{folder}/faces.index?ids={folder}/ids.txt", Path(folder))


if __name__ == "__main__":
    main()
