"""A little of scripts/tamper_encrypted.py and scripts/kill_rotations.py: nothing is read wrongly, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
if not SCRIPTS.exists() or not hasattr(os, "fork"):
    pytest.skip("not a checkout, or a system without fork", allow_module_level=True)
pytest.importorskip("cryptography")


def _run(*words):
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_tampered_files_are_not_read_as_anything_else():
    *_, last = _run(SCRIPTS / "tamper_encrypted.py", "--files", "170")
    name, files, refused, right, wrong, fault = last.split()[:6]
    assert (name, int(files), int(wrong), int(fault)) == ("all", 170, 0, 0)
    assert int(refused) >= 165
    assert int(refused) + int(right) == 170


def test_killed_rotations_lose_nothing():
    *_, heads, counts = _run(SCRIPTS / "kill_rotations.py", "--kills", "2")
    assert heads.split()[:3] == ["kills", "old", "new"]
    assert counts.split()[0] == "2"
