from __future__ import annotations

import pytest

from facespace.cli import main
from facespace.errors import InputError, ModelError
from facespace.models import find_weights, load_card, network_shapes, new_card, parse_card

NEEDED = {"mean": 127.5, "std": 127.5, "colour": "RGB"}


def test_a_card_is_written_from_the_network_s_own_shapes(tiny, tmp_path):
    network = tiny.path.with_suffix(".onnx")
    shapes = network_shapes(network)
    assert shapes.layout == "NCHW"
    assert list(shapes.outputs.values()) == [tiny.dim]
    path, card = new_card(network, tmp_path / "c.toml", name="mine", source="https://example.org", **NEEDED)
    assert (card.name, card.dim, card.shape, card.raw) == ("mine", tiny.dim, tiny.shape, False)
    assert card.input.mean == card.input.std == (127.5,) * 3
    assert load_card(path).to_dict() == card.to_dict()


def test_all_that_the_file_does_not_say_is_asked_for_at_once(tiny):
    with pytest.raises(InputError, match="doesn't say mean, std, colour"):
        new_card(tiny.path.with_suffix(".onnx"))


def test_a_detector_is_no_network_of_faces(shared):
    with pytest.raises(ModelError, match=r"fails on an image of 112 × 112|no vector an image"):
        network_shapes(shared / "models/yunet.onnx")


def test_all_missing_keys_are_named_at_once():
    with pytest.raises(ModelError, match="the keys 'runtime', 'dim', 'files' and 'alignment' are missing") as error:
        parse_card({"name": "x"})
    assert 'template = "arcface"' in error.value.hint


def test_a_card_without_mean_and_std_is_doubted():
    table = {"name": "x", "runtime": "onnx", "dim": 8, "files": [{"name": "x.onnx"}], "alignment": {"template": "arcface"}}
    assert "no mean and std under [input]" in parse_card(table).doubt
    assert parse_card({**table, "input": {"mean": 0, "std": 1}}).doubt == ""


def test_built_in_cards_say_how_pixels_are_prepared():
    from facespace.models import list_cards

    assert [card.name for card in list_cards() if card.raw] == []


def test_missing_weights_are_told_where_to_get(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESPACE_CACHE", str(tmp_path))
    monkeypatch.delenv("FACESPACE_MODELS", raising=False)
    with pytest.raises(ModelError) as error:
        find_weights(load_card("sface"), download=False)
    card = load_card("sface")
    assert (card.files[0].origin or card.source) in error.value.hint


def test_show_prints_the_card_s_own_file(capsys):
    assert main(["models", "show", "w600k-mbf", "--toml"]) == 0
    assert capsys.readouterr().out.strip() == load_card("w600k-mbf").path.read_text(encoding="utf-8").strip()
