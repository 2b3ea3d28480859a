"""Pooling of face embeddings into templates.

    t = Σ_m (1/|m|) Σ_{i ∈ m} x_i over the media m of the template, then t / ‖t‖

The embeddings of one video are averaged, so that a long video counts no more than a still image; videos and stills are
summed and the sum is L2-normalised (McNeely-White et al. 2021, section 3.1; insightface's `image2template_feature`). As
there, x_i is taken as the network gave it: networks give sharp frontal faces longer vectors, which thereby weigh more.
Vectors of means and uncertainties (PFE, 1024-d) are vectors like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..datasets import TemplateProtocol
from ..embeddings import EmbeddingSet, Strings
from ..errors import InputError, shorten

Transform = Callable[[NDArray[np.float32]], NDArray[Any]]

_BLOCK = 4096  # faces summed at a time, in float64: 16 MB of 512-d vectors a worker


@dataclass(frozen=True, eq=False)
class Pooled:
    """Templates of one network.

    Attributes:
        vectors: (t, d) float32, unit length; zero where `present` is False.
        present: (t,) bool, whether a template has any face with an embedding.
        missing: how many rows of the list have no embedding.
    """

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]
    missing: int


def pool_templates(
    faces: EmbeddingSet,
    protocol: TemplateProtocol | None = None,
    *,
    normalize_faces: bool = False,
    weights: ArrayLike | None = None,
    in_list_order: bool = False,
    allow_missing: bool = False,
    transform: Transform | None = None,
    workers: int = 2,
) -> EmbeddingSet:
    """The set of templates: unit vectors whose ids are the names of the templates.

    Which face belongs to which template and medium says `protocol`, or else the set's own columns `template` and `media`
    (without `media` every face is a still). `subject` is carried over where it is known.

    Args:
        faces: embeddings of the faces.
        protocol: the lists; its images are found by id in `faces`, unless `in_list_order`.
        normalize_faces: bring every face to unit length first, so that all weigh the same.
        weights: (n,) factor of every row of the list (of every row of `faces` without `protocol`), such as the face
            detector's score, with which insightface's script multiplies.
        in_list_order: row i of the set is row i of the list, whatever the ids.
        allow_missing: pool the faces that have an embedding; templates without any are left out.
        transform: applied to blocks of faces before they are pooled, such as a map's `probe`.
        workers: threads; the result does not depend on them.

    How it was pooled, and how many rows of the list had no embedding, stands in the set's metadata.

    Raises:
        InputError: faces without an embedding, a template whose vectors sum to zero, no column `template`.

    >>> faces = EmbeddingSet([[3, 0], [1, 0], [0, 2]], ["a", "b", "c"], template=["t"] * 3, media=["v", "v", "w"])
    >>> pool_templates(faces).vectors.tolist()
    [[0.7071067690849304, 0.7071067690849304]]
    """
    if protocol is None:
        names, template, media, subject = _own_columns(faces)
        rows = np.arange(len(faces), dtype=np.intp)
    else:
        names, template, media, subject = protocol.templates, protocol.template, protocol.media, protocol.subject
        rows = protocol.rows(faces, in_list_order=in_list_order)
        if not allow_missing and (rows < 0).any():
            _missing_faces(protocol, faces, rows)
    found = pool(
        faces.vectors,
        rows,
        template,
        media,
        names,
        normalize_faces=normalize_faces,
        weights=_weights(weights, len(template)),
        transform=transform,
        workers=workers,
    )
    kept = np.flatnonzero(found.present)
    how = "media-mean" + ("-of-unit-faces" if normalize_faces else "") + ("-weighted" if weights is not None else "")
    return EmbeddingSet(
        found.vectors[kept],
        names[kept],
        model=faces.model,
        subject=None if subject is None else subject[kept],
        metadata={**faces.metadata, "pooling": how, "missing_faces": found.missing},
    )


def pool(
    vectors: NDArray[np.float32],
    rows: NDArray[np.intp],
    template: NDArray[np.integer],
    media: NDArray[np.integer],
    names: Strings,
    *,
    normalize_faces: bool = False,
    weights: NDArray[np.float64] | None = None,
    transform: Transform | None = None,
    workers: int = 2,
) -> Pooled:
    """Templates from rows of `vectors`: (n,) `rows` (−1: no embedding), `template` (place in `names`) and `media`.

    Sums are float64, in the order of the list, and rounded once; the result does not depend on `workers`. `transform` is
    applied to blocks of faces before they are summed.
    """
    from scipy.sparse import csr_array

    here = rows >= 0
    missing = int(np.count_nonzero(~here))
    if missing:
        rows, template, media = rows[here], template[here], media[here]
        weights = None if weights is None else weights[here]
    share = _media_shares(template, media)
    if weights is not None:
        share *= weights
    if (template[1:] < template[:-1]).any():
        order = np.argsort(template, kind="stable")
        rows, share, template = rows[order], share[order], template[order]
    starts = np.searchsorted(template, np.arange(len(names) + 1))
    sums = np.zeros((len(names), vectors.shape[1] if transform is None else 0), dtype=np.float32)
    lengths = np.zeros(len(names))

    def block(first: int, last: int) -> tuple[int, int, NDArray[np.float64]]:
        a, b = int(starts[first]), int(starts[last])
        part = rows[a:b]
        straight = b > a and part[-1] - part[0] == b - a - 1 and bool((np.diff(part) == 1).all())
        faces = vectors[part[0] : part[-1] + 1] if straight else vectors[part]
        x = np.asarray(faces if transform is None else transform(faces), dtype=np.float64)
        factor = share[a:b]
        if normalize_faces:
            factor = factor / np.sqrt(np.einsum("ij,ij->i", x, x))
        matrix = csr_array((factor, np.arange(b - a), starts[first : last + 1] - a), shape=(last - first, b - a))
        return first, last, matrix @ x

    with ThreadPoolExecutor(workers) as pool_of_threads:
        for first, last, total in pool_of_threads.map(lambda ends: block(*ends), _blocks(starts)):
            if sums.shape[1] == 0:
                sums = np.zeros((len(names), total.shape[1]), dtype=np.float32)
            lengths[first:last] = length = np.sqrt(np.einsum("ij,ij->i", total, total))
            np.divide(total, length[:, None], out=total, where=length[:, None] > 0)
            sums[first:last] = total
    present = starts[1:] > starts[:-1]
    if (zero := present & ~(lengths > 0)).any():
        raise InputError(
            f"the embeddings of {int(zero.sum()):,} templates sum to zero: {shorten(names[zero].tolist())}",
            "Such a template has no direction to compare. Are its embeddings (or weights) right?",
        )
    return Pooled(sums, present, missing)


def _missing_faces(protocol: TemplateProtocol, faces: EmbeddingSet, rows: NDArray[np.intp]) -> None:
    """Raise the InputError for rows of the list without an embedding."""
    absent = np.unique(protocol.images[rows < 0])
    hint = faces.unseen(absent)
    if len(faces) == len(protocol.images):
        hint += " It has as many rows as the list: if they are in its order, say so (--in-list-order, in_list_order=True)."
    else:
        hint += " To pool the templates without them: --allow-missing."
    raise InputError(
        f"{len(absent):,} of the faces of {protocol.name!r} have no embedding: {shorten(absent.tolist())}",
        hint,
    )


def _own_columns(faces: EmbeddingSet) -> tuple[Strings, NDArray[np.int32], NDArray[np.int32], Strings | None]:
    if faces.template is None:
        raise InputError("the set has no column 'template'", "Add it, or give a list of image, template and media.")
    if (missing := faces.template == "").any():
        rows = [f"row {row} ({faces.ids[row]})" for row in np.flatnonzero(missing)[:5].tolist()]
        raise InputError(f"{int(missing.sum()):,} faces belong to no template: {', '.join(rows)}", "Leave them out, or say.")
    names, codes = np.unique(faces.template, return_inverse=True)
    media = np.arange(len(faces)) if faces.media is None else np.unique(faces.media, return_inverse=True)[1]
    subject = None
    if faces.subject is not None:
        subject = np.zeros(len(names), faces.subject.dtype)
        known = np.flatnonzero(faces.subject != "")[::-1]
        subject[codes[known]] = faces.subject[known]  # the first known one of each template
        if (clash := (subject[codes] != faces.subject) & (faces.subject != "")).any():
            at = int(np.argmax(clash))
            raise InputError(
                f"template {names[codes[at]]} shows two people: {subject[codes[at]]} and {faces.subject[at]} "
                f"(id {faces.ids[at]})",
                "A template is of one person.",
            )
    return names, codes.astype(np.int32), media.astype(np.int32), subject


def _weights(weights: ArrayLike | None, n: int) -> NDArray[np.float64] | None:
    if weights is None:
        return None
    factors = np.asarray(weights, dtype=np.float64)
    if factors.shape != (n,) or not np.isfinite(factors).all():
        raise InputError(f"weights must be {n:,} finite numbers, one for each face; got shape {factors.shape}")
    return factors


def _media_shares(template: NDArray[np.integer], media: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n,) one over the number of rows that share template and medium."""
    if not len(template):
        return np.empty(0)
    key = template.astype(np.int64) * (int(media.max()) + 1) + media
    _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse]


def _blocks(starts: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Runs (first, last) of templates with about _BLOCK faces each, one template at least."""
    runs, first, t = [], 0, len(starts) - 1
    while first < t:
        last = int(np.searchsorted(starts, starts[first] + _BLOCK, side="right")) - 1
        last = min(max(last, first + 1), t)
        runs.append((first, last))
        first = last
    return runs
