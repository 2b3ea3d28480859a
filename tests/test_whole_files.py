"""A writer that fails, or is killed, in the middle leaves the old file as it was, and nothing half-written beside it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from facespace.cli import main
from facespace.embeddings import EmbeddingSet
from facespace.errors import OutputError
from facespace.io import artefact, atomic_write, check_folder, write_json
from facespace.mapping import fit_map, pair_statistics
from facespace.report import Report, Text

OLD = b"the old file"


def _full_disk(path):
    """Write a part of it, then find the disk full."""
    if isinstance(path, str | Path):
        Path(path).write_bytes(b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sets():
    rng = np.random.default_rng(0)
    x, ids = rng.normal(size=(40, 4)), [str(i) for i in range(40)]
    return EmbeddingSet(x, ids, model="a"), EmbeddingSet(x @ rng.normal(size=(4, 4)), ids, model="b")


def _fitted():
    return fit_map(*_sets(), "ridge")


def _onnx(patch, path):
    onnx = pytest.importorskip("onnx")
    patch.setattr(onnx, "save", lambda model, place, *_, **__: _full_disk(place))
    return _fitted().to_onnx(path)


def _artefact(write):
    def half(_):
        yield b"half"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def run(patch, path):
        patch.setattr(artefact, "_in_order", half)
        return write(path)

    return run


def _patched(target, name, where, write):
    def run(patch, path):
        patch.setattr(target, name, lambda *arguments, **_: _full_disk(arguments[where]))
        return write(path)

    return run


def _report(path):
    report = Report("title", "", "signature")
    report.add(Text("words", ["many"]))
    return report.write(path.parent)


WRITERS = {
    "set.parquet": _patched(pyarrow.parquet.ParquetWriter, "__init__", 1, lambda path: _sets()[0].save(path)),
    "set.npz": _patched(np, "savez", 0, lambda path: _sets()[0].save(path)),
    "set.npy": _patched(np, "save", 0, lambda path: _sets()[0].save(path)),
    "map.safetensors": _artefact(lambda path: _fitted().save(path)),
    "statistics.safetensors": _artefact(lambda path: pair_statistics(*_sets()).save(path)),
    "map.onnx": _onnx,
    "results.json": _patched(Path, "write_text", 0, lambda path: write_json({"a": 1}, path)),
    "report.html": _patched(Path, "write_bytes", 0, _report),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file(name, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_bytes(OLD)
    with monkeypatch.context() as patch:
        if name in ("results.json", "report.html"):  # these write by Path itself
            real = Path.write_bytes
            patch.setattr(sys.modules[__name__], "_full_disk", lambda place: _half(real, place))
        with pytest.raises(OutputError, match=rf"can't write {path}: No space left"):
            WRITERS[name](patch, path)
    assert path.read_bytes() == OLD
    assert [p.name for p in tmp_path.iterdir()] == [name]


def _half(write, place):
    write(Path(place), b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_through_the_command_line_it_is_a_message_and_exit_code_two(tmp_path, monkeypatch, capsys):
    sets = [faces.save(tmp_path / f"{faces.model}.parquet") for faces in _sets()]
    _fitted().save(tmp_path / "map.safetensors")
    out = tmp_path / "out.parquet"
    out.write_bytes(OLD)
    monkeypatch.setattr(pyarrow.parquet.ParquetWriter, "__init__", lambda _, place, *__, **___: _full_disk(place))
    code = main(["map", "apply", str(tmp_path / "map.safetensors"), str(sets[0]), "-o", str(out)])
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert "No space left" in said.err
    assert "Traceback" not in said.err
    assert out.read_bytes() == OLD


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ValueError])
def test_any_other_failure_leaves_the_old_file_and_goes_on_up(error, tmp_path):
    path = tmp_path / "old.txt"
    path.write_bytes(OLD)

    def fail():
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "old.parquet"
    path.write_bytes(OLD)
    script = (
        "import os, signal, sys\n"
        "from facespace.io.files import atomic_write\n"
        "with atomic_write(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == OLD
    assert len(list(tmp_path.iterdir())) == 2
    mine = tmp_path / ".old-settings.parquet"
    mine.write_bytes(b"the user's")
    with atomic_write(path) as temporary:
        temporary.write_bytes(b"new")
    assert sorted(tmp_path.iterdir()) == [mine, path]


def test_a_writer_at_work_is_not_swept_away_by_another(tmp_path):
    path = tmp_path / "set[1].npz"
    with atomic_write(path) as first:
        first.write_bytes(b"first")
        with atomic_write(path) as second:
            second.write_bytes(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_could_be_made_is_fine_and_nothing_is_made(tmp_path):
    check_folder(tmp_path)
    check_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_folder_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    for place in ("file", "file/below", "lost", "lost/below"):
        with pytest.raises(OutputError, match="is not a folder"):
            check_folder(tmp_path / place)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_locked_folder_is_told_before_the_work(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="no permission"):
            check_folder(tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


def test_the_new_file_has_ordinary_permissions(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    write_json({}, tmp_path / "ours.json")
    assert (tmp_path / "ours.json").stat().st_mode == plain.stat().st_mode
