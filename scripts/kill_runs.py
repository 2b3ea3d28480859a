"""kill -9 at random moments of embed, map fit, map and canonical apply, fuse and every save: what is left must be whole.

    python scripts/kill_runs.py                       (60 kills each; FACESPACE_SHARED has images and networks)
    python scripts/kill_runs.py --kills 5 --only "map fit" --only "save npz"

A job runs in a forked process, as on the command line, and is killed: half of the times at a random moment of its run, half
of the times within two milliseconds after the first, second or third temporary file has appeared. Saves are made over and
over, so that each kill is in one. Then every file of the job's must be as before or as a whole run leaves it; the same
command again must end well, with the same bytes as a run that nobody killed; and nothing else may be left beside them.

A row per job: kills; of the files in their places: old, new, none yet, damaged; how many kills left a temporary file; for
npy how often its two files were of two saves, which loading them must say; reruns that ended otherwise, with other bytes, or
left anything behind; and how many images reruns of embed took over from the killed run. Exit code 1 if there is a fault.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import facespace.cli
from facespace import CanonicalSpace, EmbeddingSet, fit_map
from facespace.datasets import TemplateProtocol, write_bin
from facespace.errors import FileFormatError
from facespace.io import write_json
from facespace.mapping import pair_statistics
from facespace.report import Report, Text
from facespace.templates import score_shard

for module in ("facespace.cli.embed", "facespace.cli.map", "facespace.models", "onnxruntime", "typer.main", "rich.progress"):
    importlib.import_module(module)  # here, lest every child load them anew

SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
COUNTS = ("kills", "old", "new", "none", "damaged", "temporary", "mixed", "failed", "other bytes", "left over", "taken over")
FAULTS = ("damaged", "failed", "other bytes", "left over")
Files = dict[str, bytes]


@dataclass
class Job:
    """`before(folder)` makes the files there are before; `run` is killed; `again` brings it to its end."""

    name: str
    run: Callable[[Path], object]
    again: Callable[[Path], object]
    before: Callable[[Path], object] = lambda folder: None
    also_new: Callable[[Path], object] | None = None  # what else a whole run may leave (saves take turns)


def files(folder: Path) -> Files:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def child(work: Callable[[Path], object], folder: Path) -> int:
    """The id of a process that does `work`, quietly."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        done = work(folder)
        code = done if isinstance(done, int) and not isinstance(done, bool) else 0
    finally:
        os._exit(code)


def whole(work: Callable[[Path], object], folder: Path) -> tuple[int, float]:
    """Exit code and seconds of `work` when nobody kills it."""
    start = time.perf_counter()
    return os.waitstatus_to_exitcode(os.waitpid(child(work, folder), 0)[1]), time.perf_counter() - start


def killed(job: Job, folder: Path, seconds: float, draw: random.Random) -> bool:
    """Run and kill it; False where it had come to its end before."""
    pid = child(job.run, folder)
    if draw.random() < 0.5:
        time.sleep(draw.uniform(0, seconds))
    else:
        nth, end = draw.randrange(3), time.perf_counter() + seconds
        seen: set[Path] = set()
        while len(seen) <= nth and time.perf_counter() < end:
            seen |= set(folder.rglob(".*~*"))
            time.sleep(0.0002)
        time.sleep(draw.uniform(0, 0.002))
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def try_job(job: Job, kills: int, place: Path, draw: random.Random) -> Counter[str]:
    folder = place / "run"

    def fresh(before: Files) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in before.items():
            (folder / name).write_bytes(data)

    def after_all_of(work: Callable[[Path], object], before: Files) -> tuple[Files, float]:
        fresh(before)
        code, seconds = whole(work, folder)
        if code:
            raise SystemExit(f"{job.name}: exit code {code} without any kill")
        return files(folder), seconds

    old, _ = after_all_of(job.before, {})
    new, seconds = after_all_of(job.again, old)
    more = after_all_of(job.also_new, old)[0] if job.also_new else {}
    seconds = 0.6 if job.also_new else seconds
    counts: Counter[str] = Counter()
    while counts["kills"] < kills:
        fresh(old)
        if not killed(job, folder, seconds, draw):
            continue
        counts["kills"] += 1
        left = files(folder)
        counts["temporary"] += any(Path(name).name.startswith(".") for name in left)
        for name in new:
            found = left.get(name)
            known = {"none": None, "old": old.get(name), "new": new[name], "new ": more.get(name)}
            counts[next((what.strip() for what, data in known.items() if data == found), "damaged")] += 1
        if "set.npy" in new and "set.npy" in left:
            try:
                EmbeddingSet.load(folder / "set.npy")
            except FileFormatError:
                counts["mixed"] += 1
        taken = sum(len(np.load(p)["ids"]) for p in folder.glob("*.partial/[0-9]*.npz"))
        taken += sum(pq.read_metadata(p).num_rows for p in folder.glob("*.partial/[!.]*.parquet"))
        counts["failed"] += whole(job.again, folder)[0] != 0
        after = files(folder)
        counts["other bytes"] += any(after.get(name) != data for name, data in new.items())
        counts["left over"] += bool(after.keys() - new.keys())
        counts["taken over"] += taken
    return counts


