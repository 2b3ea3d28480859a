"""Who is in the images: labels for training, people to keep out of it, pairs to play on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...datasets import PairProtocol, read_pairs
from ...errors import FileFormatError, InputError, shorten
from ...images import ImageFile
from ...io import existing_file


def people_of(ids: Sequence[str], labels: str | Path | None = None) -> list[str]:
    """Each image's person: from lines `id person` in a file, or the image's folder.

    Raises InputError when an image has none, FileFormatError for a line of another form.
    """
    if labels is None:
        people = [name.rpartition("/")[0] for name in ids]
        if missing := [name for name, person in zip(ids, people, strict=True) if not person]:
            raise InputError(f"no person is known for {shorten(missing)}", "Use person/image folders, or give --labels.")
        return people
    table = {}
    path = existing_file(labels, "the labels")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.replace(",", " ").split()
        if len(fields) not in (0, 2):
            raise FileFormatError(f"{path}, line {number}: not `id person`: {line[:60]!r}")
        if fields:
            table[fields[0]] = fields[1]
    if missing := [name for name in ids if name not in table]:
        raise InputError(
            f"{path} has no person for {shorten(missing)}", "Ids are paths under the folder, without extension."
        )
    return [table[name] for name in ids]


def keep_out(files: list[ImageFile], pairs: str | Path | None) -> tuple[list[ImageFile], int]:
    """The files without those whose id or person (folder) is in a pairs list, and how many were left out."""
    if pairs is None:
        return files, 0
    tested = read_pairs(pairs).ids.tolist()
    people = {name.rpartition("/")[0] for name in tested} - {""}
    names = set(tested)
    kept = [f for f in files if f.id not in names and f.id.rpartition("/")[0] not in people]
    if not kept:
        raise InputError(f"all {len(files):,} images are of people in {pairs}", "Train on others.")
    return kept, len(files) - len(kept)


def evenly(protocol: PairProtocol, count: int) -> PairProtocol:
    """About `count` of the pairs: from every fold as many genuine as impostor, evenly spaced in the list's order."""
    if protocol.fold is None or count >= len(protocol):
        return protocol
    each = max(1, round(count / protocol.n_folds / 2))
    rows = []
    for fold in np.unique(protocol.fold):
        for same in (True, False):
            there = np.flatnonzero((protocol.fold == fold) & (protocol.same == same))
            rows.append(there[np.linspace(0, len(there) - 1, min(each, len(there))).round().astype(int)])
    return protocol.take(np.sort(np.concatenate(rows)))
