"""Every reader of facespace on spoiled files: none may crash, hang, fill the memory, or fail with anything but its message.

    python scripts/fuzz_readers.py --inputs 1000000 --json fuzz.json        (goes on where fuzz.json ends)
    python scripts/fuzz_readers.py --only parquet --only bin --minutes 5
    python scripts/fuzz_readers.py --replay fuzz-failures/parquet-123

Valid files of every kind (fuzzing/seeds.py) are spoiled (fuzzing/mutators.py) and read in child processes, which are forked
anew when one dies, hangs or has grown. Input i of a reader is the same for the same --seed, whatever ran before it. Prints
a row per reader, and every kind of failure with its first inputs, which are kept in --keep for --replay.

Counted: accepted; refused (FacespaceError, or exit code 2); unhandled (any other exception); warned (a Python warning);
printed (something on standard output); slow (above 5 s); large (above 1 GB); died (of a signal, or after 30 s by ours).
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

COUNTS = ("inputs", "accepted", "refused", "unhandled", "warned", "printed", "slow", "large", "died")
SLOW, HANGS, LARGE, GROWN, CHUNK = 5.0, 30.0, 1 << 20, 1 << 18, 500  # s, s, kB, kB, inputs
KEPT = 3  # inputs of one kind of failure
MEMORY = Path("/dev/shm")


class Inputs:
    """The spoiled files of one reader, by number."""

    def __init__(self, reader: str, seeds: Path, seed: int) -> None:
        from fuzzing.readers import BORROWED

        self.reader, self.seed = reader, seed
        folders = sorted(f for name in BORROWED.get(reader, (reader,)) for f in (seeds / name).iterdir())
        self.variants = [{p.name: p.read_bytes() for p in sorted(folder.iterdir())} for folder in folders]

    def files(self, number: int) -> dict[str, bytes]:
        from fuzzing.mutators import spoil

        random = Random(f"{self.seed} {self.reader} {number}")
        files = dict(random.choice(self.variants))
        name = random.choice(list(files))
        others = random.choice(self.variants)
        return {**files, name: spoil(files[name], random.choice(list(others.values())), random)}


def write(files: dict[str, bytes], folder: Path) -> None:
    """Anew: an array may yet be mapped to the file of before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def attempt(reader: str, folder: Path) -> tuple[str, str]:
    """(what became of it, the kind of failure)."""
    from fuzzing.readers import READERS

    from facespace.errors import FacespaceError, GuessWarning, NewerFileWarning

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for ours in (GuessWarning, NewerFileWarning):
            warnings.simplefilter("ignore", ours)
        try:
            READERS[reader](folder)
            outcome = "accepted"
        except FacespaceError:
            outcome = "refused"
        except BaseException as error:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if "facespace" in f.filename]
            places = [
                f"{Path(f.filename).name}:{f.lineno}" for f in (*frames[-2:], traceback.extract_tb(error.__traceback__)[-1])
            ]
            return "unhandled", f"{type(error).__name__} in {' > '.join(places)}: {str(error)[:90]}"
    if said:
        return (
            f"{outcome} warned",
            f"{said[0].category.__name__} in {Path(said[0].filename).name}:{said[0].lineno}: {said[0].message}",
        )
    return outcome, ""


