"""Tamper with encrypted files in every way that needs no key, and see that none is read as anything but what was written.

    python scripts/tamper_encrypted.py                 (100,000 files, about 20 minutes of one core)
    python scripts/tamper_encrypted.py --files 2000 --seed 3

Files: a set in one file, a set in four parts, and an encrypted map. Ways: bits flipped (one to eight,
anywhere, and in the last 600 bytes, where what is in plain text stands), bytes set, cut at the end or amid, bytes put in,
stretches copied within the file, a stretch of another encrypted file under the same key (same place or another), a file in
the place of another, two parts changed about, a part of another set, the text in plain changed (key, set, name, salt), a
plain file or an older key's in its place, and the wrong key.

What is put in a file's place has other content. "Refused" is an error of facespace's own; "right" is all of what was
written, through `load` and through batches of `open`; any other content is "wrong". Any other exception, the end of the
process, or more than 2 GB of memory is a "fault". Not among the ways, since no file can tell it by itself: an older version
of a file, or a whole set of the same name under the same key, in its place. Exit code 1 if there is a wrong one or a fault.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet, LinearMap, fit_map
from facespace.errors import FacespaceError
from facespace.io import AesKey, identity_of

MEMORY = 2 << 30  # bytes more than at the start
OUTCOMES = ("refused", "right", "wrong", "fault")
ROWS = 260

KEY, OTHER, SAME_NAME = AesKey("k", bytes(range(32))), AesKey("old", bytes(32)), AesKey("k", bytes(range(1, 33)))


class Home:
    """What there is to be tampered with, as it was written."""

    def __init__(self, place: Path) -> None:
        rng = np.random.default_rng(0)
        ids = [f"p{row // 4}/{row}" for row in range(ROWS)]
        vectors = [rng.normal(size=(ROWS, 16)).astype("f4") for _ in range(2)]
        self.one, self.two = (EmbeddingSet(x, ids, model="net", subject=[i.split("/")[0] for i in ids]) for x in vectors)
        self.map = fit_map(self.one, self.two.with_vectors(vectors[1], "b"), "ols")
        self.place = place
        self.whole: dict[str, dict[str, bytes]] = {}
        for name, faces, key in (("one", self.one, KEY), ("two", self.two, KEY), ("older", self.one, OTHER)):
            home = place / name
            faces.save(home / "faces.parquet", key=key)
            faces.save(home / "parts", rows_per_file=65, key=key)
            made = fit_map(faces, self.two.with_vectors(vectors[0], "b"), "ols") if name == "two" else self.map
            made.save(home / "map.safetensors", key=key)
            self.whole[name] = {p.relative_to(home).as_posix(): p.read_bytes() for p in home.rglob("*") if p.is_file()}
        self.two.save(place / "plain" / "faces.parquet")
        self.two.save(place / "plain" / "parts", rows_per_file=65)
        made.save(place / "plain" / "map.safetensors")
        home = place / "plain"
        self.whole["plain"] = {p.relative_to(home).as_posix(): p.read_bytes() for p in home.rglob("*") if p.is_file()}

    def read(self, work: Path, target: str, key: AesKey) -> bool:
        """Whether what is read is what was written; both ways of reading of a set."""
        if target.endswith("safetensors"):
            found = LinearMap.load(work / target, key=key)
            return np.array_equal(found.weight, self.map.weight) and np.array_equal(found.bias, self.map.bias)
        place = work / ("parts" if target.startswith("parts") else target)
        sets = [EmbeddingSet.load(place, key=key)]
        stored = EmbeddingSet.open(place, key=key)
        batches = [batch for shard in stored.shards(100) for batch in stored.batches(shard)]
        sets.append(EmbeddingSet(np.concatenate([b.vectors for b in batches]), np.concatenate([b.ids for b in batches]),
                                 subject=np.concatenate([b.subject for b in batches]), model=stored.model))  # fmt: skip
        return all(
            np.array_equal(s.vectors, self.one.vectors) and np.array_equal(s.ids, self.one.ids)
            and np.array_equal(s.subject, self.one.subject) and s.model == "net" for s in sets
        )  # fmt: skip


def flipped(data: bytes, draw: random.Random, low: int, high: int) -> bytes:
    spoiled = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        spoiled[draw.randrange(low, high)] ^= 1 << draw.randrange(8)
    return bytes(spoiled)


def spans(data: bytes, draw: random.Random, other: bytes) -> tuple[int, int, int]:
    """A stretch of `other`, and a place in `data`."""
    size = draw.choice((1, 4, 12, 16, 28, 64, 256, 1024))
    size = min(size, len(other) - 1, len(data) - 1)
    return draw.randrange(len(other) - size), size, draw.randrange(len(data) - size)


def told(data: bytes, draw: random.Random) -> bytes:
    """The text in plain changed, of the same length or not."""
    start = data.rfind(b'{"data_key"')
    text = data[start : data.index(b"}", start) + 1]
    kinds = [
        (b'"key": "k"', b'"key": "l"'),
        (b'"name": "', b'"name": "x'),
        (b'"set": "', b'"set": "0'),
        (b"hkdf:", b"hkdg:"),
        (b"hkdf:", b"hkdf:AAAA"),
        (b'"facespace": 1', b'"facespace": 2'),
    ]
    old, new = draw.choice(kinds)
    changed = text.replace(old, new)
    return data[:start] + changed[: len(text)].ljust(len(text)) + data[start + len(text) :]


Way = Callable[[Home, dict[str, bytes], str, random.Random], None]


def ways() -> dict[str, Way]:
    def change(make: Callable[[bytes, random.Random], bytes]) -> Way:
        def way(home: Home, files: dict[str, bytes], target: str, draw: random.Random) -> None:
            files[target] = make(files[target], draw)

        return way

    def cut(data: bytes, draw: random.Random) -> bytes:
        return data[: draw.choice((draw.randrange(len(data)), len(data) - draw.randrange(1, 64)))]

    def cut_amid(data: bytes, draw: random.Random) -> bytes:
        at, size, _ = spans(data, draw, data)
        return data[:at] + data[at + size :]

    def put_in(data: bytes, draw: random.Random) -> bytes:
        at = draw.randrange(len(data) + 1)
        return data[:at] + draw.randbytes(draw.choice((1, 4, 28, 300))) + data[at:]

    def within(data: bytes, draw: random.Random) -> bytes:
        at, size, to = spans(data, draw, data)
        return data[:to] + data[at : at + size] + data[to + size :]

    def set_bytes(data: bytes, draw: random.Random) -> bytes:
        _, size, to = spans(data, draw, data)
        filler = bytes([draw.choice((0, 255, draw.randrange(256)))]) * size
        return data[:to] + filler + data[to + size :]

    def other_file(home: Home, files: dict[str, bytes], target: str, draw: random.Random) -> None:
        twin = home.whole["two"][target]
        at, size, to = spans(files[target], draw, twin)
        at = min(to, len(twin) - size) if draw.random() < 0.5 else at
        files[target] = files[target][:to] + twin[at : at + size] + files[target][to + size :]

    def head_and_tail(home: Home, files: dict[str, bytes], target: str, draw: random.Random) -> None:
        """The pages of one file with the footer of another."""
        twin, own = home.whole["two"][target], files[target]
        sizes = [int.from_bytes(data[-8:-4], "little") + 8 for data in (own, twin)]
        parquet = own[: -sizes[0]] + twin[-sizes[1] :]
        files[target] = parquet if own[-4:] == b"PARE" else own[: len(own) // 2] + twin[len(own) // 2 :]

    def swapped(home: Home, files: dict[str, bytes], target: str, draw: random.Random) -> None:
        names = [name for name in files if name.startswith("parts")]
        a, b = draw.sample(names, 2)
        files[a], files[b] = files[b], files[a]

    def from_another_set(source: str) -> Way:
        def way(home: Home, files: dict[str, bytes], target: str, draw: random.Random) -> None:
            files[target] = home.whole[source][target]

        return way

    def in_its_place(home: Home, files: dict[str, bytes], target: str, draw: random.Random) -> None:
        """One file of the same set or of another under this name."""
        kin = [name for name in files if name != target and name.endswith(target[-8:])]
        files[target] = (home.whole["two"] if draw.random() < 0.5 else home.whole["one"])[draw.choice(kin)] if kin else b""

    return {
        "bits anywhere": change(lambda data, draw: flipped(data, draw, 0, len(data))),
        "bits at the end": change(lambda data, draw: flipped(data, draw, max(0, len(data) - 600), len(data))),
        "bits at the start": change(lambda data, draw: flipped(data, draw, 0, min(64, len(data)))),
        "bytes set": change(set_bytes),
        "cut at the end": change(cut),
        "cut amid": change(cut_amid),
        "bytes put in": change(put_in),
        "stretch of its own": change(within),
        "stretch of another": other_file,
        "footer of another": head_and_tail,
        "text in plain": change(told),
        "parts changed about": swapped,
        "part of another set": from_another_set("two"),
        "another in its place": in_its_place,
        "plain in its place": from_another_set("plain"),
        "older key's": from_another_set("older"),
        "wrong key": lambda home, files, target, draw: None,
    }


def one_file(home: Home, work: Path, name: str, way: Way, draw: random.Random) -> tuple[str, str]:
    files = dict(home.whole["one"])
    target = draw.choice(sorted(files))
    if name in ("parts changed about", "part of another set"):
        target = draw.choice([one for one in sorted(files) if one.startswith("parts")])
    way(home, files, target, draw)
    changed = [one for one, data in files.items() if data != home.whole["one"][one]]
    for one in changed:
        (work / one).write_bytes(files[one])
    key = draw.choice((OTHER, SAME_NAME)) if name == "wrong key" else KEY
    try:
        right = home.read(work, target, key)
        if name == "wrong key":
            return "wrong", "read with what should not have opened it"
        return ("right", "") if right else ("wrong", f"{target} by {name}")
    except FacespaceError as error:
        return "refused", type(error).__name__
    except BaseException:
        return "fault", f"{target} by {name}: {traceback.format_exc(limit=3)}"
    finally:
        for one in changed:
            (work / one).write_bytes(home.whole["one"][one])


def child(home: Home, work: Path, name: str, way: Way, draws: range, out: int) -> None:
    """So many files, a line each for the parent."""
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + MEMORY + (4 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in draws:
        outcome, what = one_file(home, work, name, way, random.Random(f"{name} {number}"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if peak > limit - (4 << 30):
            outcome, what = "fault", f"{peak >> 20} MB"
        os.write(out, (f"{outcome}\t{what}".replace("\n", " | ")[:900] + "\n").encode())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--only", action="append")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="facespace-tamper-", dir=memory if memory.is_dir() else None))
    faults, begun = 0, time.perf_counter()
    total: Counter[str] = Counter()
    try:
        home, work = Home(place), place / "work"
        shutil.copytree(place / "one", work)
        if (
            not all(home.read(work, target, KEY) for target in home.whole["one"])
            or identity_of(work / "faces.parquet") is None
        ):
            raise SystemExit("what was written is not read back without any tampering")
        chosen = {name: way for name, way in ways().items() if not given.only or name in given.only}
        each = -(-given.files // len(chosen))
        print("  ".join(["way".ljust(22), "files", *(one.rjust(7) for one in OUTCOMES)]) + "  errors", flush=True)
        for name, way in chosen.items():
            counts, errors = Counter[str](), Counter[str]()
            at, end = given.seed * each, (given.seed + 1) * each
            while at < end:
                back, out = os.pipe()
                pid = os.fork()
                if not pid:
                    os.close(back)
                    try:
                        child(home, work, name, way, range(at, min(end, at + 1000)), out)
                    finally:
                        os._exit(0)
                os.close(out)
                with os.fdopen(back) as lines:
                    found = [line.rstrip("\n").split("\t", 1) for line in lines]
                status = os.waitpid(pid, 0)[1]
                stop = min(end, at + 1000)
                at += len(found)
                if at < stop:
                    found.append(["fault", f"number {at} of {name!r} ended the process: status {status}"])
                    at += 1
                    shutil.rmtree(work)
                    shutil.copytree(place / "one", work)
                for outcome, what in found:
                    counts[outcome] += 1
                    if outcome == "refused":
                        errors[what] += 1
                    elif what:
                        print(f"{outcome}: {what}", flush=True)
            total += counts
            faults += counts["wrong"] + counts["fault"]
            row = [name.ljust(22), str(sum(counts.values())).rjust(5), *(str(counts[one]).rjust(7) for one in OUTCOMES)]
            print("  ".join(row) + "  " + ", ".join(f"{one} {count}" for one, count in errors.most_common()), flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    row = ["all".ljust(22), str(sum(total.values())).rjust(5), *(str(total[one]).rjust(7) for one in OUTCOMES)]
    print("  ".join(row) + f"  {time.perf_counter() - begun:.0f} s")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
