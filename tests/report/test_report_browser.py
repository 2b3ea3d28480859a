"""The page in a real browser: sorting, layers, tooltips, themes, narrow screens."""

import numpy as np
import pytest
from report_sample import MODELS

ROWS = "return [...document.querySelectorAll('.grid tbody tr')].map(r => r.cells[0].textContent)"
COLUMNS = "return [...document.querySelectorAll('.grid thead th')].map(h => h.textContent)"
NAMES = list(MODELS)


@pytest.fixture
def page(browser, written):
    browser.open(written[0][0])
    yield browser
    assert browser.console() == []  # the page logs nothing, errors of the security policy included


def test_a_column_head_sorts_the_rows(page, written):
    column = written[1][2].layers["same", "auto", "accuracy"][:, 4]
    head = '.grid th[data-c="4"]'
    page.click(f"{head} button")
    assert page.run(ROWS) == [NAMES[i] for i in np.argsort(-column.round(3), kind="stable")]
    assert page.run(f"return document.querySelector('{head}').getAttribute('aria-sort')") == "descending"
    page.press(f"{head} button", "Enter")
    assert page.run(ROWS) == [NAMES[i] for i in np.argsort(column.round(3), kind="stable")]
    page.press(f"{head} button", "Enter")
    assert page.run(ROWS) == NAMES
    assert page.run("return document.querySelectorAll('.grid [aria-sort]').length") == 0


def test_a_row_head_sorts_the_columns_and_cells_move_along(page, written):
    values = written[1][2].layers["same", "auto", "accuracy"]
    page.click('.grid tr[data-r="6"] th button')
    order = np.argsort(-values[6].round(3), kind="stable")
    assert page.run(COLUMNS) == [NAMES[i] for i in order]
    shown = page.run(
        "return [...document.querySelectorAll('.grid tbody tr')].map(r => [...r.cells].slice(1).map(c => c.textContent))"
    )
    assert shown == [[f"{v:.1f}" for v in row] for row in values[:, order]]
    page.click("[data-reset]")
    assert page.run(COLUMNS) == NAMES


def test_layers_switch_and_the_order_follows(page, written):
    loss = written[1][2].layers["matched", "rotation", "loss_target"]
    page.click('.grid th[data-c="9"] button')
    page.click('[data-level="0"] label:nth-child(2)')
    page.click('[data-level="1"] label:nth-child(3)')
    page.click('[data-level="2"] label:nth-child(2)')
    assert (
        page.run("return document.querySelector('.layer').textContent")
        == "matched · rotation · Loss against the target (points)"
    )
    assert (
        page.run('return document.querySelector(\'.grid tr[data-r="5"] td[data-c="9"]\').textContent') == f"{loss[5, 9]:.1f}"
    )
    column = np.where(np.isnan(loss[:, 9]), -np.inf, loss[:, 9].round(3))
    assert page.run(ROWS) == [NAMES[i] for i in np.argsort(-column, kind="stable")]  # no value comes last
    assert page.run("return document.querySelector('.grid').classList.contains('low')")


def test_the_keyboard_walks_through_the_cells(page):
    page.press('.grid td[tabindex="0"]', "Right")
    page.press('.grid td[tabindex="0"]', "Down")
    assert page.run("return [document.activeElement.parentElement.dataset.r, document.activeElement.dataset.c]") == [
        "1",
        "1",
    ]
    page.press('.grid td[tabindex="0"]', "Right")
    tip = page.run("return document.getElementById('tip').innerText")
    assert "edgeface-xxs → edgeface-xs" in tip
    assert "Loss against the poorer model: " in tip
    assert "chosen: " in tip
    assert page.run("return document.querySelectorAll('.grid td[tabindex=\"0\"]').length") == 1


def test_a_table_sorts_and_filters(page):
    head = "#s-models thead th:nth-child(2)"
    page.click(f"{head} button")
    first = "return document.querySelector('#s-models tbody tr').cells[0].textContent"
    assert page.run(first) == "faceres"
    page.press(f"{head} button", "Enter")
    assert page.run(f"return document.querySelector('{head}').getAttribute('aria-sort')") == "ascending"
    assert page.run("return [...document.querySelectorAll('#s-models td:nth-child(2)')].map(c => +c.dataset.v)") == sorted(
        width for width, _ in MODELS.values()
    )
    page.press("#s-cells input", "ridge faceres dlib")
    assert page.run("return document.querySelector('#s-cells .count').textContent") == "2 of 847 rows"
    page.click("#s-cells thead th:nth-child(7) button")  # the loss, where the diagonal has none
    assert page.run("return document.querySelector('#s-cells tbody').rows[846].cells[6].textContent") == "–"


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_nothing_is_wider_than_the_page(browser, written, width):
    browser.open(written[0][0], width, 800, touch=width < 700)
    assert browser.run("return document.documentElement.scrollWidth") == width
    cut = """return [...document.querySelectorAll('main *')].filter(e => !e.closest('.box') && !e.closest('[hidden]')
             && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert browser.run(cut) == []


CONTRAST = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const channels = (colour) => {
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data]
    .map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
};
const light = (colour) => { const [r, g, b] = channels(colour); return .2126 * r + .7152 * g + .0722 * b; };
const ratio = (one, other) => {
  const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
  return (a + .05) / (b + .05);
};
const ground = (e) => {
  const own = getComputedStyle(e).backgroundColor;
  return own === 'rgba(0, 0, 0, 0)' ? ground(e.parentElement) : own;
};
const poor = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!own || !e.offsetParent || e.closest('svg, script, style, :disabled, .skip, .tip')) continue;
  if (ratio(getComputedStyle(e).color, ground(e)) < 4.5) poor.push(e.outerHTML.slice(0, 80));
}
for (const e of document.querySelectorAll('svg text, svg path[stroke], svg line')) {
  const {fill, stroke} = getComputedStyle(e);
  const [colour, enough] = e.tagName === 'text' ? [fill, 4.5] : [stroke, 3];
  if (colour === 'none' || e.closest('.role-axis-grid')) continue;
  if (ratio(colour, ground(e.closest('.box'))) < enough) poor.push(e.outerHTML.slice(0, 120));
}
return poor;
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_the_contrast_of_wcag_aa(browser, written, dark):
    browser.open(written[0][0], dark=dark)
    assert browser.run(CONTRAST) == []
    browser.click('[data-level="2"] label:nth-child(2)')
    assert browser.run(CONTRAST) == []


def test_the_button_turns_the_theme(page):
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = page.run(ground)
    page.click("[data-theme-toggle]")
    assert page.run(ground) != light
    assert page.run("return document.querySelector('[data-theme-toggle]').textContent") == "Light"
    page.click("[data-theme-toggle]")
    assert page.run(ground) == light
    page.run("localStorage.clear()")


def test_nothing_is_requested(page):
    assert page.run("return performance.getEntriesByType('resource').map(e => e.name)") == []
