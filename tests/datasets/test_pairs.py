from __future__ import annotations

import numpy as np
import pytest

from facespace import EmbeddingSet
from facespace.datasets import read_lfw_pairs, read_pairs
from facespace.errors import FileFormatError, UnknownNameError

LFW = "2\t1\nAnn\t1\t2\nAnn\t1\tBob\t3\nCy\t4\t10\nCy\t4\tDi\t1\n"
CSV = "id1,id2,same,fold\na,b,1,0\na,c,0,0\nd,e,TRUE,1\nd,f,false,1\n"
YTF = "1, 1, Ann/0, Ann/3, 1\n1, 2, Ann/0, Bob/1, 0\n2, 1, Cy/1, Cy/2, 1\n2, 2, Cy/1, Di/0, 0\n"
CPLFW = "name same_person\nAnn_1.jpg 1\nAnn_2.jpg 1\nBob_1.jpg 0\nCy_3.jpg 0\n"
FORMATS = {"pairs.txt": LFW, "pairs.csv": CSV, "splits.txt": YTF, "pairs_CPLFW.txt": CPLFW}


@pytest.fixture
def write(tmp_path):
    def put(text, name="pairs.txt", **options):
        path = tmp_path / name
        path.write_text(text, newline="", encoding="utf-8", **options)
        return path

    return put


def as_lists(protocol):
    fold = None if protocol.fold is None else protocol.fold.tolist()
    return protocol.left.tolist(), protocol.right.tolist(), protocol.same.tolist(), fold


def test_lfw_pairs_have_ids_of_files_and_folds_from_zero(write):
    left, right, same, fold = as_lists(read_pairs(write(LFW)))
    assert left == ["Ann/Ann_0001", "Ann/Ann_0001", "Cy/Cy_0004", "Cy/Cy_0004"]
    assert right == ["Ann/Ann_0002", "Bob/Bob_0003", "Cy/Cy_0010", "Di/Di_0001"]
    assert same == [True, False, True, False]
    assert fold == [0, 0, 1, 1]


def test_lfw_development_lists_have_no_folds(write):
    protocol = read_lfw_pairs(write("1\nAnn\t1\t2\nAnn\t1\tBob\t3\n", "pairsDevTest.txt"))
    assert protocol.fold is None
    assert protocol.name == "lfw-pairsDevTest"


def test_csv_takes_every_spelling_of_same_and_columns_in_any_order(write):
    assert as_lists(read_pairs(write(CSV, "p.csv")))[2:] == ([True, False, True, False], [0, 0, 1, 1])
    tsv = "same\textra\tid2\tid1\n1\tx\tb\ta\n0\ty\td\tc\n"
    assert as_lists(read_pairs(write(tsv, "p.tsv"))) == (["a", "c"], ["b", "d"], [True, False], None)
    assert as_lists(read_pairs(write('id1;id2;same\n"a;1";b;1\nc;d;0\n', "p.txt")))[0] == ["a;1", "c"]


def test_youtube_faces_ids_are_videos(write):
    protocol = read_pairs(write(YTF, "splits.txt"))
    assert as_lists(protocol)[0] == ["Ann/0", "Ann/0", "Cy/1", "Cy/1"]
    assert as_lists(protocol)[3] == [0, 0, 1, 1]
    header = "split number, pair number, first name, second name, is same\n"
    assert as_lists(read_pairs(write(header + YTF, "splits.txt"))) == as_lists(protocol)


def test_cplfw_pairs_are_two_lines(write):
    assert as_lists(read_pairs(write(CPLFW))) == (["Ann_1", "Bob_1"], ["Ann_2", "Cy_3"], [True, False], None)


OWN = [("Ann/1.jpg", "Ann/2.JPG", True), ("Ann/1.jpg", "Bob Lee/1.png", False)]
WORDS = [("1", "0"), ("1.0", "0.0"), ("True", "False"), ("Yes", "No"), ("same", "diff"), ("same", "different")]


@pytest.mark.parametrize("words", WORDS, ids=str)
@pytest.mark.parametrize("part", ["\t", ",", ";", " "])
@pytest.mark.parametrize(
    "form", ["path path label", "label path path", "id1 id2 same", "same x id1 id2", "file_x file_y Decision"]
)
def test_own_lists_are_read_with_any_words_and_delimiters(write, words, part, form):
    rows = [(a, b, words[not same]) for a, b, same in OWN]
    if part == " ":
        rows = [(a, b.replace(" ", "_"), label) for a, b, label in rows]
    if form.startswith(("label", "same")):
        rows = [(label, a, b) for a, b, label in rows]
    if " x " in form:
        rows = [(label, "?", a, b) for label, a, b in rows]
    header = [] if "path" in form else [form.split()]
    text = "".join(part.join(row) + "\n" for row in [*header, *rows])
    protocol = read_pairs(write(text, "list.txt"))
    bob = "Bob Lee/1" if part != " " else "Bob_Lee/1"
    assert as_lists(protocol) == (["Ann/1", "Ann/1"], ["Ann/2", bob], [True, False], None)
    told = "as lines 'id id same'" if form.startswith("path") else "as lines 'same id id'" if "path" in form else ""
    assert all(told in note for note in protocol.notes)
    assert len(protocol.notes) == (0 if "id1" in form else 1)


