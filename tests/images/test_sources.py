"""Where images come from: their ids, people and bytes, and what damage becomes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError
from facespace.images import named_by, open_images
from facespace.io import AesKey


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def read(source, start=0, stop=None) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for picture in source.pictures(start, len(source) if stop is None else stop):
        try:
            found[picture.id] = picture.read_bytes()
        except FileFormatError as error:
            found[picture.id] = error.message
    return found


def test_a_folder_is_read_in_the_order_of_its_ids(tmp_path):
    for name in ("bob/1.jpg", "ann/2.png", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    source = open_images(tmp_path)
    assert read(source) == {"ann/2": b"ann/2.png", "bob/1": b"bob/1.jpg"}
    assert read(source, 1, 2) == {"bob/1": b"bob/1.jpg"}
    assert (source.has_people, dict(source.others)) == (True, {".txt": 1})
    assert open_images([tmp_path]).ids == source.ids
    assert not open_images([tmp_path / "bob/1.jpg"]).has_people


def test_archives_give_their_images_and_labels_without_unpacking(tmp_path):
    one = {
        "./ann/1.jpg": b"a1",
        "ann/1.json": b'{"label": 7}',
        "ann/._1.jpg": b"-",
        "b.jpg": b"b",
        "b.cls": b"Bob\n",
        "x.md": b"",
    }
    other = {"c.png": b"c", "c.txt": b"two lines\nof text", "d.jpg": b"d", "d.json": b'{"subject": "Di", "name": "no"}'}
    write_tar(tmp_path / "s-0.tar", one)
    write_tar(tmp_path / "s-1.tar", other)
    for place in (tmp_path, str(tmp_path / "s-*.tar"), [tmp_path / "s-0.tar", tmp_path / "s-1.tar"]):
        source = open_images(place)
        assert read(source) == {"ann/1": b"a1", "b": b"b", "c": b"c", "d": b"d"}
        assert list(source.subjects) == ["7", "Bob", "", "Di"]
        assert dict(source.others) == {".md": 1}
    assert next(iter(source.pictures(0, 1))).path == tmp_path / "s-0.tar" / "ann/1.jpg"
    assert source.facts() == open_images(tmp_path).facts()
    assert open_images(write_tar(tmp_path / "p.tar", {"a/b/1.jpg": b"1"})).subjects is None


@pytest.mark.parametrize("cut", [700, 1536, 1700, 2048])
def test_a_damaged_archive_gives_what_lies_before_the_damage(tmp_path, cut):
    data = write_tar(tmp_path / "a.tar", {"1.jpg": b"1" * 600, "2.jpg": b"2" * 600}).read_bytes()
    (tmp_path / "a.tar").write_bytes(data[:cut])
    write_tar(tmp_path / "b.tar", {"3.jpg": b"3"})
    found = read(open_images(tmp_path))
    assert found.pop("3") == b"3"
    assert "is lost" in found.pop("a.tar", "is lost")
    assert all(value == name.encode() * 600 or "truncated" in value for name, value in found.items())
    assert set(found) == ({"1"} if cut < 2048 else {"1", "2"})


def test_a_damaged_header_is_told_and_no_end(tmp_path):
    data = bytearray(write_tar(tmp_path / "a.tar", {"1.jpg": b"1", "2.jpg": b"2"}).read_bytes())
    data[1024:1100] = b"x" * 76
    (tmp_path / "a.tar").write_bytes(data)
    found = read(open_images(tmp_path / "a.tar"))
    assert found["1"] == b"1"
    assert "damaged header; what stands from byte 1,024 on is lost" in found["a.tar"]


def test_what_is_no_archive_or_holds_no_image_is_refused(tmp_path):
    (tmp_path / "no.tar").write_bytes(b"text" * 300)
    with pytest.raises(InputError, match=r"no images in .*no\.tar"):
        open_images(tmp_path / "no.tar")
    write_tar(tmp_path / "text.tar", {"1.md": b""})
    with pytest.raises(InputError, match=r"1 file is no image that can be read: \.md"):
        open_images(tmp_path / "text.tar")
    for number in (1, 2):
        write_tar(tmp_path / f"same-{number}.tar", {"1.jpg": b"1"})
    with pytest.raises(InputError, match=r"share: '1' \(1.jpg, 1.jpg\)"):
        open_images(str(tmp_path / "same-*.tar"))
    with pytest.raises(InputError, match="no files"):
        open_images(str(tmp_path / "nowhere-*.tar"))
    with pytest.raises(InputError, match="no images"):
        open_images(tmp_path / "nowhere.tar")


def test_tables_as_hugging_face_writes_them(tmp_path):
    images = [{"bytes": b"1", "path": "ann/1.jpg"}, {"bytes": None, "path": "bob/2.jpg"}, {"bytes": b"3", "path": "c/3.png"}]
    pq.write_table(pa.table({"image": images, "label": [4, 5, 4]}), tmp_path / "t.parquet", row_group_size=2)
    source = open_images(tmp_path / "t.parquet")
    found = read(source)
    assert (found.pop("ann/1"), found.pop("c/3")) == (b"1", b"3")
    assert "no bytes" in found.pop("bob/2")
    assert list(source.subjects) == ["4", "5", "4"]
    assert read(source, 2, 3) == {"c/3": b"3"}
    pq.write_table(pa.table({"image": images, "label": [4, 5, 4], "key": ["x", "y", "z"]}), tmp_path / "t.parquet")
    assert list(open_images(tmp_path).ids) == ["x", "y", "z"]


def test_tables_of_bytes_and_columns_of_ones_choice(tmp_path):
    table = pa.table({"face": [b"1", b"2"], "thumb": [b"-", b"-"], "number": [10, 11], "who": ["ann", None]})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(FileFormatError, match="several: face, thumb"):
        open_images(tmp_path / "t.parquet")
    source = open_images(tmp_path, {"image": "face", "id": "number", "subject": "who"})
    assert read(source) == {"10": b"1", "11": b"2"}
    assert list(source.subjects) == ["ann", ""]
    pq.write_table(pa.table({"id": ["1"]}), tmp_path / "t.parquet")
    with pytest.raises(FileFormatError, match="there is no column of them"):
        open_images(tmp_path)


def test_a_damaged_row_group_costs_its_own_rows(tmp_path):
    cells = [bytes([65 + n]) * 5000 for n in range(6)]
    path = tmp_path / "t.parquet"
    pq.write_table(
        pa.table({"image": cells, "id": list("abcdef")}), path, row_group_size=2, compression="none",
        use_dictionary=False, write_page_checksum=True,
    )  # fmt: skip
    data = bytearray(path.read_bytes())
    at = data.index(b"C" * 100)
    data[at + 50] = 0
    path.write_bytes(data)
    found = read(open_images(path))
    assert [name for name, value in found.items() if isinstance(value, str)] == ["c", "d"]
    assert "is damaged" in found["c"]
    assert found["f"] == cells[5]


def test_ids_of_ones_choice(tmp_path):
    write_tar(tmp_path / "s.tar", {f"{n}.jpg": str(n).encode() for n in range(4)})
    table = tmp_path / "ids.csv"
    table.write_text("File;id;subject\n2.jpg;second;Ann\n0;first;\n9.jpg;lost;Bob\n", encoding="utf-8")
    source = named_by(open_images(tmp_path / "s.tar"), table)
    found = read(source)
    assert (found["first"], found["second"]) == (b"0", b"2")
    assert "9.jpg of" in found["lost"]
    assert list(source.subjects) == ["", "Ann", "Bob"]
    assert read(source, 1, 2) == {"second": b"2"}
    assert "not in" in read(source, 2, 3)["lost"]
    for text, message in [
        ("file,name\n", "no column 'id'"),
        ("file,id\n1.jpg,\n", "line 2: no id"),
        ("file,id\n1.jpg,a\n1.jpg,b\n", "there twice"),
        ("file,id\n7.jpg,a\n", "none of the 4 images"),
        ("file,id\n1.jpg,a\n2.jpg,a\n", "share: 'a'"),
    ]:
        table.write_text(text)
        with pytest.raises(InputError, match=message):
            named_by(open_images(tmp_path / "s.tar"), table)


def test_a_label_that_is_odd_is_none(tmp_path):
    labels = {"a": b"[1]", "b": b"\xff", "c": json.dumps({"caption": "x"}).encode(), "d": b'{"label": null}'}
    members = {f"{name}.json": data for name, data in labels.items()} | {f"{name}.jpg": b"1" for name in labels}
    assert open_images(write_tar(tmp_path / "s.tar", members)).subjects is None


def test_what_facespace_wrote_among_the_images_is_no_table_of_images(tmp_path):
    """`embed photos -o photos/faces.parquet` once, and the next network found no column of images in it."""
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "1.png").write_bytes(b"a picture")
    before = open_images(tmp_path).ids
    faces = EmbeddingSet(np.eye(2), ["ann/1", "bob/1"])
    faces.save(tmp_path / "faces.parquet")
    faces.save(tmp_path / "secret.parquet", key=AesKey.random("house"))
    assert open_images(tmp_path).ids == before == ["ann/1"]
