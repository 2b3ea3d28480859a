import numpy as np
import pytest

from facespace.errors import FacespaceError, ModelError, UnknownNameError
from facespace.images import ARCFACE
from facespace.models import add_card, card_names, list_cards, load_card, parse_card, read_card

BUILT_IN = [
    *("dlib-resnet29", "edgeface-xs", "edgeface-xxs", "facenet", "faceres", "insightface-y1", "mobileface-v2"),
    *("mobileface-v3", "mobilefacenet-casia", "mobilefacenet-casia-tf2", "mobilefacenet-ms1m", "openvino-0095", "w600k-mbf"),
]
UNTRIED = ["adaface-ir101", "facenet-vggface2", "glintr100", "sface", "w600k-r50"]


def card(**changes):
    table = {
        "name": "mine",
        "runtime": "onnx",
        "dim": 4,
        "files": [{"name": "mine.onnx"}],
        "alignment": {"template": "arcface"},
    }
    return {key: value for key, value in (table | changes).items() if value is not None}


def test_every_built_in_card_is_complete():
    assert card_names() == sorted(BUILT_IN + UNTRIED)
    for each in list_cards():
        assert each.tried == (each.name in BUILT_IN)
        assert (each.doubt == "") == each.tried
        if each.tried:
            assert 0.9 < each.lfw_accuracy < 1
            assert all(len(file.sha256) == 64 for file in each.files)
        else:  # nobody has measured it here
            assert (each.lfw_accuracy, each.lfw_sd) == (None, None)
            assert each.lfw_stated is None or 0.99 < each.lfw_stated < 1
        assert each.licence.name != "not stated"
        assert each.path is not None
        assert each.path.stem == each.name


def test_the_smallest_card_has_the_usual_defaults():
    small = parse_card(card())
    assert small.shape == (112, 112)
    assert (small.input.colour, small.input.layout, small.input.batch) == ("RGB", "NCHW", None)
    np.testing.assert_array_equal(small.template.points, ARCFACE.points)


def test_own_points_and_columns():
    points = [[10, 10], [50, 10], [30, 30], [15, 50], [45, 50]]
    own = parse_card(card(alignment={"points": points, "size": [64, 60], "columns": [4, 56]}))
    assert own.shape == (64, 52)
    assert own.alignment() == "own 64×60, columns 4:56"


def test_the_arcface_template_scales_with_its_size():
    double = parse_card(card(alignment={"template": "arcface", "size": [224, 224]}))
    np.testing.assert_allclose(double.template.points, 2 * ARCFACE.points)


FAULTS = [
    (card(dim=None), "'dim' is missing"),
    (card(dim="128"), r"dim = '128', but it must be a whole number"),
    (card(dim=0), "dim = 0"),
    (card(runtime="onx"), "unknown runtime 'onx'; did you mean 'onnx'"),
    (card(trainig="x"), "unknown key 'trainig'; did you mean 'training'"),
    (card(input={"colours": "RGB"}), r"\[input\]: unknown key 'colours'; did you mean 'colour'"),
    (card(input={"std": 0}), r"std = 0, but it must be different from 0"),
    (card(input={"mean": [1, 2]}), r"mean = \[1, 2\]"),
    (card(input=3), r"input = 3, but it must be a table"),
    (card(files=[]), "files"),
    (card(files=[{"name": "a", "sha256": "12"}]), r"\[files 1\]: sha256 = '12'"),
    (card(alignment={}), "either template"),
    (card(alignment={"template": "arcfaces"}), "did you mean 'arcface'"),
    (card(alignment={"points": [[1, 2]] * 4, "size": [9, 9]}), "five points"),
    (card(alignment={"points": [[1, 2]] * 5}), "need size"),
    (card(alignment={"template": "arcface", "columns": [8, 120]}), "within the 112 columns"),
    (card(alignment={"template": "arcface", "columns": 8}), "within the 112 columns"),
    (card(licence={"embeddings": "yes"}), "true or false"),
    (card(lfw={"accuracy": "99"}), "must be a fraction"),
    (card(lfw={"accuracy": 99.5}), "must be a fraction between 0 and 1"),
    (card(lfw={"stated": 99.8}), "must be a fraction between 0 and 1"),
    (card(tried="no"), "tried = 'no', but it must be true or false"),
    (card(input={"size": 160}), r"size = 160, but it must be \[height, width\]"),
    (card(files=[{"name": "a", "wheel": "b==1", "member": "b/a"}]), r"\[files 1\]: wheel = 'b==1' needs sha256"),
    (card(files=[{"wheel": "b==1"}]), r"\[files 1\]: the key 'name' is missing"),
]


@pytest.mark.parametrize(("table", "message"), FAULTS)
def test_faults_name_the_key_and_what_is_expected(table, message):
    with pytest.raises(ModelError, match=message):
        parse_card(table, "mine.toml")


def test_what_is_not_toml_names_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    for text in ("name = ", "dim = " + "9" * 5000, "x = " + "[" * 5000):
        path.write_text(text)
        with pytest.raises(ModelError, match=r"mine\.toml is not TOML"):
            read_card(path)


def test_unknown_models_offer_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'edgeface-xxs'"):
        load_card("edgefaces-xxs")
    with pytest.raises(FacespaceError, match="no such file"):
        load_card("nowhere.toml")


def test_an_added_card_is_found_by_name_with_its_weights(tiny):
    from facespace.models import find_weights

    copy = add_card(tiny.path)
    assert "tiny" in card_names()
    assert load_card("tiny").path == copy
    assert find_weights(load_card("tiny")) == [tiny.path.with_name("tiny.onnx")]


def test_built_in_names_and_paths_as_names_are_refused(tmp_path):
    path = tmp_path / "card.toml"
    for name, message in (("faceres", "built-in"), ("../x", "can't be a model's name")):
        path.write_text(f'name="{name}"\nruntime="onnx"\ndim=1\nfiles=[{{name="x"}}]\nalignment={{template="arcface"}}')
        with pytest.raises(ModelError, match=message):
            add_card(path)
