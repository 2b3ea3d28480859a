"""The IJB lists: what is read, and what a wrong file is told."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from facespace.datasets import (
    TemplateProtocol,
    read_face_scores,
    read_ijb,
    read_ijba,
    read_pairs,
    read_template_csv,
    read_ytf_templates,
)
from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError

FACES = "1.jpg 5 70\n2.jpg 5 70\n3.jpg 5 71\n4.jpg 9 72\nsub.dir/5.jpg 7 73\n"
PAIRS = "5 9 1\n5 7 0\n9 7 0\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ijbx_face_tid_mid.txt").write_text(FACES)
    (tmp_path / "ijbx_template_pair_label.txt").write_text(PAIRS)
    return tmp_path


def same_protocols(a: TemplateProtocol, b: TemplateProtocol) -> bool:
    return all(
        np.array_equal(getattr(a, f), getattr(b, f)) for f in ("images", "template", "templates", "left", "right", "same")
    )


def test_the_lists_become_templates_and_pairs(folder):
    protocol = read_ijb(folder, "ijbx")
    assert protocol.images.tolist() == ["1", "2", "3", "4", "sub.dir/5"]
    assert protocol.templates.tolist() == ["5", "7", "9"]
    assert protocol.template.tolist() == [0, 0, 0, 2, 1]
    assert protocol.media.tolist() == [0, 0, 1, 2, 3]
    assert protocol.left.tolist() == [0, 0, 2]
    assert protocol.right.tolist() == [2, 1, 1]
    assert protocol.same.tolist() == [True, False, False]
    assert protocol.people.tolist() == [0, 1, 0]
    assert (protocol.left.dtype, protocol.template.dtype) == (np.int32, np.int32)
    assert repr(protocol) == "TemplateProtocol('ijbx', 5 faces in 3 templates, 1 genuine + 2 impostor)"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(" ", "\t"),
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace("\n", " \n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.rstrip("\n"),
    ],
    ids=["windows", "tabs", "two spaces", "trailing space", "byte order mark", "blank lines", "no last line end"],
)
def test_line_ends_and_spaces_do_not_matter(folder, change):
    wanted = read_ijb(folder, "ijbx")
    for path in folder.iterdir():
        path.write_bytes(change(path.read_text()).encode())
    assert same_protocols(read_ijb(folder, "ijbx"), wanted)


@pytest.mark.parametrize("named", [True, False])
def test_gzip_is_read_whatever_its_name(folder, named):
    wanted = read_ijb(folder, "ijbx")
    for path in list(folder.iterdir()):
        (path.with_name(path.name + ".gz") if named else path).write_bytes(gzip.compress(path.read_bytes()))
        if named:
            path.unlink()
    assert same_protocols(read_ijb(folder, "ijbx"), wanted)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("pairs", "5 9 1\n5 8 0\n", [":2:", "'5 8 0'", "8 is not in ijbx_face_tid_mid.txt"]),
        ("pairs", "5 9 1\r\n\r\n-5 9 0\r\n", [":3:", "-5 is not in"]),
        ("pairs", "5 9 1\n5 7\n", [":2:", "'5 7'", "2 columns, not 3"]),
        ("pairs", "5 9 1\n5 7 0 3\n", [":2:", "4 columns, not 3"]),
        ("pairs", "5 9 1\n5 seven 0\n", [":2:", "'seven' is no number"]),
        ("pairs", "5 9 1\n5 7_0 0\n", [":2:", "no number"]),
        ("pairs", "5 9 1\n5 7 2\n", [":2:", "label is 2"]),
        ("pairs", "5 9 1\n", ["1 genuine and 0 impostor"]),
        ("pairs", "", ["is empty", "template1 template2 label"]),
        ("faces", "1.jpg 5 70\n2.jpg 5\n", [":2:", "'2.jpg 5'", "2 columns, not 3"]),
        ("faces", "1.jpg 5 70\n2.jpg five 70\n", [":2:", "'five' is no number"]),
        ("faces", "1.jpg 5 70\n2.jpg 99999999999999999999 70\n", [":2:", "too large"]),
        ("faces", "1.jpg 5 70\n", ["ijbx_template_pair_label.txt:1:", "9 is not in"]),
        ("pairs", "5 9 1\n8 5 0\n5 8 0\n", [":2:", "8 is not in"]),
    ],
)
def test_a_wrong_line_is_named_with_file_and_number(folder, file, text, words):
    path = folder / ("ijbx_template_pair_label.txt" if file == "pairs" else "ijbx_face_tid_mid.txt")
    path.write_bytes(text.encode())
    with pytest.raises(FileFormatError) as error:
        read_ijb(folder, "ijbx")
    for word in words:
        assert word in error.value.message + error.value.hint


def test_a_truncated_gzip_is_an_error(folder):
    path = folder / "ijbx_template_pair_label.txt"
    numbers = np.random.default_rng(0).integers(0, 2, 200_000)
    whole = gzip.compress("".join(f"5 {9 if n else 7} {n}\n" for n in numbers.tolist()).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError, match="breaks off or is damaged after line"):
        read_ijb(folder, "ijbx")


def test_a_missing_list_says_what_there_is(folder, tmp_path):
    with pytest.raises(FileFormatError) as error:
        read_ijb(folder, "ijbc")
    assert "no ijbc_face_tid_mid.txt" in error.value.message
    assert "ijbx_face_tid_mid.txt" in error.value.hint
    meta = tmp_path / "meta"
    meta.mkdir()
    for path in list(folder.glob("*.txt")):
        path.rename(meta / path.name)
    assert len(read_ijb(folder, "ijbx")) == 3


def test_detector_scores(tmp_path):
    path = tmp_path / "scores.txt"
    path.write_text("1.jpg 1 2 3 4 5 6 7 8 9 10 0.99\n2.jpg 1 2 3 4 5 6 7 8 9 10 0.5\n")
    names, scores = read_face_scores(path)
    assert names.tolist() == ["1", "2"]
    assert scores.tolist() == [0.99, 0.5]


CSV = "id,Template,media,subject\na/1.png,A,v1,ann\na/2.png,A,v1,ann\na/3.png,B,v2,ann\nb/1.png,C,v3,bob\n"


def test_any_csv_of_templates(tmp_path):
    faces, pairs = tmp_path / "faces.csv", tmp_path / "pairs.csv"
    faces.write_text(CSV)
    pairs.write_text("template1,template2\nA,B\nA,C\n")
    protocol = read_template_csv(faces, pairs)
    assert protocol.name == "pairs"
    assert protocol.images.tolist() == ["a/1", "a/2", "a/3", "b/1"]
    assert protocol.subject.tolist() == ["ann", "ann", "bob"]
    assert protocol.same.tolist() == [True, False]
    pairs.write_text("same;template2;template1\ntrue;B;A\n0;C;A\n")
    assert same_protocols(read_template_csv(faces, pairs), protocol)


@pytest.mark.parametrize(
    ("faces", "pairs", "words"),
    [
        (
            CSV + "a/4.png,A,v1,bob\n",
            "template1,template2\nA,B\n",
            ["faces.csv:6:", "A is of subject bob", "of ann in line 2"],
        ),
        (CSV + "a/1.png,D,v1,bob\n", "template1,template2\nA,B\n", ["faces.csv:6:", "a/1 is of subject bob"]),
        (CSV + "a/4.png,A,v1\n", "template1,template2\nA,B\n", ["faces.csv:6:", "4 columns", "it has 3"]),
        (CSV + ",A,v1,ann\n", "template1,template2\nA,B\n", ["faces.csv:6:", "its id is empty"]),
        (CSV, "template1,template2\nA,B\nA,X\n", ["pairs.csv:3:", "'X' is not in faces.csv"]),
        (CSV, "template1,template2,same\nA,B,1\nA,C,maybe\n", ["pairs.csv:3:", "same is 'maybe'"]),
        (CSV, "one,two\nA,B\n", ["pairs.csv:1:", "no column template1, template2"]),
        (CSV, "template1,template2,same\nA,B,0\nA,C,1\n", ["contradict the subjects", "pair 1 of templates A (ann) and B"]),
        ("id,template\nx,A\ny,B\n", "template1,template2\nA,B\n", ["no column same", "no column subject"]),
    ],
)
def test_wrong_csvs_are_named_with_file_and_line(tmp_path, faces, pairs, words):
    (tmp_path / "faces.csv").write_text(faces)
    (tmp_path / "pairs.csv").write_text(pairs)
    with pytest.raises(InputError) as error:
        read_template_csv(tmp_path / "faces.csv", tmp_path / "pairs.csv")
    for word in words:
        assert word in error.value.message


def test_templates_from_the_columns_of_a_set(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("id1,id2,same\nA,B,1\nA,C,0\n")
    faces = EmbeddingSet(np.eye(4), ["1", "2", "3", "4"], template=["A", "A", "B", "C"], media=["x", "x", "y", "z"])
    protocol = TemplateProtocol.from_set(read_pairs(path), faces)
    assert protocol.template.tolist() == [0, 0, 1, 2]
    assert protocol.media.tolist() == [0, 0, 1, 2]
    with pytest.raises(InputError, match="no column 'template'"):
        TemplateProtocol.from_set(read_pairs(path), EmbeddingSet(np.eye(2), ["1", "2"]))


def test_youtube_faces_videos_are_templates(tmp_path):
    path = tmp_path / "splits.txt"
    path.write_text("1, 1, Ann/0, Ann/1, 1\n1, 2, Ann/0, Bob/3, 0\n")
    ids = ["Ann/0/0.1", "Ann/0/0.2", "Ann/1/1.1", "Bob/3/3.9", "Cy/0/0.1"]
    protocol = read_ytf_templates(path, EmbeddingSet(np.eye(5), ids))
    assert protocol.images.tolist() == ids[:4]
    assert protocol.templates.tolist() == ["Ann/0", "Ann/1", "Bob/3"]
    assert protocol.media.tolist() == protocol.template.tolist()
    with pytest.raises(InputError, match=r"1 of the 3 videos .* Bob/3"):
        read_ytf_templates(path, EmbeddingSet(np.eye(5)[:3], ids[:3]))


def test_rows_are_found_by_id_and_in_list_order_only_when_said(folder):
    protocol = read_ijb(folder, "ijbx")
    named = EmbeddingSet(np.eye(5), ["4", "3", "2", "1", "sub.dir/5"])
    assert protocol.rows(named).tolist() == [3, 2, 1, 0, 4]
    numbered = EmbeddingSet(np.eye(5), ["0", "1", "2", "3", "4"])
    assert protocol.rows(numbered).tolist() == [1, 2, 3, 4, -1]
    assert protocol.rows(numbered, in_list_order=True).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match="3 rows and the list of 'ijbx' 5"):
        protocol.rows(named.take(np.arange(3)), in_list_order=True)


def test_people_are_unknown_when_the_links_contradict_an_impostor_pair():
    columns = {"images": list("abc"), "template": list("123"), "left": list("112"), "right": list("233")}
    assert TemplateProtocol.from_columns("x", same=[True, False, False], **columns).people.tolist() == [0, 0, 1]
    assert TemplateProtocol.from_columns("x", same=[True, True, False], **columns).people is None


def test_a_template_without_a_face_is_named():
    codes = np.zeros(2, dtype=np.int32), np.arange(2, dtype=np.int32)
    with pytest.raises(InputError, match="1 templates in the pairs of 'x' have no face: two"):
        TemplateProtocol("x", ["a", "b"], *codes, ["one", "two"], [0, 0], [1, 0], [True, False])


def test_the_real_lists_of_ijba(shared):
    folder = shared / "data" / "protocols" / "ijba"
    protocol = read_ijba(folder / "verify_metadata_1.csv", folder / "verify_comparisons_1.csv")
    assert (len(protocol.images), len(protocol.templates), len(protocol), protocol.genuine) == (17_997, 1_970, 11_787, 1_803)
    assert len(np.unique(protocol.subject)) == 167
    assert protocol.images[0] == "img/10281"


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        ("id,template\n", r"faces\.csv has a header and no rows"),
        ("id,template", r"faces\.csv has a header and no rows"),
        ("id,template\n" + "x" * 200_000 + ",A\n", "a text of 200,000 characters"),
        ("id,template\n" + "x" * 2_000_000 + ",A,B\n", "more than 1,048,576 characters"),
    ],
)
def test_headers_alone_and_endless_ids_are_refused(tmp_path, faces, message):
    (tmp_path / "faces.csv").write_text(faces)
    (tmp_path / "pairs.csv").write_text("template1,template2,same\nA,B,1\nA,C,0\n")
    with pytest.raises(FileFormatError, match=message):
        read_template_csv(tmp_path / "faces.csv", tmp_path / "pairs.csv")


def test_names_hold_spaces_and_commas_where_tabs_part(tmp_path):
    (tmp_path / "faces.csv").write_text("id\ttemplate\nLee, Ann/1.jpg\tA\nb/1\tB\nc/1\tC\n")
    (tmp_path / "pairs.csv").write_text("template1,template2,same\nA,B,1.0\nA,C,no\n")
    protocol = read_template_csv(tmp_path / "faces.csv", tmp_path / "pairs.csv")
    assert protocol.images.tolist() == ["Lee, Ann/1", "b/1", "c/1"]
    assert protocol.same.tolist() == [True, False]