def forever(one: Callable[[Path], object], two: Callable[[Path], object]) -> Callable[[Path], object]:
    def save(folder: Path) -> None:
        while True:
            two(folder)
            one(folder)

    return save


def save_job(name: str, write: Callable[[Any, Path], object], one: Any, two: Any) -> Job:
    first, second = (lambda folder: write(one, folder)), (lambda folder: write(two, folder))
    return Job(f"save {name}", forever(first, second), first, second, second)


def main_job(name: str, *arguments: str, before: tuple[str, ...] = (), first: tuple[str, ...] | None = None) -> Job:
    """The command line; OUT in an argument is the folder."""

    def call(words: tuple[str, ...]) -> Callable[[Path], object]:
        return lambda folder: facespace.cli.main([word.replace("OUT", str(folder)) for word in words]) if words else 0

    return Job(name, call(first or arguments), call(arguments), call(before))


def jobs(home: Path) -> Iterator[Job]:
    rng = np.random.default_rng(0)
    ids = [f"p{i // 4:03d}/{i % 4}" for i in range(800)]
    x = np.repeat(rng.normal(size=(200, 64)), 4, axis=0) + 0.4 * rng.normal(size=(800, 64))
    people = [name[:4] for name in ids]
    a = EmbeddingSet(x, ids, model="a", subject=people)
    b = EmbeddingSet(x @ rng.normal(size=(64, 48)), ids, model="b", subject=people)
    c = EmbeddingSet(2 * x + 0.1 * rng.normal(size=x.shape), ids, model="a", subject=people)
    for name, faces in (("a", a), ("b", b), ("c", c)):
        faces.save(home / f"{name}.parquet")
    one, two = str(home / "a.parquet"), str(home / "b.parquet")
    fit_map(a, b, "ridge").save(home / "map.safetensors")
    fit = ("map", "fit", one, two, "-o", "OUT/map.safetensors", "--statistics", "OUT/statistics.safetensors")
    yield main_job("map fit", *fit, before=("map", "fit", one, two, "-o", "OUT/map.safetensors", "--method", "rotation"))
    for suffix in ("parquet", "npz", "npy"):
        apply = ("map", "apply", str(home / "map.safetensors"))
        again = (*apply, one, "-o", f"OUT/set.{suffix}")
        yield main_job(f"map apply {suffix}", *again, before=(*apply, str(home / "c.parquet"), "-o", f"OUT/set.{suffix}"))
    a.save(home / "many", rows_per_file=60)
    folder = ("map", "apply", str(home / "map.safetensors"), str(home / "many"), "-o", "OUT/set", "--rows-per-file", "60")
    yield main_job("map apply folder", *folder)
    hub, to_folder = str(home / "hub.safetensors"), ("-o", "OUT/set", "--rows-per-file", "60")
    CanonicalSpace.fit({"a": a, "b": b}).save(hub)
    yield main_job("canonical apply folder", "canonical", "apply", hub, str(home / "many"), *to_folder)
    yield main_job("canonical fuse folder", "canonical", "fuse", hub, str(home / "many"), two, *to_folder)
    for suffix in ("parquet", "npz", "npy"):
        yield save_job(suffix, lambda faces, folder, s=suffix: faces.save(folder / f"set.{s}"), a, c)
    artefacts = {
        "map": (fit_map(a, b, "ridge"), fit_map(c, b, "rotation")),
        "two-sided map": (fit_map(a, b, "joint"), fit_map(c, b, "joint")),
        "statistics": (pair_statistics(a, b), pair_statistics(c, b)),
        "hub": (CanonicalSpace.fit({"a": a, "b": b}), CanonicalSpace.fit({"a": c, "b": b})),
    }
    for name, pair in artefacts.items():
        yield save_job(name, lambda made, folder: made.save(folder / "file.safetensors"), *pair)
    yield save_job("ONNX", lambda made, folder: made.to_onnx(folder / "map.onnx"), *artefacts["map"])
    same = [i % 4 < 3 for i in range(799)]
    columns = {"images": ids, "template": ids, "subject": people, "left": ids[:-1], "right": ids[1:], "same": same}
    protocol = TemplateProtocol.from_columns("made", **columns)
    shards = [score_shard(faces, protocol=protocol) for faces in (a, c)]
    yield save_job("shard", lambda shard, folder: shard.save(folder / shard.file_name), *shards)
    images = [[bytes([k]) * (9000 + i) for i in range(20)] for k in (1, 2)]
    yield save_job(".bin", lambda made, folder: write_bin(folder / "pairs.bin", made, [True] * 10), *images)
    yield save_job("JSON", lambda made, folder: write_json(made, folder / "results.json"), x[:50], x[50:100])
    yield save_job("report folder", lambda name, folder: report(name).write(folder), "one", "two")
    if SHARED.is_dir():
        yield from embed_jobs(home)


