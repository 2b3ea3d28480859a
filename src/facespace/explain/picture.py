"""The picture of an explained pair: both faces, their maps, the decision, and how far it may be read."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from ..images import Crops
from ..io import atomic_write
from .network import ExplainableNetwork
from .pair import SIGNED, PairExplanation, parts

Floats = NDArray[np.float32]
# After Okabe and Ito: blue for alike, orange for different, purple for both together.
COLOURS = {"S⁺": (0, 114, 178), "S⁻": (207, 90, 0), "S": (126, 47, 142)}
_WORDS = {"S⁺": "S⁺: speaks for one person", "S⁻": "S⁻: speaks against", "S": "S: counts either way"}
_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
_INK, _MUTED = "#1b1f24", "#59636e"
_HEIGHT, _GAP, _MARGIN = 240, 14, 24

MAY = (
    "You may read: where in the picture the features lie that moved the score above or below the threshold. "
    "Blue and orange are drawn to one scale, so their strengths compare within this picture."
)
MAY_HIDDEN = (
    "You may read: where hiding a place lowers the score (blue: it speaks for one person) or raises it (orange: against). "
    "Both are drawn to one scale, so their strengths compare within this picture."
)
MAY_NOT = (
    "You may not read: that the two are, or are not, one person (the network may be wrong); that a person would look at the "
    "same places; or that the marked places alone decide. Places are known to some 20 pixels of the crop at best."
)


def write_picture(explanation: PairExplanation, path: str | Path, *, title: str = "") -> Path:
    """Draw an explained pair to a .png or .svg file.

    Raises OutputError for another kind of file.
    """
    return draw(Path(path), lambda: picture(explanation, title=title))


def draw(path: Path, make: Callable[[], str]) -> Path:
    """Write the SVG that is made to a .png or .svg file. Raises OutputError for another kind of file."""
    kind = path.suffix.lower()
    if kind not in (".png", ".svg"):
        raise OutputError(f"{path}: can't write this kind of file", "End the name in .png or .svg.")
    svg = make()
    with atomic_write(path) as temporary:
        if kind == ".svg":
            temporary.write_text(svg, encoding="utf-8")
        else:
            import vl_convert

            temporary.write_bytes(vl_convert.svg_to_png(svg, scale=2))
    return path


def picture(explanation: PairExplanation, *, title: str = "") -> str:
    """The picture as SVG."""
    rows = [
        (face, {name: smoothed(values, explanation) for name, values in parts(explanation, face).items()})
        for face in explanation.faces
    ]
    scale = max(float(np.quantile(np.abs(face.importance), 0.995)) for face, _ in rows) or 1.0
    columns = 1 + len(rows[0][1])
    widths = [round(_HEIGHT * face.crop.shape[1] / face.crop.shape[0]) for face, _ in rows]
    cell = max(max(widths) + _GAP, 215)
    width = max(2 * _MARGIN + columns * cell - _GAP, 560)
    body = [text_tag(_MARGIN, 36, explanation.verdict(), 20, weight="bold")]
    y = 58.0
    source = explanation.threshold_source
    for words in (title or _title(explanation), "" if source is None else source.words):
        for line in wrapped(words, 13, width - 2 * _MARGIN):
            body.append(text_tag(_MARGIN, y, line, 13, _MUTED))
            y += 18
    y += 8
    for letter, (face, shown) in zip("AB", rows, strict=False):
        items = [(f"image {letter}", face.crop)]
        for name, values in shown.items():
            items.append((_WORDS.get(name, name), overlay(face.crop, values / scale, COLOURS.get(name, COLOURS["S"]))))
        for column, (label, image) in enumerate(items):
            x = _MARGIN + column * cell
            body.append(text_tag(x, y + 10, label, 13))
            body.append(image_tag(x, y + 18, _HEIGHT * image.shape[1] / image.shape[0], _HEIGHT, image))
        y += _HEIGHT + 18 + 22
    if explanation.other_crop is not None:
        # As wide as the face above it; crops of other networks are of another shape.
        row, height = _closed_row(explanation, explanation.other_crop, y, widths[0], _MARGIN + cell, width - _MARGIN)
        body += row
        y += height + 18 + 22
    if explanation.method in SIGNED:
        share = " and ".join(f"{_share(face.importance):.0%}" for face, _ in rows)
        for line in [f"Share of S⁺ in all that counts: {share}.", *_strength(explanation, scale)]:
            body.append(text_tag(_MARGIN, y + 4, line, 13))
            y += 18
        y += 6
    may = MAY if explanation.method in SIGNED else MAY.split(". Blue")[0] + "."
    for sentence in (MAY_HIDDEN if explanation.passes else may, MAY_NOT):
        for line in wrapped(sentence, 12, width - 2 * _MARGIN):
            body.append(text_tag(_MARGIN, y + 4, line, 12, _MUTED))
            y += 17
        y += 5
    for line in wrapped(explanation.signature.replace("|", "| "), 10, width - 2 * _MARGIN):
        body.append(text_tag(_MARGIN, y + 6, line.replace("| ", "|"), 10, _MUTED))
        y += 13
    height = y + 9
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"><rect width="100%" height="100%" fill="#ffffff"/>'
        + "".join(body)
        + "</svg>"
    )


def smoothed(values: Floats, explanation: PairExplanation) -> Floats:
    """A map as it is drawn: that of hidden patches without their edges, which are the grid's and not the face's."""
    if not explanation.passes:
        return values
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 0.04 * max(values.shape), borderType=cv2.BORDER_REFLECT_101))


def _strength(explanation: PairExplanation, scale: float) -> list[str]:
    """What full colour stands for, and how sure the maps are, of black-box methods."""
    if not explanation.passes:
        return []
    full = f"a score lower or higher by {scale:.3f} with the place hidden"
    if explanation.method == "rise":
        full = f"a correlation of {scale:.2f} between showing the place and the score"
    elif explanation.method == "shap":
        hundredth = scale * explanation.faces[0].importance.size / 100
        full = f"a part of the face that brings the score {hundredth:.3f} for each hundredth of the picture that it covers"
    elif explanation.method == "minplus":
        full = f"a score lower or higher by some {scale:.3f} with the place hidden, or alone shown"
    agreement = " and ".join(f"{c:.2f}" for c in explanation.convergence)
    passes = " + ".join(str(n) for n in explanation.passes)
    told = f"{passes} passes; correlation of the maps of two halves of them: {agreement}"
    if explanation.standard_error:
        told += f"; standard error of the maps: {sure(explanation.standard_error)}"
    return [f"Full colour: {full}.", f"{told}."]


def sure(errors: tuple[float, ...]) -> str:
    """Standard errors of two maps in words."""
    return " and ".join(f"{error:.3f}" for error in errors)


def _title(explanation: PairExplanation) -> str:
    way = " → ".join(filter(None, [explanation.network, explanation.other_network]))
    return f"{way}, {explanation.method}"


def _closed_row(
    explanation: PairExplanation, crop: Crops, y: float, wide: int, left: float, right: float
) -> tuple[list[str], float]:
    """The second face where its network's map is closed, why nothing is drawn over it, and the face's height."""
    note = (
        f"Compared by its {explanation.other_network} embedding. That network's convolutional map is closed, so this face "
        "has no overlay."
    )
    if explanation.method in SIGNED:
        note += " The row above shows what in image A speaks for and against the match."
    height = wide * crop.shape[0] / crop.shape[1]
    row = [text_tag(_MARGIN, y + 10, "image B", 13), image_tag(_MARGIN, y + 18, wide, height, crop)]
    lines = wrapped(note, 13, min(right - left, 430))
    first = y + 18 + height / 2 - 9 * (len(lines) - 1) + 4
    return row + [text_tag(left, first + 18 * i, line, 13, _MUTED) for i, line in enumerate(lines)], height


def wrapped(words: str, size: int, width: float) -> list[str]:
    """Text in lines that fit `width`, at half the type's size a character; longer words, such as names of files, are cut."""
    return textwrap.wrap(words, max(int(width / (0.49 * size)), 12), break_on_hyphens=False)


