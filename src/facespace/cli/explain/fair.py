"""`facespace explain evaluate --tests margin,…`: the fair tests, on any network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType

from ..files import crop_faces
from ..options import Cropping, Printing
from ..printing import finish, page, progress_bar

if TYPE_CHECKING:
    from ...datasets import PairProtocol
    from ...explain.fair import FairTestResult


def evaluate_fairly(
    protocol: PairProtocol,
    images: Path,
    model: str,
    methods: Sequence[str],
    tests: Sequence[str],
    limit: int | None,
    cropping: Cropping,
    output: Path | None,
    printing: Printing,
    seed: int,
) -> None:
    """Test maps of the network that `embed` runs; white-box methods of one that is there as a PyTorch module."""
    from ...errors import unknown_name
    from ...explain import BLACK_BOX
    from ...explain.fair import black_box_method, fair_report, fair_tests, independent_pairs, pair_faces, white_box_method
    from ...explain.white_box import WHITE_BOX, open_network
    from ...images import find_images
    from ...models import load_card, load_network

    for name in methods:
        if name not in (*BLACK_BOX, *WHITE_BOX):
            raise unknown_name("method of these tests", name, (*BLACK_BOX, *WHITE_BOX))
    card = load_card(model)
    rows = independent_pairs(protocol, limit or 500, seed)
    wanted = {*protocol.left[rows].tolist(), *protocol.right[rows].tolist()}
    files = [file for file in find_images(images) if file.id in wanted]
    crops, ids, _ = crop_faces(files, card, cropping, printing.silent)
    pairs, strangers, same = pair_faces(crops, ids, protocol, rows)
    network = load_network(card, cropping.weights, threads=os.cpu_count() or 1)
    opened = open_network(model, cropping.weights) if set(methods) & set(WHITE_BOX) else None
    made = {
        name: black_box_method(network, name, seed=seed) if opened is None or name in BLACK_BOX
        else white_box_method(opened, name, seed=seed)
        for name in methods
    }  # fmt: skip
    with progress_bar("pairs", printing.silent) as step:
        result = fair_tests(
            pairs,
            strangers,
            same,
            network,
            made,
            name=card.name,
            landmarks=card.template,
            tests=tests,
            seed=seed,
            progress=step,
        )
    finish(result, fair_report, _text, output, printing)


def _text(result: FairTestResult, files: list[str]) -> RenderableType:
    from ...explain.fair import fair_finding, fair_table
    from ...report import terminal_table

    return page(fair_finding(result), terminal_table(fair_table(result)), signature=result.signature, files=files)