def test_deepfaces_index_column_is_no_matter(write):
    text = ",file_x,file_y,Decision\n0,a/1.jpg,a/2.jpg,Yes\n1,a/1.jpg,b/1.jpg,No\n"
    protocol = read_pairs(write(text, "p.csv"))
    assert as_lists(protocol) == (["a/1", "a/1"], ["a/2", "b/1"], [True, False], None)
    assert protocol.notes == ("p.csv was read as columns file_x, file_y, Decision",)


def test_a_fourth_field_is_the_fold(write):
    text = "a,b,1,0\na,c,0,0\nd,e,1,1\nd,f,0,1\n"
    assert as_lists(read_pairs(write(text, "p.csv")))[3] == [0, 0, 1, 1]
    assert as_lists(read_pairs(write("id1,id2,same,fold\na,b,1.0,0.0\na,c,0.0,2.0\n", "p.csv")))[3] == [0, 2]


def test_numbers_that_could_be_ids_or_labels_are_asked_about(write):
    with pytest.raises(FileFormatError, match=r"(?s)first and the third field .*'1 7 0'.*id1,id2,same or same,id1,id2"):
        read_pairs(write("1 7 0\n0 8 1\n"))
    assert read_pairs(write("same id1 id2\n1 7 0\n0 8 1\n")).left.tolist() == ["7", "8"]
    assert read_pairs(write("1 7 9\n0 8 1\n")).left.tolist() == ["7", "8"]


def test_a_format_that_is_said_is_believed_and_no_guess(write):
    path = write("1 7 0\n0 8 1\n")
    with pytest.raises(FileFormatError, match="--format id-id-same or --format same-id-id"):
        read_pairs(path)
    found = read_pairs(path, format="same-id-id")
    assert (as_lists(found), found.notes) == ((["7", "8"], ["0", "1"], [True, False], None), ())
    found = read_pairs(path, format="id id same")
    assert (as_lists(found), found.notes) == ((["1", "0"], ["7", "8"], [False, True], None), ())
    assert read_pairs(write("a b 1 3\nc d 0 4\n"), format="id-id-same-fold").fold.tolist() == [3, 4]
    for text, form, message in (
        ("1 7 0\n0 8 1\n", "id-id-same-fold", "is not 'id id same fold': it has 3 fields"),
        ("a b 1\nc d 0\n", "same-id-id", "is not 'same id id' with same 0 or 1"),
        ("a b 1\nc d 0\n", "columns", "no column id1, id2, same"),
        ("a b 1\nc d 0\n", "cfp", "not CFP's FF or FP"),
    ):
        with pytest.raises(FileFormatError, match=message):
            read_pairs(write(text), format=form)
    with pytest.raises(UnknownNameError, match="did you mean 'id-id-same'"):
        read_pairs(path, format="id-id-sam")


@pytest.fixture
def cfp(tmp_path):
    """CFP's folder Protocol of three people, two frontal images and one profile each, and two folds."""
    frontal = [f"{who:03d}/frontal/{k:02d}.jpg" for who in (1, 2, 3) for k in (1, 2)]
    profile = [f"{who:03d}/profile/01.jpg" for who in (1, 2, 3)]
    for letter, names in (("F", frontal), ("P", profile)):
        lines = "".join(f"{n} ../Data/Images/{name}\n" for n, name in enumerate(names, 1))
        (tmp_path / f"Pair_list_{letter}.txt").write_text(lines)
    splits = {"FF/01": ("1,2", "1,3"), "FF/02": ("5,6", "5,1"), "FP/01": ("1,1", "2,2"), "FP/02": ("6,3", "6,1")}
    for fold, (same, diff) in splits.items():
        place = tmp_path / "Split" / fold
        place.mkdir(parents=True)
        (place / "same.txt").write_text(same + "\n")
        (place / "diff.txt").write_text(diff)
    return tmp_path


def test_cfp_is_a_folder(cfp):
    ff, fp = (read_pairs(cfp / "Split" / kind) for kind in ("FF", "FP"))
    assert (ff.name, fp.name) == ("cfp-ff-2fold", "cfp-fp-2fold")
    assert as_lists(ff) == (
        ["001/frontal/01", "001/frontal/01", "003/frontal/01", "003/frontal/01"],
        ["001/frontal/02", "002/frontal/01", "003/frontal/02", "001/frontal/01"],
        [True, False, True, False],
        [0, 0, 1, 1],
    )
    assert fp.right.tolist() == ["001/profile/01", "002/profile/01", "003/profile/01", "001/profile/01"]


