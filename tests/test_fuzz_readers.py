"""A short run of scripts/fuzz_readers.py, which has the whole of it: every reader on spoiled files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts/fuzz_readers.py"
if not SCRIPT.exists() or not hasattr(os, "fork"):
    pytest.skip("not a checkout, or a system without fork", allow_module_level=True)


def test_spoiled_files_are_read_or_refused(tmp_path):
    pytest.importorskip("torch", reason="students and checkpoints need the extra torch")
    pytest.importorskip("onnx", reason="the seeds need the extra onnx")
    table = tmp_path / "fuzz.json"
    command = [sys.executable, SCRIPT, "--inputs", "2000", "--seed", "13", "--json", table, "--keep", tmp_path / "kept"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(table.read_text())["readers"]
    assert len(counts) > 25
    assert all(row["inputs"] == row["accepted"] + row["refused"] and row["refused"] > 0 for row in counts.values())
