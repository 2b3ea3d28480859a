"""Keys on the command line: every command that takes a set takes them, and says what it encrypted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from map_command import Run, write_sets

from facespace.cli.application import app
from facespace.embeddings import EmbeddingSet
from facespace.io import identity_of
from facespace.mapping import LinearMap


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.delenv("FACESPACE_KEY_FILE", raising=False)
    return Run(capsys)


@pytest.fixture
def made(run, tmp_path):
    """Sets a, b in plain, and a under the key one.key; two.key beside."""
    folder = write_sets(tmp_path)
    for name in ("one", "two"):
        run.json("key", "new", folder / f"{name}.key")
    EmbeddingSet.load(folder / "a.parquet").save(folder / "secret.parquet", key=folder / "one.key")
    return folder


def leaves(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), {option for parameter in command.params for option in parameter.opts}


def test_every_command_takes_keys_but_those_that_touch_no_set():
    import importlib

    import typer

    from facespace.cli.application import COMMANDS

    for name in COMMANDS:
        importlib.import_module(f"facespace.cli.{name}")
    found = dict(leaves(typer.main.get_command(app)))
    without = {" ".join(path) for path, options in found.items() if "--key-file" not in options}
    plain = {"demo", "compare", "detect", "key new", "key show"}
    assert without == plain | {f"models {name}" for name in ("list", "show", "new", "add", "check")}


def test_a_key_is_made_once(run, tmp_path):
    document = run.json("key", "new", tmp_path / "my.key", "--bits", "128")
    assert document == {"file": str(tmp_path / "my.key"), "id": "my", "bits": 128}
    assert "never overwritten" in run.error("key", "new", tmp_path / "my.key")["hint"]
    assert run.error("key", "new", tmp_path / "x.key", "--bits", "100")["type"] == "KeyFileError"


def test_info_needs_the_key(run, made):
    told = run.error("info", made / "secret.parquet")
    assert (told["type"], "--key-file FILE or FACESPACE_KEY_FILE" in told["hint"]) == ("NoKeyError", True)
    assert run.error("info", made / "secret.parquet", "--key-file", made / "two.key")["type"] == "WrongKeyError"
    assert run.json("info", made / "secret.parquet", "--key-file", made / "one.key")["rows"] == 120


def test_a_key_from_the_environment_opens_and_a_folder_of_keys_too(run, made, monkeypatch):
    monkeypatch.setenv("FACESPACE_KEY_FILE", str(made / "one.key"))
    assert run.json("info", made / "secret.parquet")["rows"] == 120
    monkeypatch.setenv("FACESPACE_KEY_FILE", str(made))
    assert run.json("info", made / "secret.parquet")["rows"] == 120


def test_what_is_made_with_a_key_is_encrypted_and_said_to_be(run, made):
    keys = ("--key-file", made / "one.key")
    assert run("map", "fit", made / "secret.parquet", made / "b.parquet", "-o", made / "m.safetensors", *keys, "-q") == 0
    assert "b.parquet is not encrypted" in run.err
    LinearMap.load(made / "m.safetensors")
    for output in ("moved.parquet", "moved"):
        document = run.json("map", "apply", made / "m.safetensors", made / "secret.parquet", "-o", made / output, *keys)
        assert document["encrypted"] == "one"
        moved = EmbeddingSet.load(made / output, key=made / "one.key")
        assert len(moved) == 120
    assert identity_of(next((made / "moved").glob("*.parquet"))).key == "one"
    # The folder is begun again with another key: it is another folder.
    again = ("map", "apply", made / "m.safetensors", made / "secret.parquet", "-o", made / "moved")
    assert "is there already" in run.error(*again, *keys[:1], made / "two.key", *keys)["message"]
    assert run.json(*again, *keys)["resumed"] == 120
    told = run.error("map", "apply", made / "m.safetensors", made / "secret.parquet", "-o", made / "moved.npz", *keys)
    assert (told["type"], "name it .parquet" in told["hint"]) == ("EncryptionError", True)
    assert not (made / "moved.npz").exists()


def test_maps_are_encrypted_too_if_asked_for(run, made):
    pair = (made / "secret.parquet", made / "secret.parquet")
    keys = ("--key-file", made / "one.key", "--encrypt-maps")
    run.json("map", "fit", *pair, "-o", made / "m.safetensors", *keys)
    assert run.error("map", "check", made / "m.safetensors", made / "a.parquet")["type"] == "NoKeyError"
    assert run.json("info", made / "m.safetensors", *keys[:2])["kind"] == "map"
    assert "needs a key" in run.error("map", "fit", *pair, "-o", made / "m.safetensors", "--encrypt-maps")["message"]


def test_rotate_show_and_adopt(run, made):
    keys = ("--key-file", made / "one.key")
    found = run.json("key", "show", made / "secret.parquet", made / "a.parquet")
    assert (found["keys"], found["plain"]) == ({"one": 1}, 1)
    assert run.error("key", "rotate", made / "secret.parquet", "--to", made / "two.key")["type"] == "WrongKeyError"
    turned = run.json("key", "rotate", made / "secret.parquet", made / "a.parquet", "--to", made / "two.key", *keys)
    assert [len(turned[name]) for name in ("done", "before", "encrypted")] == [2, 0, 1]
    assert turned["key"] == "two"
    assert run.json("key", "show", made / "a.parquet")["files"][0]["name"] == "a.parquet"
    (made / "a.parquet").rename(made / "renamed.parquet")
    keys = ("--key-file", made / "two.key")
    assert run.error("info", made / "renamed.parquet", *keys)["type"] == "MovedFileError"
    assert run.json("key", "adopt", made / "renamed.parquet", *keys)["done"] == [str(made / "renamed.parquet")]
    assert run.json("info", made / "renamed.parquet", *keys)["rows"] == 120
    assert run("key", "show", made / "renamed.parquet") == 0
    assert "encrypted under 'two'" in run.out


def test_a_rotated_folder_keeps_its_journal_true(run, made):
    from facespace.io import MANIFEST, checksum_line

    keys = ("--key-file", made / "one.key")
    run.json("map", "fit", made / "secret.parquet", made / "secret.parquet", "-o", made / "m.safetensors", *keys)
    run.json("map", "apply", made / "m.safetensors", made / "secret.parquet", "-o", made / "moved", *keys)
    run.json("key", "rotate", made / "moved", "--to", made / "two.key", *keys)
    lines = [json.loads(line) for line in (made / "moved" / MANIFEST).read_text().splitlines()]
    assert all(checksum_line(made / "moved" / line["file"]).items() <= line.items() for line in lines)


def test_encrypted_galleries_are_read_moved_and_switched(run, made):
    """A file and a folder: begun, put in parts, completed, switched and back, under the key throughout."""
    from facespace.gallery.stores import Origin, Templates, open_gallery
    from facespace.io import use_keys

    for url in (made / "gallery.parquet", made / "gallery"):
        with use_keys(made / "one.key"):
            store = open_gallery(str(url))
            ids = [f"p{n}/1" for n in range(40)]
            vectors = np.random.default_rng(2).normal(size=(40, 6)).astype("f4")
            store.write_all(iter([Templates(ids, vectors, None)]), "old")
            store.begin(Origin("plan", "new", 6))
            for part in store.parts(10):
                rows = list(store.read(part))
                store.put(part, iter([Templates(r.ids, -r.vectors, ["new"] * len(r.ids)) for r in rows]))
            store.complete()
            store.switch()
            assert np.array_equal(np.concatenate([t.vectors for t in store.scan()]), -vectors)
            assert np.array_equal(np.concatenate([t.vectors for t in store.scan("old")]), vectors)
        files = [path for path in made.rglob("*.parquet") if "gallery" in path.as_posix()]
        assert all(identity_of(path) is not None for path in files)
        run.json("key", "rotate", url, "--to", made / "two.key", "--key-file", made / "one.key")
        with use_keys(made / "two.key"):
            assert open_gallery(str(url)).info().count == 40
            open_gallery(str(url)).back()
            assert np.array_equal(np.concatenate([t.vectors for t in open_gallery(str(url)).scan()]), vectors)
            assert np.array_equal(EmbeddingSet.load(url).vectors, vectors)
        assert run.error("gallery", "info", url)["type"] == "NoKeyError"
        target = f"sqlite:{made}/{url.stem}{url.suffix}.db#faces"
        assert run("gallery", "copy", url, target, "--key-file", made / "two.key") == 0
        assert "no store that facespace encrypts" in run.err


def test_fits_of_encrypted_files_leave_nothing_plain_in_temporary_files(made, monkeypatch):
    """A target in another order is brought into the source's in files; what is in these is not its numbers."""
    from facespace.io import Scratch
    from facespace.mapping import fit_map

    pytest.importorskip("cryptography")
    a = EmbeddingSet.load(made / "a.parquet")
    order = np.random.default_rng(0).permutation(len(a))
    a.take(order).save(made / "other.parquet", key=made / "one.key")
    written, plain = [], Scratch.append

    def append(self, path, numbers):
        plain(self, path, numbers)
        written.append((path.read_bytes(), numbers[:1].tobytes()))

    monkeypatch.setattr(Scratch, "append", append)
    one, two = (EmbeddingSet.open(made / f"{name}.parquet", key=made / "one.key") for name in ("secret", "other"))
    fitted = fit_map(one, two, "ols")
    assert written
    assert not any(row in data for data, row in written)
    assert np.allclose(fitted.weight, fit_map(a, a.take(order), "ols").weight, atol=1e-5)
