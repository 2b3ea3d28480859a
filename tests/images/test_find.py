import importlib.util

import pytest

from facespace.errors import InputError
from facespace.images import describe_others, find_images, name_images, scan_images


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_ids_are_sorted_paths_without_extension(tmp_path):
    touch(tmp_path, "bob/2.JPG", "bob/10.png", "ann/a.b.jpeg", "c.webp", "notes.txt", ".hidden/x.jpg", "ann/.x.jpg")
    assert [f.id for f in find_images(tmp_path)] == ["ann/a.b", "bob/10", "bob/2", "c"]


def test_the_same_id_twice_is_refused(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/1.png")
    with pytest.raises(InputError, match="'a/1'"):
        find_images(tmp_path)


def test_all_clashes_of_ids_are_named_with_a_way_out(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/1.png", "b/2.gif", "b/2.JPG", "b/2.webp", "b/3.jpg")
    with pytest.raises(InputError) as caught:
        find_images(tmp_path)
    assert "share: 'a/1' (1.jpg, 1.png), 'b/2' (2.JPG, 2.gif, 2.webp)" in caught.value.message
    assert "rename" in caught.value.hint
    with pytest.raises(InputError, match="'1'"):
        name_images(["1.jpg", "1.png"])


def test_files_that_are_no_images_are_counted_by_suffix(tmp_path):
    touch(tmp_path, "1.jpg", "2.MOV", "3.mov", "4.jfif", "5.avif", "6.gif", "7.txt", "8.jp2", "x/9", ".DS_Store")
    files, others = scan_images(tmp_path)
    assert [f.id for f in files] == ["1", "4", "5", "6", "8"]
    assert others == {"": 1, ".mov": 2, ".txt": 1}
    assert describe_others(others) == "4 files are no images that can be read: without suffix, .mov, .txt"
    assert describe_others({".mov": 1}) == "1 file is no image that can be read: .mov"


@pytest.mark.parametrize("installed", [False, True])
def test_heic_is_an_image_where_it_can_be_read(tmp_path, monkeypatch, installed):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed else None)
    touch(tmp_path, "1.jpg", "2.HEIC", "3.heif")
    files, others = scan_images(tmp_path)
    assert [f.id for f in files] == (["1", "2", "3"] if installed else ["1"])
    if not installed:
        assert describe_others(others).endswith('read: .heic, .heif; pip install "facespace[heif]" reads HEIC')


def test_a_folder_without_images_says_what_else_it_holds(tmp_path):
    touch(tmp_path, "readme.txt")
    with pytest.raises(InputError, match=r"no images .*1 file is no image that can be read: \.txt"):
        find_images(tmp_path)


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path):
    touch(tmp_path, "a.jpg")
    with pytest.raises(InputError, match="does not exist"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is a file"):
        find_images(tmp_path / "a.jpg")


def test_a_list_keeps_its_order():
    assert [f.id for f in name_images(["b/2.jpg", "a/1.png"])] == ["b/2", "a/1"]


def test_linked_folders_are_followed_but_not_in_circles(tmp_path):
    touch(tmp_path, "real/ann/1.jpg", "set/bob/1.jpg")
    (tmp_path / "set/ann").symlink_to(tmp_path / "real/ann")
    (tmp_path / "set/again").symlink_to(tmp_path / "set")
    assert [f.id for f in find_images(tmp_path / "set")] == ["ann/1", "bob/1"]


def test_ids_are_in_one_unicode_form_and_two_forms_of_one_name_clash(tmp_path):
    (tmp_path / "Jose\u0301.jpg").touch()
    assert [file.id for file in find_images(tmp_path)] == ["Jos\u00e9"]
    assert find_images(tmp_path)[0].path.exists()
    (tmp_path / "Jos\u00e9.jpg").touch()
    if len(list(tmp_path.iterdir())) == 2:  # a Mac takes the two for one file
        with pytest.raises(InputError, match=r"ids that several images share: .*Jos"):
            find_images(tmp_path)
