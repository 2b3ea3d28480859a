"""Who is in the images that a training sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import FileFormatError, InputError, shorten
from ...io import existing_file
from ...people import people_in


def labels_of(ids: Sequence[str], labels: str | Path | None = None) -> list[str]:
    """Each image's person: from lines `id person` in a file, or as `facespace.people` says.

    Raises InputError when an image has none, FileFormatError for a line of another form.
    """
    if labels is None:
        people = people_in(ids)
        if not people.known.all():
            missing = np.asarray(ids)[~people.known].tolist()
            raise InputError(f"no person is known for {shorten(missing)}", "Use person/image folders, or give --labels.")
        return [str(name) for name in people.names]
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
