from __future__ import annotations

import gzip

import pytest

from facespace.datasets import read_template_list
from facespace.errors import FileFormatError

LIST = "TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID\r\n12,7,img/1.jpg,3\r\n12,7,img/2.jpg,3\r\n5,9,frames/1.png,4\r\n"


@pytest.mark.parametrize("packed", [False, True])
def test_templates_are_listed_once_with_their_subject(tmp_path, packed):
    path = tmp_path / f"ijbc_1N_gallery_G1.csv{'.gz' * packed}"
    path.write_bytes(gzip.compress(LIST.encode()) if packed else LIST.encode())
    found = read_template_list(path)
    assert (found.templates.tolist(), found.subjects.tolist()) == (["12", "5"], ["7", "9"])
    assert repr(found) == "TemplateList('ijbc_1N_gallery_G1', 2 templates, 2 subjects)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("12,7,a\n", ":1: '12,7,a' is not the header"),
        ("TEMPLATE_ID\n12\n", ":1: "),
        ("TEMPLATE_ID,SUBJECT_ID\n", "has a header and no templates"),
        ("TEMPLATE_ID,SUBJECT_ID\n12,7\n13\n", ":3: '13' is not 'template,subject"),
        ("TEMPLATE_ID,SUBJECT_ID\n12,7\n12,8\n", ":3: '12,8' is not right: template 12 is of subject 7 above"),
    ],
)
def test_bad_lists_are_named_with_their_line(tmp_path, text, message):
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError) as error:
        read_template_list(path)
    assert message in error.value.message
    assert str(path) in error.value.message


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"no such file: .*none.csv"):
        read_template_list(tmp_path / "none.csv")