def work(inputs: Inputs, numbers: range, at: mmap.mmap, place: Path, results: int) -> None:
    """In a child: read these inputs, and write a line of JSON for each chunk's counts and failures."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    out = os.open(place / "stdout", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 34, 1 << 34))
    counts: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    base = _peak()
    folder = place / "input"
    for number in numbers:
        write(inputs.files(number), folder)
        at[:8] = number.to_bytes(8, "little")
        start, printed = time.perf_counter(), os.fstat(out).st_size
        outcome, kind = attempt(inputs.reader, folder)
        counts.update(["inputs", *outcome.split()])
        if kind:
            found.append((kind, number))
        peak = _peak()
        for what, wrong in (
            ("slow", time.perf_counter() - start > SLOW),
            ("large", peak - base > LARGE),
            ("printed", os.fstat(out).st_size > printed),
        ):
            if wrong:
                counts[what] += 1
                found.append((what, number))
        if peak - base > GROWN:  # the peak never sinks: measure the next ones in a child of its own
            break
    os.write(results, json.dumps([number + 1, counts, found]).encode())
    os._exit(0)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(inputs: Inputs, numbers: range, place: Path) -> tuple[Counter[str], list[tuple[str, int]], float]:
    """Counts, failures and seconds of these inputs, through as many children as it takes."""
    counts: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    start, first = time.perf_counter(), numbers.start
    at = mmap.mmap(-1, 8)
    while first < numbers.stop:
        at[:8] = first.to_bytes(8, "little")
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reads)
                work(inputs, range(first, numbers.stop), at, place, writes)
            finally:
                os._exit(99)  # a fault of this script, counted as a death
        os.close(writes)
        report, how = _await(child, reads, at)
        if report:
            first, more, kinds = json.loads(report)
            counts.update(more)
            found += [(kind, number) for kind, number in kinds]
            continue
        dead = int.from_bytes(at[:8], "little")
        if dead > first:  # what came before it is read again, and counted
            more, kinds, _ = run(inputs, range(first, dead), place)
            counts.update(more)
            found += kinds
        counts.update(["inputs", "died", *(["slow"] if how == "after 30 s" else [])])
        found.append((f"died {how}", dead))
        first = dead + 1
    return counts, found, time.perf_counter() - start


def _await(child: int, reads: int, at: mmap.mmap) -> tuple[bytes, str]:
    """What the child reported, and else how it ended; one that hangs is killed."""
    report, last, since, killed = b"", at[:8], time.monotonic(), False
    os.set_blocking(reads, False)
    while True:
        try:
            while part := os.read(reads, 1 << 20):
                report += part
        except BlockingIOError:
            pass
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            with os.fdopen(reads, "rb") as rest:
                report += rest.read() or b""
            if status == 0:
                return report, ""
            return b"", "after 30 s" if killed else f"of signal {os.waitstatus_to_exitcode(status)}"
        if at[:8] != last:
            last, since = at[:8], time.monotonic()
        elif time.monotonic() - since > HANGS and not killed:
            killed = True
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def plan(readers: list[str], rates: dict[str, float], total: int) -> dict[str, int]:
    """So many inputs for each: a hundredth of all, and the rest by speed."""
    few, fast = min(total // 100, total // len(readers)), sum(rates.values())
    return {name: few + int((total - few * len(readers)) * rates[name] / fast) for name in readers}


def table(done: dict[str, dict[str, float]]) -> str:
    rows = [["reader", *COUNTS, "a second"]]
    whole = Counter({key: sum(counts.get(key, 0) for counts in done.values()) for key in (*COUNTS, "seconds")})
    for name, counts in [*done.items(), ("all", whole)]:
        rate = counts.get("inputs", 0) / (counts.get("seconds", 0) or 1)
        rows.append([name, *(f"{counts.get(key, 0):,.0f}" for key in COUNTS), f"{rate:,.0f}"])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]) for row in rows
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="in all")
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--only", action="append", help="this reader; may be given several times")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="counts, written after each round; what it holds is gone on with")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for failing inputs")
    parser.add_argument("--replay", type=Path, help="a folder in KEEP: read it once, with the traceback")
    given = parser.parse_args()
    from fuzzing.readers import NAMED_ONLY, READERS
    from fuzzing.seeds import make_seeds

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its folder is removed
    place = Path(tempfile.mkdtemp(prefix="facespace-fuzz-", dir=MEMORY if MEMORY.is_dir() else None))
    os.environ |= {"FACESPACE_CONFIG": str(place / "config"), "FACESPACE_CACHE": str(place / "cache"), "NO_COLOR": "1"}
    os.environ.pop("FACESPACE_MODELS", None)
    try:
        child = os.fork()  # what makes the seeds starts threads; the readers' children are forked from here without any
        if child == 0:
            try:
                make_seeds(place / "seeds")
                os._exit(0)
            finally:
                traceback.print_exc()
                os._exit(1)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the seeds can't be made")
        if given.replay:
            write({p.name: p.read_bytes() for p in given.replay.iterdir()}, place / "input")
            print(READERS[given.replay.name.rpartition("-")[0]](place / "input"))
            return 0
        return fuzz(given, [name for name in READERS if name in (given.only or READERS.keys() - set(NAMED_ONLY))], place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def fuzz(given: argparse.Namespace, readers: list[str], place: Path) -> int:
    end, fresh = time.monotonic() + 60 * given.minutes, given.json is None or not given.json.exists()
    state = {"seed": given.seed, "readers": {}, "failures": {}} if fresh else json.loads(given.json.read_text())
    done, failures = state["readers"], state["failures"]
    inputs = {name: Inputs(name, place / "seeds", state["seed"]) for name in readers}

    def go(name: str, count: int) -> None:
        counts = Counter(done.get(name, {}))
        first = counts["inputs"]
        more, found, seconds = run(inputs[name], range(first, first + count), place)
        done[name] = counts + more + Counter(seconds=seconds)
        for kind, number in found:
            numbers = failures.setdefault(f"{name}: {kind}", [])
            if len(numbers) < KEPT and number not in numbers:
                numbers.append(number)
                given.keep.mkdir(parents=True, exist_ok=True)
                write(inputs[name].files(number), given.keep / f"{name}-{number}")

    for name in readers:
        go(name, min(100, max(1, given.inputs // len(readers) // 4)))
    wanted = plan(readers, {name: done[name]["inputs"] / done[name]["seconds"] for name in readers}, given.inputs)
    while time.monotonic() < end and (left := [n for n in readers if done[n]["inputs"] < wanted[n]]):
        for name in left:
            go(name, min(max(CHUNK, wanted[name] // 20), wanted[name] - int(done[name]["inputs"])))
        if given.json:
            given.json.write_text(json.dumps(state, indent=1))
    print(table(done))
    for kind, numbers in failures.items():
        print(f"{kind}  (inputs {', '.join(map(str, numbers))})")
    return int(any(done[name].get(what, 0) for name in readers for what in COUNTS[3:]))


if __name__ == "__main__":
    sys.exit(main())
