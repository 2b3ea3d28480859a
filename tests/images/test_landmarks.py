import numpy as np
import pytest

from facespace.errors import FileFormatError
from facespace.images import read_landmarks

HEADER = (
    "id,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y"
)
TEN = np.arange(1, 11)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\nann/1," + ",".join(map(str, TEN)),
        "ann/1.jpg " + " ".join(map(str, TEN)) + " 0.99\n",
        "ann/1.png\t" + "\t".join(map(str, TEN)),
        "ann/1," + ",".join(map(str, TEN)) + "\n\n",
        f"\ufeff{HEADER}\n".replace("id", "ID").replace(",", ";") + "ann/1.jpg;" + ";".join(map(str, TEN)),
        f"{HEADER}\nann/1,".replace(",", "\t") + "\t".join(map(str, TEN)),
    ],
)
def test_every_form_gives_the_same_points(tmp_path, text):
    path = tmp_path / "points.txt"
    path.write_text(text)
    landmarks = read_landmarks(path)
    assert list(landmarks) == ["ann/1"]
    np.testing.assert_array_equal(landmarks["ann/1"], TEN.reshape(5, 2))


@pytest.mark.parametrize("part", ["\t", ",", ", "])
def test_names_with_spaces_and_in_either_unicode_form(tmp_path, part):
    path = tmp_path / "points.txt"
    path.write_text(part.join(["Jose\u0301 Lee/1.jpg", *map(str, TEN), "0.99"]), encoding="utf-8")
    assert list(read_landmarks(path)) == ["Jos\u00e9 Lee/1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no landmarks"),
        ("a.jpg 1 2 3", "line 1: 4 fields"),
        ("a.jpg 1 2 3 4 5 6 7 8 9 x", "line 1: not ten numbers"),
        ("a.jpg 1 2 3 4 5 6 7 8 9 nan", "not finite"),
        ("a.jpg 1 2 3 4 5 6 7 8 9 10\n" * 2, "twice for a"),
        (HEADER.replace("nose_x", "nase_x") + "\n", "no column 'nose_x'"),
        (f"{HEADER}\na,1,2", "line 2: not ten numbers"),
        (f"{HEADER.replace('id,', 'id ,', 1)}\n", "no column 'id'"),
        (f"{HEADER}\n" + "a" * 200_000, "can't be read as csv: field larger"),
    ],
)
def test_faults_are_named_with_file_and_line(tmp_path, text, message):
    path = tmp_path / "points.txt"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=rf"points\.txt.*{message}"):
        read_landmarks(path)
