"""Claim: info, map fit, map apply and identify take time in proportion to the set, and the same memory whatever its size.

    python benchmarks/large_sets.py FOLDER [--rows 100000 1000000 4000000] [--chart PNG]

Sets of `scripts/make_large_set.py` are made in FOLDER (4.2 kB a row; kept, so that the next run finds them), and each
command runs in a process of its own. Prints wall seconds, rows a second and the peak of resident memory, and keeps them in
FOLDER/results.json; the chart is of all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "make_large_set.py"
COMMANDS = {
    "info": "info a",
    "map fit --method ridge": "map fit a b -o ridge.safetensors --method ridge",
    "map fit (auto)": "map fit a b -o map.safetensors",
    "map apply → folder": "map apply map.safetensors a -o mapped",
    "map apply → file": "map apply map.safetensors a -o mapped.parquet",
    "identify, 2,000 probes": "identify a probes.parquet",
}


def measured(folder: Path, command: str) -> tuple[float, float]:
    """Wall seconds and peak GB of one command, run in a fork that has no other child."""
    for left in ("mapped", "mapped.parquet"):
        shutil.rmtree(folder / left, ignore_errors=True)
        (folder / left).unlink(missing_ok=True)
    code = f"from facespace.cli import main; import sys; sys.argv = ['facespace', *{command.split()!r}, '--quiet']; main()"
    start = time.perf_counter()
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        rc = subprocess.run([sys.executable, "-c", code], cwd=folder).returncode
        os.write(writer, f"{rc} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    rc, peak = map(int, os.read(reader, 100).split())
    assert rc == 0, command
    return time.perf_counter() - start, peak / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 4_000_000])
    parser.add_argument("--chart", type=Path)
    given = parser.parse_args()
    kept = given.folder / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else []
    print(f"{'':<26}{'rows':>12}{'seconds':>10}{'rows/s':>12}{'peak GB':>10}")
    for count in given.rows:
        folder = given.folder / f"{count}"
        if not (folder / "probes.parquet").exists():
            subprocess.run([sys.executable, SCRIPT, folder, "--rows", str(count)], check=True)
        for name, command in COMMANDS.items():
            seconds, peak = measured(folder, command)
            results = [row for row in results if (row["command"], row["rows"]) != (name, count)]
            results.append({"command": name, "rows": count, "seconds": seconds, "peak GB": peak})
            kept.write_text(json.dumps(results))
            print(f"{name:<26}{count:>12,}{seconds:>10.1f}{count / seconds:>12,.0f}{peak:>10.2f}", flush=True)
    if given.chart:
        chart(results, given.chart)


def chart(results: list[dict[str, object]], path: Path) -> None:
    import altair as alt

    base = alt.Chart(alt.Data(values=results)).mark_line(point=True)
    log, axis = alt.Scale(type="log"), alt.Axis(format="~s")
    x = alt.X("rows:Q", scale=log, title="embeddings in the set, 512 numbers each", axis=axis)
    color = alt.Color("command:N", sort=list(COMMANDS), title=None)
    seconds = base.encode(x, alt.Y("seconds:Q", scale=log, title="seconds"), color)
    memory = base.encode(x, alt.Y("peak GB:Q", scale=alt.Scale(domain=[0, 2.5]), title="peak memory, GB"), color)
    (seconds.properties(width=380, height=300) | memory.properties(width=380, height=300)).save(str(path), ppi=144)


if __name__ == "__main__":
    main()
