"""A LanceDB gallery of a million templates moves to a new network, and back, and there again.

    python examples/lancedb_gallery.py [--rows 1000000] [--folder DIR]

The demo's people are in it, and strangers up to --rows: faces of other people by the old network, mixed of pairs of them.
A million takes about 2 GB of disk, and as much again beside it until the end. Needs the extra lancedb.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from demo_people import OLD, Demo, walk

from facespace.gallery.stores import Templates, open_gallery


def strangers(demo: Demo, rows: int) -> Iterator[Templates]:
    """Made-up templates: each between two real ones of other people, with some noise."""
    draw = np.random.default_rng(0)
    real = demo.fit[0].normalized()
    for start in range(0, rows, 8192):
        count = min(8192, rows - start)
        one, two = real[draw.integers(len(real), size=(2, count))]
        vectors = one + two * draw.uniform(0.3, 1, size=(count, 1)) + 0.03 * draw.standard_normal((count, real.shape[1]))
        ids = [f"stranger {number}" for number in range(start, start + count)]
        yield Templates(ids, vectors.astype(np.float32), [OLD] * count, [None] * count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    demo = Demo.load()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        url = f"lancedb:{folder}/lance#faces"

        def all_batches() -> Iterator[Templates]:
            yield from demo.batches()
            yield from strangers(demo, given.rows - len(demo.gallery[0]))

        print(f"{open_gallery(url).write_all(all_batches(), OLD):,} templates in {url.partition('#')[2]}")
        walk(demo, url, Path(folder))


if __name__ == "__main__":
    main()
