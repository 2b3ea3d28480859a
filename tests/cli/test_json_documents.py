"""docs/json.md holds for what the commands print: every key is in it, and every rate is a fraction."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from map_command import Run, write_sets

from facespace.capacity import estimate
from facespace.embeddings import EmbeddingSet
from facespace.io import new_key_file
from facespace.mapping import CanonicalSpace, fit_map, pair_statistics

PATTERNS = {
    tuple(pattern.split("."))
    for pattern in re.findall(r"`([a-z0-9_*.]+)`", (Path(__file__).parents[2] / "docs/json.md").read_text(encoding="utf-8"))
}
RATES = {
    "accuracy",
    "tar",
    "sd",
    "low",
    "high",
    "auc",
    "eer",
    "fnir",
    "rate",
    "rank1",
    "gain",
    "error",
    "fpir",
    "difference",
}
NUMBERS_OF = {  # whose low and high are no ends of a rate
    "capacity": [
        (*names, end)
        for names in (
            ("points",),
            ("gallery_size", "people"),
            ("gallery_size", "measured"),
            ("gallery_size", "with_suspects"),
            ("gallery_size", "targets", "people"),
            ("bound_by_dim",),
            ("networks", "people"),
            ("networks", "measured"),
            ("networks", "bound", "largest"),
            ("networks", "bound", "median"),
            ("networks", "bound", "by_dim"),
            ("pairs", "ratio"),
            ("targets", "people"),
            ("templates", "people"),
            ("templates", "ratio"),
        )
        for end in ("low", "high")
    ],
    "audit protections": [("half", "low"), ("half", "high")],
    "audit report": [("protections", "half", "low"), ("protections", "half", "high")],
    "study pairs-needed": [("low",), ("high",)],
    "study agreement": [
        (*names, end)
        for names in (
            ("networks", "usable"),
            ("networks", "effective"),
            ("bins", "kappa"),
            ("bins", "kappa_through"),
            ("kappa",),
        )
        for end in ("low", "high")
    ],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three sets of 40 people, pairs in five folds, ids to fit on, and a gallery beside its probes."""
    folder = write_sets(tmp_path_factory.mktemp("documents"))
    sets = {f"net-{n}": EmbeddingSet.load(folder / f"{n}.parquet") for n in "abc"}
    b = sets["net-b"]
    fit_map(*list(sets.values())[:2]).save(folder / "map.safetensors")
    pair_statistics(*list(sets.values())[:2]).save(folder / "statistics.safetensors")
    CanonicalSpace.fit(sets).save(folder / "hub.safetensors")
    CanonicalSpace.fit({name: sets[name] for name in ("net-a", "net-b")}).save(folder / "two.safetensors")
    shared = sorted(b.ids.tolist())
    with (folder / "pairs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "same", "fold"])
        for p in range(40):
            for x, y, same in ((f"p{p:02d}/0", f"p{p:02d}/1", 1), (f"p{p:02d}/0", f"p{(p + 5) % 40:02d}/1", 0)):
                if {x, y} <= set(shared):
                    writer.writerow([x, y, same, p % 5])
    (folder / "fit.txt").write_text("\n".join(name for name in shared if int(name[1:3]) >= 24))
    rows = [f"{name},{int(name[1:3]) % 2}" for name in sets["net-a"].ids.tolist()]
    (folder / "labels.csv").write_text("\n".join(["id,odd", *rows]))
    image = np.array([name[-1] for name in b.ids.tolist()])
    b.take(np.flatnonzero(image == "0")).save(folder / "gallery.parquet")
    b.take(np.flatnonzero(image != "0")).save(folder / "probes.parquet")
    late = np.array([int(name[1:3]) >= 20 for name in b.ids.tolist()])
    some = b.ids[late].tolist()
    fit_map(sets["net-a"].select(some), b.select(some), "ridge").save(folder / "late.safetensors")
    early = np.array([int(name[1:3]) < 12 for name in b.ids.tolist()])
    b.take(np.flatnonzero(early)).save(folder / "early.parquet")
    new_key_file(folder / "k.key")
    b.save(folder / "plain.parquet")
    b.save(folder / "locked.parquet", key=folder / "k.key")
    b.take(np.flatnonzero(~early & ~late)).save(folder / "fresh.parquet")
    return folder


PLAN = "migrate plan sqlite:g.db#faces --map late.safetensors --check a.parquet early.parquet -o plan.json"
COMMANDS = [
    "audit labels a.parquet c.parquet",
    "models show openvino-0095",
    "map fit a.parquet b.parquet -o auto.safetensors --statistics sums.safetensors",
    "map fit a.parquet b.parquet -o few.safetensors --method ridge --pairs pairs.csv",
    "map apply map.safetensors a.parquet -o mapped.npz",
    "map fit a.parquet b.parquet -o started.safetensors --start map.safetensors",
    "map get",
    "map get w600k-mbf openvino-0095 -o shipped.safetensors",
    "map check map.safetensors a.parquet",
    "map threshold map.safetensors a.parquet b.parquet --far 1e-2 --pairs 5000",
    "info a.parquet",
    "info map.safetensors",
    "info statistics.safetensors",
    "gallery copy a.parquet sqlite:g.db#faces",
    "gallery info sqlite:g.db#faces",
    f"{PLAN} --far 1e-1 --margin 90",
    "migrate run plan.json",
    "migrate verify plan.json --fresh a.parquet fresh.parquet",
    "migrate switch plan.json",
    "gallery info sqlite:g.db#faces",
    "migrate order plan.json --check a.parquet early.parquet -o order.csv",
    "migrate back plan.json",
    "migrate status plan.json",
    "canonical fit a.parquet b.parquet -o fitted.safetensors",
    "canonical join two.safetensors c.parquet a.parquet b.parquet -o joined.safetensors",
    "info hub.safetensors",
    "canonical fuse hub.safetensors a.parquet c.parquet -o fused.npz",
    "canonical report hub.safetensors a.parquet b.parquet c.parquet --pairs pairs.csv",
    "verify a.parquet b.parquet --map map.safetensors --pairs pairs.csv --far 1e-1",
    "verify a.parquet --against c.parquet --pairs pairs.csv --far 1e-1",
    "verify none.parquet --pairs pairs.csv",
    "identify gallery.parquet probes.parquet --fpir 1e-1",
    "study cross-model a.parquet b.parquet --pairs pairs.csv --methods ridge,auto",
    "study sensitivity a.parquet b.parquet --pairs pairs.csv --sizes 20,40 --methods ridge --repeats 2",
    "study rank a.parquet b.parquet --pairs pairs.csv --ranks 2,6 --methods ridge",
    "study pairs-needed a.parquet b.parquet --repeats 2 --method rotation",
    "study agreement a.parquet b.parquet --far 1e-1 --resamples 20",
    "study templates a.parquet b.parquet --fit-ids fit.txt --far 1e-1",
    "key new new.key",
    "key show a.parquet locked.parquet",
    "key rotate plain.parquet --to k.key",
    "key adopt locked.parquet --key-file k.key",
    "audit linkage a.parquet b.parquet --leaked 6,12 --repeats 2 --fpir 0.2",
    "audit protections a.parquet c.parquet --leaked 0,6 --repeats 1 --fpir 0.2 --only rotation,1-bit",
    "audit attributes a.parquet --labels labels.csv --only rotation",
    "audit report a.parquet b.parquet --labels labels.csv --quick",
    "audit report locked.parquet --key-file k.key --quick",
    "capacity a.parquet --q 0.1,0.01 --dim 3 --validate",
    "capacity --compare a.parquet b.parquet --dim 3 --fnir 0.1",
    "capacity plan a.parquet --fnir 0.1",
]


def leaves(value, path=()):
    """Every value that is no container, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def documented(path):
    return any(
        len(pattern) == len(path) and all(wanted in ("*", key) for wanted, key in zip(pattern, path, strict=True))
        for pattern in PATTERNS
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_is_documented_and_every_rate_is_a_fraction(command, made, capsys, monkeypatch):
    monkeypatch.chdir(made)
    monkeypatch.setattr(estimate, "_STEPS", 20)
    monkeypatch.setattr(estimate, "_FEW_STEPS", 5)
    found = list(leaves(Run(capsys).json(*command.split(), code=2 if "none" in command else 0)))
    assert sorted({".".join(path) for path, _ in found if not documented(path)}) == []
    exempt = next((paths for name, paths in NUMBERS_OF.items() if command.startswith(name)), [])
    for path, value in found:
        rate = path[-1] in RATES or path[-1].startswith("loss") or path[-1].endswith(("_loss", "_low", "_high"))
        if rate and path not in exempt and isinstance(value, int | float):
            assert -1 <= value <= 1, path
        if path[-1] == "pairs" and value is not None:
            assert isinstance(value, int), path
