"""Pooling of face embeddings into templates.

    t = Σ_m (1/|m|) Σ_{i ∈ m} x_i over the media m of the template, then t / ‖t‖

The embeddings of one video are averaged, so that a long video counts no more than a still image; videos and stills are
summed and the sum is L2-normalised (McNeely-White et al. 2021, section 3.1; insightface's `image2template_feature`). As
there, x_i is taken as the network gave it: networks give sharp frontal faces longer vectors, which thereby weigh more.
Vectors of means and uncertainties (PFE, 1024-d) are vectors like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..datasets import TemplateProtocol
from ..embeddings import EmbeddingSet, StoredSet, Strings
from ..engine import Engine, LocalEngine
from ..errors import InputError, shorten
from ..given import ANY, TEMPLATES, SetLike, as_any, takes
from ..row_index import AnySet, ids_of, rows_of
from ._columns import own_columns
from ._sums import TemplateSums, Transform


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


@takes(faces=ANY, protocol=TEMPLATES)
def pool_templates(
    faces: SetLike,
    protocol: TemplateProtocol | None = None,
    *,
    normalize_faces: bool = False,
    weights: ArrayLike | None = None,
    in_list_order: bool = False,
    allow_missing: bool = False,
    transform: Transform | None = None,
    workers: int = 2,
    engine: Engine | None = None,
) -> EmbeddingSet:
    """The set of templates: unit vectors whose ids are the names of the templates.

    The faces may be more than memory holds (`EmbeddingSet.open`): they are read once, some at a time, and summed in the
    order of their rows instead of the list's, which only rounds differently. In memory are the templates, in float64, and
    the list.

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
        workers: threads; the result does not depend on them. engine: what else stored faces are read on.

    How it was pooled, and how many rows of the list had no embedding, stands in the set's metadata.

    Raises:
        InputError: faces without an embedding, a template whose vectors sum to zero, no column `template`.

    >>> faces = EmbeddingSet([[3, 0], [1, 0], [0, 2]], ["a", "b", "c"], template=["t"] * 3, media=["v", "v", "w"])
    >>> pool_templates(faces).vectors.tolist()
    [[0.7071067690849304, 0.7071067690849304]]
    """
    faces = as_any(faces)
    work = engine or LocalEngine(workers)
    if protocol is None:
        names, template, media, subject = own_columns(faces)
        rows = np.arange(len(faces), dtype=np.intp)
    else:
        names, template, media, subject = protocol.templates, protocol.template, protocol.media, protocol.subject
        rows = _rows(faces, protocol, in_list_order, allow_missing, work)
    factors = _weights(weights, len(template))
    found = pool(faces, rows, template, media, names, work, unit=normalize_faces, weights=factors, transform=transform)
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
    faces: AnySet,
    rows: NDArray[np.intp],
    template: NDArray[np.integer],
    media: NDArray[np.integer],
    names: Strings,
    engine: Engine,
    *,
    unit: bool = False,
    weights: NDArray[np.float64] | None = None,
    transform: Transform | None = None,
) -> Pooled:
    """Templates from rows of `faces`: (n,) `rows` (−1: no embedding), `template` (place in `names`) and `media`.

    Sums are float64 (of a set in memory in the order of the list) and rounded once; the result does not depend on the
    `engine`. `transform` is applied to blocks of faces before they are summed; `unit` brings them to unit length.
    """
    here = rows >= 0
    missing = int(np.count_nonzero(~here))
    if missing:
        rows, template, media = rows[here], template[here], media[here]
        weights = None if weights is None else weights[here]
    share = _media_shares(template, media)
    if weights is not None:
        share *= weights
    present = np.bincount(template, minlength=len(names)) > 0
    total = TemplateSums.of(faces, rows, template, share, unit, transform).total(len(names), engine)
    lengths = np.sqrt(np.einsum("ij,ij->i", total, total))
    if (zero := present & ~(lengths > 0)).any():
        raise InputError(
            f"the embeddings of {int(zero.sum()):,} templates sum to zero: {shorten(names[zero].tolist())}",
            "Such a template has no direction to compare. Are its embeddings (or weights) right?",
        )
    np.divide(total, lengths[:, None], out=total, where=lengths[:, None] > 0)
    return Pooled(total.astype(np.float32), present, missing)


def _rows(
    faces: AnySet, protocol: TemplateProtocol, in_list_order: bool, allow_missing: bool, engine: Engine
) -> NDArray[np.intp]:
    """(n,) row of the set for each row of the list, −1 where there is none; InputError where that is not allowed."""
    if in_list_order:
        return protocol.in_order(len(faces))
    looked, known = faces, np.arange(0)
    if isinstance(looked, StoredSet):  # the ids that the list names are enough to look them up
        found = rows_of(looked, protocol.images, engine)
        known = found if len(found) else np.arange(min(len(faces), 3))  # those that a message shows
        looked = EmbeddingSet(np.ones((len(known), 1)), ids_of(looked, known))
    rows = protocol.rows(looked)
    if not allow_missing and (rows < 0).any():
        _missing_faces(protocol, looked, len(faces), rows)
    return np.where(rows < 0, -1, known[rows]) if len(known) else rows


def _missing_faces(protocol: TemplateProtocol, faces: EmbeddingSet, count: int, rows: NDArray[np.intp]) -> None:
    """Raise the InputError for rows of the list without an embedding."""
    absent = np.unique(protocol.images[rows < 0])
    hint = faces.unseen(absent)
    if count == len(protocol.images):
        hint += " It has as many rows as the list: if they are in its order, say so (--in-list-order, in_list_order=True)."
    else:
        hint += " To pool the templates without them: --allow-missing."
    raise InputError(
        f"{len(absent):,} of the faces of {protocol.name!r} have no embedding: {shorten(absent.tolist())}",
        hint,
    )


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