def overlay(crop: Crops, strength: Floats, colour: Sequence[int], zoom: int = 4) -> Crops:
    """A paled grey face under a map in one colour; `strength` 1 and above is full colour."""
    size = (crop.shape[1] * zoom, crop.shape[0] * zoom)
    grey = cv2.cvtColor(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_RGB2GRAY).astype(np.float32)
    paled = (0.55 * grey + 0.45 * 255)[..., None].repeat(3, 2)
    heat = cv2.resize(np.clip(strength, 0, 1).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)[..., None]
    alpha = 0.85 * np.sqrt(np.clip(heat, 0, 1))  # weak places stay visible
    shaded = np.array(colour, np.float32) * (0.55 + 0.45 * grey[..., None] / 255)  # the face shows through the colour
    return np.asarray(np.rint((1 - alpha) * paled + alpha * shaded), dtype=np.uint8)


def _share(signed: Floats) -> float:
    total = float(np.abs(signed).sum())
    return float(np.maximum(signed, 0).sum()) / total if total else 0.0


def text_tag(x: float, y: float, words: str, size: int, colour: str = _INK, weight: str = "normal") -> str:
    """A line of text at its baseline; ⁺ and ⁻ are raised, because many fonts lack them."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="{_FONT}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{_raised(escape(words))}</text>'
    )


def _raised(words: str) -> str:
    for sign, plain in (("⁺", "+"), ("⁻", "−")):
        words = words.replace(sign, f'<tspan baseline-shift="super" font-size="75%">{plain}</tspan>')
    return words


def image_tag(x: float, y: float, width: float, height: float, pixels: Crops) -> str:
    """A picture (height, width, 3) within the SVG."""
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert done
    uri = "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()
    return f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" xlink:href="{uri}"/>'


def write_reconstructions(network: ExplainableNetwork, crops: Crops, path: str | Path, *, count: int = 12) -> Path:
    """A PNG of faces (upper rows) and what the decoder makes of their maps (below each), evenly chosen from `crops`.

    Raises ModelError without a decoder.
    """
    chosen = crops[np.linspace(0, len(crops) - 1, min(count, len(crops))).round().astype(int)]
    again = network.reconstruct(network.maps(chosen))
    rows = []
    for i in range(0, len(chosen), 6):
        for faces in (chosen[i : i + 6], again[i : i + 6]):
            strip = np.concatenate(list(faces), axis=1)
            width = 6 * chosen.shape[2] if len(chosen) > 6 else strip.shape[1]
            rows.append(np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), constant_values=255))
    done, data = cv2.imencode(".png", cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))
    assert done
    with atomic_write(path) as temporary:
        temporary.write_bytes(data.tobytes())
    return Path(path)
