"""Which template and medium each face of a set belongs to, by the set's own columns, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Strings
from ..errors import InputError
from ..io import nfc, texts
from ..row_index import AnySet, text_hashes

Texts = dict[str, Strings]


def own_columns(faces: AnySet) -> tuple[Strings, NDArray[np.int32], NDArray[np.int32], Strings | None]:
    """Names of the templates (t,), codes (n,) of templates and media, and the templates' subjects (t,) or None.

    Raises InputError without a column `template`, for faces without a template and templates of two people.
    """
    names: dict[str, int] = {}
    templates, media = [np.empty(0, np.intp)], [np.empty(0, np.uint64)]
    subjects: dict[int, str] | None = {}
    homeless: list[str] = []
    at = 0
    for chunk in _texts(faces):
        if "template" not in chunk:
            raise InputError("the set has no column 'template'", "Add it, or give a list of image, template and media.")
        homeless += [f"row {at + row} ({chunk['ids'][row]})" for row in np.flatnonzero(chunk["template"] == "").tolist()]
        distinct, place = np.unique(chunk["template"], return_inverse=True)
        codes = np.array([names.setdefault(name, len(names)) for name in distinct.tolist()])[place]
        templates.append(codes)
        if "media" in chunk:
            media.append(text_hashes(chunk["media"]))
        if subjects is not None:
            subjects = _known(subjects, codes, chunk) if "subject" in chunk else None
        at += len(codes)
    if homeless:
        raise InputError(
            f"{len(homeless):,} faces belong to no template: {', '.join(homeless[:5])}", "Leave them out, or say."
        )
    ordered = np.array(list(names), dtype=np.str_)
    order = np.argsort(ordered)
    code = np.argsort(order)[np.concatenate(templates)]
    group = np.unique(np.concatenate(media), return_inverse=True)[1] if len(media) > 1 else np.arange(at)
    told = None if subjects is None else np.array([subjects.get(number, "") for number in order.tolist()], dtype=np.str_)
    return ordered[order], code.astype(np.int32), group.astype(np.int32), told


def _known(subjects: dict[int, str], codes: NDArray[np.intp], chunk: Texts) -> dict[int, str]:
    """With the first known subject of templates that had none."""
    known = np.flatnonzero(chunk["subject"] != "")
    for code, row in zip(*np.unique(codes[known], return_index=True), strict=True):
        subjects.setdefault(int(code), str(chunk["subject"][known[row]]))
    told = np.array([subjects.get(code, "") for code in codes[known].tolist()], dtype=np.str_)
    if (clash := told != chunk["subject"][known]).any():
        at = known[int(np.argmax(clash))]
        raise InputError(
            f"template {chunk['template'][at]} shows two people: {subjects[int(codes[at])]} and {chunk['subject'][at]} "
            f"(id {chunk['ids'][at]})",
            "A template is of one person.",
        )
    return subjects


def _texts(faces: AnySet) -> Iterator[Texts]:
    if isinstance(faces, EmbeddingSet):
        yield {"ids": faces.ids, **{name: column for name, column in faces.columns().items() if name != "quality"}}
        return
    for shard in faces.shards():
        for fields in faces.texts(shard):
            yield {
                name: nfc(texts(fields[name], name)) for name in ("ids", "template", "media", "subject") if name in fields
            }