def test_a_folder_that_is_not_cfps_or_is_damaged_is_refused(cfp):
    for place, message in ((cfp, r"Name one of .*Split/FF, .*Split/FP"), (cfp / "Split/FF/01", "A pairs list is a file")):
        with pytest.raises(FileFormatError, match=rf"(?s)is a folder, and not CFP's.*{message}"):
            read_pairs(place)
    (cfp / "Split/FP/02/diff.txt").write_text("6,1\n6,4\n")
    with pytest.raises(FileFormatError, match=r"diff\.txt:2: '6,4' is not 'i,j' with numbers of the images, to 6 and 3"):
        read_pairs(cfp / "Split/FP")
    (cfp / "Pair_list_P.txt").write_text("2 ../Data/Images/001/profile/01.jpg\n")
    with pytest.raises(FileFormatError, match=r"Pair_list_P\.txt:1: "):
        read_pairs(cfp / "Split/FP")
    (cfp / "Pair_list_P.txt").unlink()
    with pytest.raises(FileFormatError, match=r"no Pair_list_P\.txt in a folder above"):
        read_pairs(cfp / "Split/FP")


def test_official_calfw_labels_are_folds(write):
    genuine = "".join(f"A_{f}_1.jpg {f}\nA_{f}_2.jpg {f}\n" for f in (1, 2, 3) for _ in range(1))
    impostor = "".join(f"A_{f}_1.jpg 0\nB_{f}_1.jpg 0\n" for f in (1, 2, 3))
    protocol = read_pairs(write(genuine + impostor, "pairs_CALFW.txt"))
    assert protocol.name == "calfw-3fold"
    assert as_lists(protocol)[2:] == ([True] * 3 + [False] * 3, [0, 1, 2, 0, 1, 2])
    assert protocol.left[0] == "A_1_1"


def test_names_with_spaces_where_tabs_part(write):
    left, right, _, _ = as_lists(read_pairs(write("1\t1\nAnn Lee\t1\t2\nAnn Lee\t1\tBob\t1\n")))
    assert (left[0], right) == ("Ann Lee/Ann Lee_0001", ["Ann Lee/Ann Lee_0002", "Bob/Bob_0001"])


def test_ids_are_found_in_either_unicode_form_and_with_or_without_suffix(write):
    mac = "Jose\u0301/1"
    faces = EmbeddingSet(np.eye(3), [mac + ".jpg", "Jos\u00e9/2.jpg", "Bob/1.jpg"])
    protocol = read_pairs(write(f"{mac}.jpg,{mac[:-1]}2.jpg,1\n{mac}.jpg,Bob/1.jpg,0\n", "p.csv"))
    assert faces.find(protocol.right).tolist() == [1, 2]
    assert faces.find(protocol.left).tolist() == [0, 0]


def test_a_pair_of_both_classes_and_an_image_with_itself_are_named(write):
    with pytest.raises(FileFormatError, match="1 pairs are there as genuine and as impostor: a – b"):
        read_pairs(write("id1,id2,same\na,b,1\nc,d,0\nb,a,0\n", "p.csv"))
    with pytest.raises(FileFormatError, match="1 images are impostors of themselves: c"):
        read_pairs(write("id1,id2,same\na,b,1\nc,c,0\n", "p.csv"))
    protocol = read_pairs(write("id1,id2,same\na,a,1\na,b,1\nc,d,0\n", "p.csv"))
    assert protocol.notes == ("1 pairs are of an image with itself: a",)


@pytest.mark.parametrize("name", FORMATS)
def test_windows_line_ends_and_byte_order_mark_change_nothing(write, name):
    plain = as_lists(read_pairs(write(FORMATS[name], name)))
    assert as_lists(read_pairs(write("\ufeff" + FORMATS[name].replace("\n", "\r\n"), "copy-" + name))) == plain


