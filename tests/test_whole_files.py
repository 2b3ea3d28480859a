"""A writer that fails, or is killed, in the middle leaves the old file as it was, and nothing half-written beside it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from facespace.cli import main
from facespace.embeddings import EmbeddingSet
from facespace.errors import OutputError
from facespace.io import artefact, atomic_write, check_folder, locked, partial_of, unfinished, write_json
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


def test_a_link_stays_one_and_what_it_points_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / "disk" / "real.dat", tmp_path / "link.json"
    real.write_bytes(OLD)
    link.symlink_to(real)
    write_json({"a": 1}, link)
    assert link.is_symlink()
    assert real.read_text() == link.read_text() == '{\n  "a": 1\n}\n'
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["disk", "link.json", "real.dat"]


def test_a_pipe_or_device_is_never_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, tmp_path / "link"):
        if place != pipe:
            place.symlink_to(pipe)
        with pytest.raises(OutputError, match="a pipe or a device"), atomic_write(place):
            pass
    assert pipe.is_fifo()


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    private = tmp_path / "private.json"
    private.write_bytes(OLD)
    private.chmod(0o600)
    write_json({}, private)
    assert private.stat().st_mode & 0o777 == 0o600
    before = os.umask(0o027)
    try:
        write_json({}, tmp_path / "new.json")
    finally:
        os.umask(before)
    assert (tmp_path / "new.json").stat().st_mode & 0o777 == 0o640


def test_threads_that_write_leave_the_umask_as_it_was(tmp_path, monkeypatch):
    set_umask, before = os.umask, os.umask(0o077)

    def slow(mask):  # another thread comes between its being set and its being set back
        found = set_umask(mask)
        time.sleep(0.01)
        return found

    monkeypatch.setattr(os, "umask", slow)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: write_json({}, tmp_path / f"{number}.json"), range(16)))
    finally:
        found = set_umask(before)
    assert found == 0o077
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("output", [".", "..", "/"])
def test_an_output_without_a_name_of_its_own_is_refused(output):
    with pytest.raises(OutputError, match="it is a folder that is there"):
        partial_of(Path(output))


def test_a_folder_that_is_called_as_an_unfinished_one_and_is_somebodys_stays(tmp_path):
    mine = tmp_path / "moved.partial" / "deep" / "precious.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(OLD)
    told = r"moved\.partial is needed.*deep/precious\.parquet"
    with pytest.raises(OutputError, match=told), unfinished(tmp_path / "moved", {}, "settings"):
        pass
    with pytest.raises(OutputError, match=r"moved\.partial is needed"):
        _sets()[0].save(tmp_path / "moved", rows_per_file=10)
    assert mine.read_bytes() == OLD
    mine.unlink()
    (tmp_path / "moved.partial" / "part-000000.parquet").write_bytes(b"half")  # of a killed save
    assert len(EmbeddingSet.load(_sets()[0].save(tmp_path / "moved", rows_per_file=10))) == 40


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").exists(), reason="root may write anywhere but to /proc")
def test_a_lock_that_cannot_be_made_is_an_output_error():
    with pytest.raises(OutputError, match="can't write into /proc"), locked(Path("/proc/moved.lock")):
        pass
