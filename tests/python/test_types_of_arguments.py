"""mypy --strict of a user's file: what functions take is in their annotations, and what they don't take is an error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USER = """
from pathlib import Path

import numpy as np

import facespace as fs
from facespace.mapping import fit_map

x = np.zeros((3, 4), dtype=np.float32)
faces = fs.EmbeddingSet(x, ["a", "b", "c"])
stored = fs.EmbeddingSet.open("a.parquet")
fitted: fs.LinearMap = fit_map("a.parquet", x, "ridge", protocol="pairs.csv", exclude=Path("tested.csv"))
moved: fs.EmbeddingSet = fitted.apply("a.parquet")
both: fs.TwoSidedMap = fit_map(faces, stored, "joint", start="map.safetensors")

fs.verify("a.parquet", Path("b.parquet"), protocol="pairs.csv", map="map.safetensors", fars=1e-3, cohort="c.parquet")
fs.verify(faces, [[0.1, 0.2]], map=fitted, cohort=(faces, "d.parquet"))
fs.verify(faces, faces, map=both).tar
fs.identify(stored, x, map="map.safetensors", fpirs=[0.01])
fs.match_probes("a.parquet", faces)
fs.compare_systems(fs.System("a.parquet"), fs.System(faces, x, map="map.safetensors"), protocol="pairs.csv")
fs.audit_labels(["a.parquet", faces, x])
fs.audit_linkage("a.parquet", "b.parquet")
fs.audit_privacy(["a.parquet"], protocol="pairs.csv")
fs.audit_protections(x, others=["b.parquet"])
fs.audit_mixture("a.parquet", stored)
fs.audit_attributes("a.parquet", {"glasses": {"a": "yes"}})
fs.check_pairs("a.parquet", "b.parquet")
fs.compare_capacity([x, "b.parquet"])
fs.estimate_capacity("a.parquet")
fs.gallery_size(x, fpir=0.1, fnir=0.1)
fs.plan_capacity("a.parquet", fpir=0.1, fnir=0.1)
fs.transfer_threshold("map.safetensors", "a.parquet", "b.parquet", far=[1e-2, 1e-3])
fs.refine_map("map.safetensors", "a.parquet", "b.parquet")
fs.cross_model_study(["a.parquet", faces], "pairs.csv")
fs.hub_study(["a.parquet", x], "pairs.csv")
fs.pairs_needed("a.parquet", x)
fs.rank_study("a.parquet", x, "pairs.csv")
fs.sensitivity_study("a.parquet", x, "pairs.csv")
fs.study_agreement("a.parquet", x)
fs.CanonicalSpace.fit({"a": "a.parquet", "b": x}).apply("a", "a.parquet")

fs.verify(3)  # wrong
fs.verify("a.parquet", protocol=3)  # wrong
fs.verify("a.parquet", map=object())  # wrong
fit_map("a.parquet", None)  # wrong
fs.gallery_size("a.parquet", fpir="high")  # wrong
"""


def test_a_users_file_is_checked(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    options = ["--strict", f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}", "--no-pretty"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, tmp_path / "user.py"],
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        check=False,
    )
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    wrong = {at for at, line in enumerate(USER.splitlines(), 1) if line.endswith("# wrong")}
    assert found == wrong, done.stdout + done.stderr
