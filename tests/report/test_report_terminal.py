import numpy as np
import pytest
from report_sample import matrix
from rich.console import Console

from facespace.errors import UnknownNameError
from facespace.report import Column, Matrix, Measure, Table, rated, terminal_matrix, terminal_table, valued


def printed(renderable, width=80, **more):
    console = Console(width=width, record=True, file=open("/dev/null", "w"), **more)  # noqa: SIM115
    with console.file:
        console.print(renderable)
        return console.export_text(styles=bool(more))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_eleven_models_fit_a_terminal(width):
    lines = printed(terminal_matrix(matrix(), width=width), width).splitlines()
    assert max(map(len, lines)) <= width
    body = [line for line in lines if line.startswith("G ")]
    assert body[0].split()[1:] == ["mobilefacenet-casia-tf2", *body[0].split()[2:]]
    assert len(body[0].split()) == 13
    assert len(lines) == 14


def test_short_labels_stay():
    shown = printed(terminal_matrix(Matrix("m", ["a"], ["bb", "cc"], {("v",): [[1, np.nan]]}, {"v": Measure("Value")})))
    assert [line.split() for line in shown.splitlines()] == [["Value"], ["bb", "cc"], ["a", "1.0", "–"]]


def test_many_columns_break_into_blocks_and_no_number_is_cut():
    values = np.arange(3 * 40).reshape(3, 40) + 1000.5
    wide = Matrix("m", ["x", "y", "z"], [f"column-{i}" for i in range(40)], {("v",): values}, {"v": Measure("Value")})
    shown = printed(terminal_matrix(wide, width=80))
    assert all(f"{v:.1f}" in shown for v in values.ravel())
    assert "A column-0" in shown
    assert "AN column-39" in shown


def test_cells_are_coloured_only_where_there_are_colours():
    m = Matrix("m", ["a"], ["b"], {("v",): [[1]]}, {"v": Measure("Value", low=0, high=1)})
    assert "\x1b[38;2;27;31;37;48;2;79;151;214m" in printed(
        terminal_matrix(m), color_system="truecolor", force_terminal=True
    )


def test_markup_in_names_is_text():
    shown = printed(terminal_table(Table("t", ["[red]head", Column("n", "%", ".1f")], [["[bold]x[/]", 1.25], ["y", None]])))
    assert "[red]head" in shown
    assert "[bold]x[/]" in shown
    assert "1.2" in shown
    m = Matrix("m", ["[red]"], ["[b]"], {("[i]", "v"): [[1]]}, {"v": Measure("Value")}, selectors=["s"], title="[x]")
    assert all(text in printed(terminal_matrix(m)) for text in ("[red]", "[b]", "[i]", "[x]"))


def test_unknown_layer_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="same / ridge / accuracy"):
        terminal_matrix(matrix(), ("same", "ridgge", "accuracy"))


def test_a_number_with_its_interval_keeps_to_one_line():
    words = "a long text that has to wrap where the terminal is narrow"
    table = Table("rates", ["what", "rank-1"], [[words, rated(0.5, 0.4, 0.6)], [words, valued(-1.0, -2.0, 0.5)]])
    shown = printed(terminal_table(table), 40)
    assert "50.0 % (40.0 to 60.0)" in shown
    assert "−1.00 (−2.00 to 0.50)" in shown
