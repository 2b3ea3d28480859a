"""kill -9 at random moments of `facespace key rotate`: every set must be readable with the old or the new key, none lost.

    python scripts/kill_rotations.py                        (50 kills)
    python scripts/kill_rotations.py --kills 500 --seed 1

A home of encrypted things: a set in one file, a set in a folder of six parts with embed's journal, a plain set, a gallery
in a folder with a successor made part by part beside it, and an encrypted map. `key rotate` of all of them is killed, half
of the times at a random moment of a whole run's time, half within two milliseconds after the nth temporary file has
appeared, n by chance. Then every file is read with the old key alone and with the new one alone, and one of them must give
what was written; every set is read with both keys, as a user would meanwhile; the same command again must end well; and
then all of it is read with the new key alone, nothing with the old one, and nothing else lies beside it.

Prints kills, of the files left: under the old key, the new one, plain; sets that were between keys; kills that left a
temporary file, which reruns remove; faults. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import facespace.cli
from facespace import EmbeddingSet, LinearMap, fit_map
from facespace.errors import EncryptionError, PlainFileWarning
from facespace.gallery.stores import Origin, open_gallery
from facespace.io import MANIFEST, AesKey, checksum_line, new_key_file, show_keys, use_keys

warnings.simplefilter("ignore", PlainFileWarning)
for module in ("facespace.cli.key", "rich.progress", "pyarrow.parquet.encryption", "facespace.mapping"):
    importlib.import_module(module)  # here, lest every child load them anew

COUNTS = ("kills", "old", "new", "plain", "between", "temporary", "lost", "rerun failed", "not new", "left over")
FAULTS = ("lost", "rerun failed", "not new", "left over")


def made(home: Path) -> tuple[AesKey, AesKey, dict[str, Any]]:
    old, new = new_key_file(home / "old.key"), new_key_file(home / "new.key")
    rng = np.random.default_rng(0)
    ids = [f"p{row // 4}/{row}" for row in range(3000)]
    sets = [EmbeddingSet(rng.normal(size=(3000, 64)), ids, model="net") for _ in range(4)]
    things = home / "things"
    with use_keys(old, maps=True):
        sets[0].save(things / "one.parquet")
        folder = sets[1].save(things / "many", rows_per_file=500)
        lines = [{**checksum_line(path), "start": 500 * n} for n, path in enumerate(sorted(folder.iterdir()))]
        (folder / MANIFEST).write_text("".join(json.dumps(line) + "\n" for line in lines))
        sets[3].save(things / "gallery", rows_per_file=1000)
        store = open_gallery(str(things / "gallery"))
        store.begin(Origin("plan", "other", 64))
        for part in store.parts(1000):
            store.put(part, store.read(part))
        fitted = fit_map(sets[0], sets[1].with_vectors(sets[1].vectors, "b"), "ols", judge=False)
        fitted.save(things / "map.safetensors")
    sets[2].save(things / "plain.parquet")
    return old, new, {"one.parquet": sets[0], "many": sets[1], "plain.parquet": sets[2], "gallery": sets[3], "map": fitted}


def right(things: Path, whole: dict[str, Any], key: list[AesKey]) -> list[str]:
    """The sets that aren't read as they were written."""
    wrong = []
    for name, known in whole.items():
        try:
            with use_keys(key):
                if name == "map":
                    same = np.array_equal(LinearMap.load(things / "map.safetensors").weight, known.weight)
                else:
                    same = np.array_equal(EmbeddingSet.load(things / name).vectors, known.vectors)
                if name == "gallery":
                    rows = [t.vectors for t in open_gallery(str(things / name)).scan("next")]
                    same = same and np.array_equal(np.concatenate(rows), known.vectors)
        except Exception as error:
            same = False
            name = f"{name}: {error}"
        if not same:
            wrong.append(name)
    return wrong


def state(path: Path, old: AesKey, new: AesKey) -> str:
    """Under which key alone a file is read, if any."""
    for name, key in (("old", old), ("new", new)):
        try:
            if path.suffix == ".safetensors":
                LinearMap.load(path, key=key)
            else:
                EmbeddingSet.load(path, key=key)
            return name
        except EncryptionError:
            continue
    return "plain" if path.name == "plain.parquet" and len(EmbeddingSet.load(path)) else "lost"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    memory = Path("/dev/shm")  # a kill -9 loses nothing that was written: the disk is left out
    place = Path(tempfile.mkdtemp(prefix="facespace-rotations-", dir=memory if memory.is_dir() else None))
    draw = random.Random(given.seed)
    counts: Counter[str] = Counter()
    try:
        home = place / "home"
        home.mkdir()
        old, new, whole = made(home)
        run = place / "run"
        things = [run / name for name in ("one.parquet", "many", "plain.parquet", "gallery", "map.safetensors")]
        command = ["key", "rotate", *map(str, things), "--to", str(home / "new.key"), "--key-file", str(home / "old.key")]

        def begun() -> int:
            pid = os.fork()
            if not pid:
                code = 70
                try:
                    for stream in (1, 2):
                        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
                    code = facespace.cli.main(command)
                finally:
                    os._exit(code)
            return pid

        def fresh() -> None:
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(home / "things", run)

        fresh()
        start = time.perf_counter()
        if os.waitstatus_to_exitcode(os.waitpid(begun(), 0)[1]):
            raise SystemExit("key rotate fails without any kill")
        seconds = time.perf_counter() - start
        names = {path.relative_to(run) for path in run.rglob("*") if path.is_file()}
        print(f"{len(names)} files, a whole run takes {seconds:.2f} s", flush=True)
        while counts["kills"] < given.kills:
            fresh()
            pid = begun()
            if draw.random() < 0.5:
                time.sleep(draw.uniform(0, seconds))
            else:
                nth, end, seen = draw.randrange(len(names)), time.perf_counter() + 20 * seconds, set[Path]()
                while len(seen) <= nth and time.perf_counter() < end:
                    seen |= set(run.rglob(".*~*"))
                    time.sleep(0.0002)
                time.sleep(draw.uniform(0, 0.002))
            os.kill(pid, signal.SIGKILL)
            if not os.WIFSIGNALED(os.waitpid(pid, 0)[1]):
                continue
            counts["kills"] += 1
            counts["temporary"] += any(run.rglob(".*~*"))
            kinds = Counter[str]()
            for path in sorted(run.rglob("*")):
                if path.suffix in (".parquet", ".safetensors") and "~" not in path.name:
                    kinds[state(path, old, new)] += 1
            counts.update(kinds)
            counts["between"] += sum(len(show_keys([thing])["keys"]) > 1 for thing in things)
            for what in right(run, whole, [old, new]):
                counts["lost"] += 1
                print("lost:", what, flush=True)
            counts["rerun failed"] += os.waitstatus_to_exitcode(os.waitpid(begun(), 0)[1]) != 0
            after = right(run, whole, [new])
            counts["not new"] += len(after) + (len(right(run, whole, [old])) < len(whole))
            lines = [json.loads(text) for text in (run / "many" / MANIFEST).read_text().splitlines()]
            counts["not new"] += any(not checksum_line(run / "many" / one["file"]).items() <= one.items() for one in lines)
            counts["left over"] += {path.relative_to(run) for path in run.rglob("*") if path.is_file()} != names
        print("  ".join(COUNTS))
        print("  ".join(str(counts[name]).rjust(len(name)) for name in COUNTS))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return int(any(counts[name] for name in FAULTS))


if __name__ == "__main__":
    sys.exit(main())
