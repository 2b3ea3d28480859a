"""Sets out of what other libraries hold, and back; sets put together; people from a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from ..errors import DimensionError, InputError, shorten
from ..io import (
    COLUMNS,
    fields_of_faces,
    fields_of_frame,
    fields_of_index,
    frame_of,
    nfc,
    read_people,
    without_suffix,
)


class Making:
    """What makes an EmbeddingSet of others' objects, and others' objects of it."""

    @classmethod
    def from_frame(cls, frame: Any, *, model: str = "", columns: Mapping[str, str] | None = None) -> Self:
        """The set in a data frame of pandas or Polars, or in a table of pyarrow.

        The vectors are a column of lists (or arrays, or texts such as "[0.1, 0.2]"), or columns e0 … en; `id`, `subject`,
        `template`, `media` and `quality` are found by name, `columns` says otherwise, as for `load`. An index of pandas that
        is no count of rows may be the ids. Raises InputError where a column can't be told.
        """
        fields = fields_of_frame(frame, dict(columns or {}))
        return cls(**(fields | ({"model": model} if model else {})))

    def to_frame(self: Any, library: Literal["pandas", "polars"] = "pandas", *, wide: bool = False) -> Any:
        """A data frame with id, vector (an array a row; `wide`: columns e0 … en) and the columns there are.

        Raises MissingExtraError where the library isn't installed.
        """
        fields = {"ids": self.ids, "vectors": self.vectors, "model": self.model, "metadata": self.metadata}
        return frame_of(fields | self.columns(), library, wide)

    @classmethod
    def from_faces(
        cls,
        found: Any,
        ids: Sequence[str] | None = None,
        *,
        model: str = "",
        faces: Literal["all", "best"] = "all",
        subject: Sequence[str | None] | None = None,
    ) -> Self:
        """The set of what DeepFace's `represent` or InsightFace's `FaceAnalysis.get` found in images.

        Args:
            found: {image id: what was found in it}, or this in the order of `ids`: a list of faces, or one.
            ids: of the images, where `found` doesn't name them.
            model: name of the network, which these outputs don't tell.
            faces: "all", the second face of `couple` as `couple#2`, or "best", the one its detector is surest of.
            subject: of each face, if known; without it the folder in the ids tells.

        Images without a face are counted by a GuessWarning. The detector's score is the column quality.
        """
        return cls(**fields_of_faces(found, ids, faces), model=model, subject=subject)  # type: ignore[call-arg]

    @classmethod
    def from_faiss(cls, index: Any, ids: Sequence[str] | None = None, *, model: str = "") -> Self:
        """The set in an index of FAISS in memory; `ids` one a vector, else the numbers of its IDMap."""
        return cls(**fields_of_index(index, ids), model=model)  # type: ignore[call-arg]

    @classmethod
    def concat(cls, sets: Iterable[Any]) -> Self:
        """All rows of several sets of one network, in order. A column is there if one set has it, empty for the others.

        Raises InputError for different networks and for ids that two sets share, DimensionError for different widths.
        """
        parts = list(sets)
        if not parts or not all(isinstance(part, cls) for part in parts):
            raise InputError("concat needs a list of sets in memory", "EmbeddingSet.concat([a, b]).")
        given: list[Any] = parts
        if len(widths := sorted({part.dim for part in given})) > 1:
            raise DimensionError(f"sets of widths {shorten(widths)} can't be put together", "Are they of one network?")
        models = list(dict.fromkeys(part.model for part in given if part.model))
        if len(models) > 1:
            raise InputError(
                f"sets of different networks can't be put together: {shorten(models)}", "Map one to the other's space first."
            )
        columns: dict[str, Any] = {}
        for name in COLUMNS:
            if any(name in part.columns() for part in given):
                empty: Any = np.nan if name == "quality" else ""
                columns[name] = np.concatenate([part.columns().get(name, np.full(len(part), empty)) for part in given])
        vectors, ids = (np.concatenate([getattr(part, name) for part in given]) for name in ("vectors", "ids"))
        metadata = given[0].metadata if all(part.metadata == given[0].metadata for part in given) else {}
        return cls(vectors, ids, model=models[0] if models else "", metadata=metadata, **columns)  # type: ignore[call-arg]

    def with_people(
        self: Any,
        people: str | Path | Mapping[str, str] | Sequence[str | None],
        *,
        columns: Mapping[str, str] | None = None,
    ) -> Any:
        """The set with its people from a csv or tsv (columns id and subject), from {id: person}, or from a name a row.

        Images that are not named are of unknown people; names of images that the set has not are passed over.
        Raises InputError where none of the set's images is named.
        """
        if not isinstance(people, str | Path | Mapping):
            return replace(self, subject=list(people))
        told = read_people(Path(people), dict(columns or {})) if isinstance(people, str | Path) else dict(people)
        if not told:
            raise InputError("nobody is named: there is no image with a person", "{id: person} names one or more.")
        names = nfc(np.array([str(name) for name in told], dtype=np.str_))
        rows = self.find(names)
        rows = np.where(rows < 0, self.find(without_suffix(names)), rows)
        if not np.any(rows >= 0):
            raise InputError(
                f"none of {len(names):,} images with a person is in the set: {shorten(names.tolist(), 2)}",
                self.unseen(names),
            )
        subject = np.full(len(self), "", dtype=object)
        subject[rows[rows >= 0]] = np.array([str(one or "") for one in told.values()], dtype=object)[rows >= 0]
        return replace(self, subject=subject)