@pytest.mark.parametrize(
    ("name", "text", "line", "shown"),
    [
        ("pairs.txt", LFW.replace("Ann\t1\tBob\t3", "Ann\t1\tBob"), 3, "Ann"),
        ("pairs.txt", LFW.replace("Cy\t4\t10", "Cy\t4\tx"), 4, "Cy"),
        ("pairs.txt", LFW.replace("Cy\t4\t10", "Cy\t0\t1"), 4, "Cy"),
        ("pairs.txt", LFW.replace("Ann\t1\t2\nAnn\t1\tBob\t3", "Ann\t1\tBob\t3\nAnn\t1\t2"), 2, "Bob"),
        ("p.csv", CSV.replace("d,e,TRUE,1", "d,e,maybe,1"), 4, "maybe"),
        ("p.csv", CSV.replace("d,e,TRUE,1", "d,e,1"), 4, "d,e,1"),
        ("p.csv", CSV.replace("d,e,TRUE,1", ",e,1,1"), 4, ",e,1,1"),
        ("p.csv", CSV.replace("d,e,TRUE,1", "d,e,1,one"), 4, "one"),
        ("p.csv", CSV.replace("d,e,TRUE,1", 'd,"e,1,1'), 4, "e,1,1"),
        ("p.csv", "first,second\na,b\n", 1, "first,second"),
        ("splits.txt", YTF.replace("2, 1, Cy/1, Cy/2, 1", "2, 1, Cy/1, Cy/2, 2"), 3, "Cy/2, 2"),
        ("cplfw.txt", CPLFW.replace("Cy_3.jpg 0", "Cy_3.jpg 1"), 5, "Cy_3"),
        ("cplfw.txt", CPLFW.replace("Cy_3.jpg 0\n", ""), 4, "Bob_1"),
        ("cplfw.txt", CPLFW.replace("Cy_3.jpg 0", "Cy_3.jpg"), 5, "Cy_3"),
        ("other.txt", "hello world\n", 1, "hello"),
        ("p.csv", CSV.replace("d,e,TRUE,1", "d,e,1," + "9" * 20), 4, "9999"),
        ("p.csv", CSV.replace("d,e,TRUE,1", "d,e,1," + "9" * 5000), 4, "9999"),
        ("p.csv", "left,right,same\na,b,1\n", 1, "left,right,same"),
        ("p.txt", "a b 1\na c maybe\n", 2, "maybe"),
        ("p.txt", "a b 1\na c\n", 2, "a c"),
        ("cplfw.txt", "a.jpg 3\nb.jpg 4\n", 2, "b.jpg"),
    ],
)
def test_wrong_line_is_named_with_file_number_and_text(write, name, text, line, shown):
    path = write(text, name)
    with pytest.raises(FileFormatError) as caught:
        read_pairs(path)
    assert caught.value.message.startswith(f"{path}:{line}: ")
    assert shown in caught.value.message.replace("\\t", "\t")
    assert caught.value.hint


def test_truncated_lfw_list_says_how_many_pairs_are_missing(write):
    with pytest.raises(FileFormatError, match=r"has 3 pairs, but its first line promises 2 × 2 × 1 = 4"):
        read_pairs(write(LFW[: LFW.rindex("Cy")]))


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_empty_file_is_refused(write, text):
    with pytest.raises(FileFormatError, match="is empty"):
        read_pairs(write(text))


def test_list_of_one_class_is_refused(write):
    with pytest.raises(FileFormatError, match="2 genuine and 0 impostor"):
        read_pairs(write("id1,id2,same\na,b,1\nc,d,1\n"))


def test_missing_file_and_folder_and_binary_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read_pairs(tmp_path / "none.txt")
    with pytest.raises(FileFormatError, match="is a folder"):
        read_pairs(tmp_path)
    (tmp_path / "image.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(FileFormatError, match="is not text"):
        read_pairs(tmp_path / "image.jpg")


@pytest.mark.parametrize(
    ("file", "pairs", "folds"),
    [
        ("lfw/pairs.txt", 6000, 10),
        ("lfw/pairsDevTrain.txt", 2200, 0),
        ("ytf/splits.txt", 5000, 10),
        ("cplfw/pairs_CPLFW.txt", 6000, 10),
    ],
)
def test_published_lists_are_read_whole(shared, file, pairs, folds):
    protocol = read_pairs(shared / "data/protocols" / file)
    assert (len(protocol), protocol.n_folds, int(protocol.same.sum())) == (pairs, folds, pairs // 2)
    if folds:
        assert np.bincount(protocol.fold[protocol.same]).tolist() == [pairs // 20] * 10


@pytest.mark.parametrize(("kind", "of"), [("FF", "frontal"), ("FP", "profile")])
def test_cfp_as_published_is_read_whole(shared, kind, of):
    protocol = read_pairs(shared / "data/cfp-half/Protocol/Split" / kind)
    assert (len(protocol), protocol.n_folds, int(protocol.same.sum())) == (3500, 5, 1750)
    people = [np.strings.partition(side, "/")[0] for side in (protocol.left, protocol.right)]
    assert np.array_equal(people[0] == people[1], protocol.same)
    assert np.strings.find(protocol.right, f"/{of}/").min() > 0


def test_lfw_images_are_each_in_one_fold(shared):
    ids, fold = read_pairs(shared / "data/protocols/lfw/pairs.txt").fold_of_ids()
    assert len(ids) == 7701
    assert set(fold.tolist()) == set(range(10))