def report(name: str) -> Report:
    made = Report(name, "", "signature")
    made.add(Text("words", [name] * 50))
    return made


def embed_jobs(home: Path) -> Iterator[Job]:
    """Two dozen people's pictures, detected and embedded; parts are kept every twentieth second instead of every fifth."""
    from facespace.models import _partial

    _partial.FLUSH_SECONDS = 0.05
    os.environ["FACESPACE_MODELS"] = str(SHARED / "models")
    people = sorted((SHARED / "data/lfw").iterdir())[:24]
    for person in people:
        shutil.copytree(person, home / "faces" / person.name)
    for person in people[:3]:
        shutil.copytree(person, home / "few" / person.name)
    options = ("--model", "mobilefacenet-ms1m", "--batch-size", "2", "--workers", "1", "-o", "OUT/set.parquet")
    again, before = ("embed", str(home / "faces"), *options), ("embed", str(home / "few"), *options)
    yield main_job("embed", *again, before=before)
    yield main_job("embed, then --resume", *again, "--resume", first=again)
    yield main_job("embed --resume twice", *again, "--resume", before=before)
    yield main_job("embed folder", "embed", str(home / "faces"), *options[:-1], "OUT/set", "--rows-per-file", "4")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--only", action="append", help="this job; may be given several times")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its folder is removed
    place = Path(tempfile.mkdtemp(prefix="facespace-kills-"))
    faults = 0
    print("  ".join(["job".ljust(22), *COUNTS]), flush=True)
    try:
        (place / "home").mkdir()
        for job in jobs(place / "home"):
            if given.only and job.name not in given.only:
                continue
            counts = try_job(job, given.kills, place, random.Random(f"{given.seed} {job.name}"))
            faults += sum(counts[name] for name in FAULTS)
            print("  ".join([job.name.ljust(22), *(str(counts[name]).rjust(len(name)) for name in COUNTS)]), flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
