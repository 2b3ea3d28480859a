"""embed into a folder of files: the same vectors, in parts that a kill can't spoil."""

from __future__ import annotations

import csv
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import facespace.models._pipeline as pipeline
from facespace.embeddings import EmbeddingSet, StoredSet
from facespace.engine import LocalEngine
from facespace.errors import InputError, OutputError
from facespace.images import read_image
from facespace.io import to_json
from facespace.models import embed
from facespace.models.faces import Detected, choose_aligner


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_folder_holds_what_one_file_would(crops, tiny, tmp_path):
    (crops / "bob/1.png").write_bytes(b"text")
    for number in range(3):
        (crops / f"eve/{number}.png").write_bytes(b"")
    whole = embed(crops, tiny, aligned=True, out=tmp_path / "set.parquet")
    result = embed(crops, tiny, aligned=True, out=tmp_path / "set", rows_per_file=3)
    assert isinstance(result.embeddings, StoredSet)
    found, wanted = EmbeddingSet.open(tmp_path / "set").load(), whole.embeddings
    assert found.ids.tolist() == wanted.ids.tolist()
    assert found.subject.tolist() == wanted.subject.tolist()
    assert found.metadata == wanted.metadata
    np.testing.assert_allclose(found.vectors, wanted.vectors, rtol=1e-4, atol=1e-4)
    assert (result.images, result.reasons, result.resumed) == (12, whole.reasons, 0)
    assert result.signature == whole.signature
    with (tmp_path / "set/failures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["bob/1", "eve/0", "eve/1", "eve/2"]
    assert str(tmp_path / "set/failures.csv") in to_json(result)
    names = [f"part-{number:06d}.parquet" for number in (0, 1, 3)]  # all three of Eve's failed
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        *["failures.csv", "journal.jsonl", "noted.csv"],
        *names,
        "settings.json",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crops", "networks", "set", "set.parquet"]


class Pickling(LocalEngine):
    """As an engine on another machine gets its work."""

    def map(self, function, tasks, done=None):
        return super().map(pickle.loads(pickle.dumps(function)), tasks, done)


def test_the_bytes_depend_neither_on_workers_nor_on_the_engine(crops, tiny, tmp_path):
    for name, how in {"a": {"workers": 1}, "b": {"workers": 3}, "c": {"engine": Pickling(2)}}.items():
        embed(crops, tiny, aligned=True, out=tmp_path / name, rows_per_file=5, batch_size=2, **how)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")
    with pytest.raises(InputError, match="an engine writes a folder"):
        embed(crops, tiny, aligned=True, engine=LocalEngine(1))


def test_a_stopped_run_goes_on_by_itself_with_the_same_settings(crops, tiny, tmp_path, monkeypatch):
    (crops / "ann/1.png").write_bytes(b"text")
    embed(crops, tiny, aligned=True, out=tmp_path / "whole", rows_per_file=3)
    plain, computed = pipeline.embed_batch, []

    def stopping(images, *rest):
        if len(computed) == 3:
            raise KeyboardInterrupt
        computed.append(len(images))
        return plain(images, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "embed_batch", stopping)
        with pytest.raises(KeyboardInterrupt):
            embed(crops, tiny, aligned=True, out=tmp_path / "set", rows_per_file=3, workers=1)
    with pytest.raises(OutputError, match="begun with another network, alignment, images, --batch-size"):
        embed(crops, tiny, aligned=True, out=tmp_path / "set", rows_per_file=4)
    told: list[int] = []
    result = embed(
        crops, tiny, aligned=True, out=tmp_path / "set", rows_per_file=3, progress=lambda done, whole: told.append(done)
    )
    assert result.resumed == told[0] == 9
    assert told[-1] == 12
    assert [s.id for s in result.skipped] == ["ann/1"]
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")
    with pytest.raises(OutputError, match="there already"):
        embed(crops, tiny, aligned=True, out=tmp_path / "set")


def test_no_embedding_at_all_leaves_nothing(crops, tiny, tmp_path):
    for path in crops.rglob("*.png"):
        path.write_bytes(b"text")
    (crops / "film.mov").write_bytes(b"")
    with pytest.raises(InputError, match=r"none of the 12 images .*unreadable: 12") as caught:
        embed(crops, tiny, aligned=True, out=tmp_path / "set")
    assert ".mov" in caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crops", "networks"]


def test_archives_and_tables_give_the_folders_vectors(crops, tiny, tmp_path):
    plain = embed(crops, tiny, aligned=True).embeddings
    with tarfile.open(tmp_path / "crops.tar", "w") as archive:
        for path in sorted(crops.rglob("*.png")):
            archive.add(path, path.relative_to(crops).as_posix())
    images = [{"bytes": (crops / f"{name}.png").read_bytes(), "path": f"{name}.png"} for name in plain.ids.tolist()]
    pq.write_table(pa.table({"image": images}), tmp_path / "crops.parquet", row_group_size=5)
    for place in (tmp_path / "crops.tar", tmp_path / "crops.parquet"):
        for out in (None, tmp_path / f"out-{place.suffix[1:]}"):
            found = embed(place, tiny, aligned=True, out=out, rows_per_file=5).embeddings
            found = found.load() if isinstance(found, StoredSet) else found
            assert found.ids.tolist() == plain.ids.tolist()
            assert found.subject.tolist() == plain.subject.tolist()
            np.testing.assert_allclose(found.vectors, plain.vectors, rtol=1e-4, atol=1e-4)


def test_damaged_members_are_failures(crops, tiny, tmp_path):
    with tarfile.open(tmp_path / "crops.tar", "w") as archive:
        for path in sorted(crops.rglob("*.png")):
            archive.add(path, path.relative_to(crops).as_posix())
    data = (tmp_path / "crops.tar").read_bytes()
    (tmp_path / "crops.tar").write_bytes(data[: len(data) // 2])
    result = embed(tmp_path / "crops.tar", tiny, aligned=True, out=tmp_path / "set", rows_per_file=4)
    assert result.reasons == {"unreadable": 2}
    assert "truncated" in result.skipped[0].detail
    assert "is lost" in result.skipped[1].detail
    assert 4 <= len(result.embeddings) <= 6


def test_ids_and_people_of_ones_choice(crops, tiny, tmp_path):
    table = tmp_path / "ids.csv"
    table.write_text("file,id,subject\nann/1.png,k1,Ann\nbob/0.png,k2,\nnobody.png,k3,\n")
    for out in (None, tmp_path / "set"):
        result = embed(crops, tiny, aligned=True, ids=table, out=out)
        found = result.embeddings.load() if out else result.embeddings
        assert (found.ids.tolist(), found.subject.tolist()) == (["k1", "k2"], ["Ann", ""])
        assert [(s.id, s.reason) for s in result.skipped] == [("k3", "unreadable")]


def test_what_travels_to_a_worker_can_be_pickled(shared):
    found = pickle.loads(pickle.dumps(choose_aligner(None, False, "yunet", shared / "models")))
    assert isinstance(found, Detected)
    image = read_image(next((shared / "data/lfw").rglob("*.jpg")))
    assert len(found.find("x", image).faces) >= 1


RUN = """
import sys
from facespace.models import embed
crops, card, out = sys.argv[1:]
embed(crops, card, aligned=True, out=out, rows_per_file=2, batch_size=1, workers=2)
"""


def test_killed_at_random_moments_it_ends_with_the_same_bytes(crops, tiny, tmp_path):
    """FACESPACE_KILLS=50 for more of them than the few that are quick."""
    (crops / "ann/1.png").write_bytes(b"text")
    for number in range(3, 12):
        shutil.copy(crops / "bob/1.png", crops / f"bob/{number}.png")
    command = [sys.executable, "-c", RUN, str(crops), str(tiny.path)]
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    chance = random.Random(0)
    wanted, kills, ended, parts = contents(tmp_path / "whole"), int(os.environ.get("FACESPACE_KILLS", "3")), 0, []
    out, partial = tmp_path / "set", tmp_path / "set.partial"
    while len(parts) < kills or not out.exists():
        process = subprocess.Popen([*command, str(out)])
        if len(parts) < kills:
            aim = chance.randrange(len(list((tmp_path / "whole").glob("part-*"))) + 2)
            while process.poll() is None and len(list(partial.glob("part-*.parquet"))) < aim:
                time.sleep(0.001)
            time.sleep(0.05 * chance.random())
            process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            parts.append(len(list(partial.glob("part-*.parquet"))))
        if out.exists() and len(parts) < kills:
            assert contents(out) == wanted
            shutil.rmtree(out)
            ended += 1
    print(f"{kills} killed, {ended + 1} ended; files there at the kills: {parts}")
    assert contents(out) == wanted
    assert not list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*"))
