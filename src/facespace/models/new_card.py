"""`new_card`: a card for one's own ONNX network, from what the file says of itself and what its user knows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, ModelError, shorten, unknown_name
from ..images import onnx_session
from ..io import atomic_write, existing_file
from .card import ModelCard, read_card


@dataclass(frozen=True)
class NetworkShapes:
    """What an ONNX file says of itself.

    Attributes:
        layout: "NCHW" or "NHWC". size: (height, width) of its input, None where it takes any.
        batch: how many images it takes at a time, None for any number.
        outputs: width of each output that is a vector an image, by name, in the file's order.
    """

    layout: str
    size: tuple[int, int] | None
    batch: int | None
    outputs: dict[str, int]


def network_shapes(path: Path) -> NetworkShapes:
    """Read an ONNX network's shapes; outputs whose width the file leaves open are computed on a black image.

    Raises ModelError where it takes no single image of three colours, or gives no vector.
    """
    session = onnx_session(path, threads=1)
    inputs = session.get_inputs()
    shape: list[Any] = list(inputs[0].shape) if inputs else []
    if len(inputs) != 1 or len(shape) != 4 or 3 not in (shape[1], shape[3]):
        told = "; ".join(f"{one.name} {shorten(one.shape, 8)}" for one in inputs)
        raise ModelError(
            f"{path} takes no single image of three colours, but {told or 'nothing'}",
            "A network of faces takes (n, 3, height, width) or (n, height, width, 3).",
        )
    layout = "NCHW" if shape[1] == 3 else "NHWC"
    sides = shape[2:] if layout == "NCHW" else shape[1:3]
    size = (sides[0], sides[1]) if all(isinstance(side, int) and side > 0 for side in sides) else None
    batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
    height, width = size or (112, 112)
    black = np.zeros((batch or 1, 3, height, width) if layout == "NCHW" else (batch or 1, height, width, 3), np.float32)
    try:
        found = session.run(None, {inputs[0].name: black})
    except Exception as error:  # ONNX Runtime's error classes are private
        reason = (str(error).splitlines() or ["?"])[0]
        raise ModelError(f"{path} fails on an image of {width} × {height} pixels: {reason}") from None
    names = [one.name for one in session.get_outputs()]
    outputs = {
        name: int(np.prod(value.shape[1:]))
        for name, value in zip(names, found, strict=True)
        if value.ndim >= 2 and len(value) == (batch or 1) and max(value.shape[1:]) == np.prod(value.shape[1:]) > 1
    }
    if not outputs:
        told = "; ".join(f"{name} {shorten(list(value.shape), 8)}" for name, value in zip(names, found, strict=True))
        raise ModelError(
            f"{path} gives no vector an image, but {told}", "Is it a detector, or cut off before the embedding?"
        )
    return NetworkShapes(layout, size, batch, outputs)


def new_card(
    network: str | Path,
    out: str | Path | None = None,
    *,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    colour: str | None = None,
    name: str | None = None,
    output: str | None = None,
    licence: str = "",
    source: str = "",
) -> tuple[Path, ModelCard]:
    """Write the card of an ONNX network: `(path, card)`. By default FILE.toml beside FILE.onnx.

    The file says layout, size, batch and width. What it can't say must be given: `mean` and `std`, a number or three, of
    pixels 0 to 255 and in the network's order of colours, and `colour`, "RGB" or "BGR". Crops are those of the ArcFace
    template at the network's size (a width of 6/7 of the height is its middle columns); the card says where to write other
    points. `output` is needed where several outputs are vectors.

    Raises InputError naming all that is missing; ModelError where the file is no such network, OutputError.
    """
    path = existing_file(Path(network), "a network")
    shapes = network_shapes(path)
    given = {"mean": mean, "std": std, "colour": colour}
    missing = [key for key, value in given.items() if value is None]
    if len(shapes.outputs) > 1 and output is None:
        missing.append(f"output (one of {shorten([f'{o}: {d} numbers' for o, d in shapes.outputs.items()], 8)})")
    if missing:
        raise InputError(
            f"the file {path.name} doesn't say {', '.join(missing)}",
            "Look at how its authors prepare images. Usual are mean = 127.5, std = 127.5, colour = RGB (ArcFace); mean = 0, "
            "std = 1 where the network normalises pixels itself.",
        )
    chosen = output or next(iter(shapes.outputs))
    if chosen not in shapes.outputs:
        raise unknown_name("output", chosen, shapes.outputs)
    target = Path(out) if out is not None else path.with_suffix(".toml")
    title = name or re.sub(r"[^\w.-]+", "-", path.stem)
    lines = [
        f"name = {_text(title)}",
        'runtime = "onnx"',
        f"dim = {shapes.outputs[chosen]}",
        *([f"output = {_text(chosen)}"] if len(shapes.outputs) > 1 else []),
        *([f"source = {_text(source)}"] if source else []),
        "",
        "[[files]]",
        f"name = {_text(path.name)}",
        "",
        "[input] # pixels from 0 to 255 become (x - mean) / std, in the network's order of colours",
        f'layout = "{shapes.layout}"',
        f"colour = {_text(str(colour))}",
        f"mean = {_numbers(mean)}",
        f"std = {_numbers(std)}",
        *([f"batch = {shapes.batch}"] if shapes.batch else []),
        "",
        *_alignment(shapes.size or (112, 112)),
        *(["", "[licence]", f"name = {_text(licence)}", "embeddings = false # may they be passed on?"] if licence else []),
    ]
    with atomic_write(target) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        read_card(temporary)  # whatever is wrong is said before there is a card
    return target, read_card(target)


def _alignment(size: tuple[int, int]) -> list[str]:
    height, width = size
    head = "[alignment] # of a network trained on other crops: points = [[x, y], … five of them] instead of the template"
    if height == width:
        return [head, 'template = "arcface"', f"size = [{height}, {width}]"]
    if 7 * width == 6 * height:
        middle = f"columns = [{height // 14}, {height * 13 // 14}]"
        return [head, 'template = "arcface"', f"size = [{height}, {height}]", middle]
    raise ModelError(
        f"the network takes {height} × {width} pixels, which are no crops of the ArcFace template",
        "Write the card by hand, with points and size under [alignment]: docs/cards.md.",
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _numbers(value: float | Sequence[float] | None) -> str:
    return json.dumps(list(value) if isinstance(value, Sequence) else value)
