"""A few kills of scripts/kill_runs.py, which has sixty a job: whatever is left is whole, and the next run tidies up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts/kill_runs.py"
if not SCRIPT.exists() or not hasattr(os, "fork"):
    pytest.skip("not a checkout, or a system without fork", allow_module_level=True)


@pytest.mark.parametrize("names", [("map fit", "save npy"), ("embed, then --resume",)])
def test_killed_runs_leave_whole_files(names, request):
    if names[0].startswith("embed"):
        request.getfixturevalue("shared")
    options = [word for name in names for word in ("--only", name)]
    command = [sys.executable, SCRIPT, "--kills", "2", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[:22].strip() for line in done.stdout.splitlines()[1:]] == list(names)
