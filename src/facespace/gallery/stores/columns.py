"""Which columns of a table are a gallery's, and what the columns of a second place beside them are called."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from ...errors import FileFormatError, GalleryError
from ...io import choose_columns
from .protocol import Origin, Place

#: how our own columns end
_OURS = ("__next", "__next_model", "__old", "__old_model", "__model")


@dataclass(frozen=True)
class Columns:
    """The columns of a gallery in a table: key, vector, and "" or the person's and the network's of each row."""

    id: str
    vector: str
    subject: str = ""
    model: str = ""

    def vector_at(self, place: Place) -> str:
        """The vectors of a place."""
        return self.vector if place == "current" else f"{self.vector}__{place}"

    def model_at(self, place: Place) -> str:
        """The networks of a place's rows; the current one's is the table's own column, where it has one."""
        if place == "current":
            return self.model or f"{self.vector}__model"
        return f"{self.vector}__{place}_model"


def columns_of(
    what: str, names: Sequence[str], vectors: Collection[str], options: Mapping[str, str], key: str, texts: Collection[str]
) -> Columns:
    """The columns of a table by what the address says, else by the names that programs give them.

    Args:
        what: names the table in errors. names: its columns. vectors: those that may hold vectors.
        options: of the address. key: the column of its primary key, "" where that isn't one column.
        texts: those that may hold the name of a network.

    Raises: GalleryError: a column isn't there, or several could be meant.
    """
    wanted = {"id": key} if key and key not in vectors else {}
    wanted |= {role: options[role] for role in ("id", "vector", "subject") if role in options}
    plain = [name for name in names if not name.endswith(_OURS)]
    model = options.get("model", "model" if "model" in texts else "")
    if model and model not in names:
        raise GalleryError(f"{what} has no column {model!r} for model", f"Its columns are {', '.join(plain)}.")
    taken = [name for name in plain if name != model]
    fit = [name for name in vectors if name in taken]
    try:
        chosen = choose_columns(what, taken, fit, wanted, ("id", "vector", "subject"))
    except FileFormatError as error:
        raise GalleryError(error.message, "Say which behind the table: #TABLE?id=NAME&vector=NAME&subject=NAME.") from None
    return Columns(chosen["id"], chosen["vector"], chosen.get("subject", ""), model)


def origin_text(origin: Origin) -> str:
    """An origin as it is kept with its place.

    >>> origin_of(origin_text(Origin("p1", "net", 512)))
    Origin(plan='p1', model='net', dim=512)
    """
    return json.dumps({"facespace": asdict(origin)})


def origin_of(text: str | None) -> Origin | None:
    """What `origin_text` wrote; None for anything else."""
    try:
        told = json.loads(text or "")["facespace"]
        return Origin(str(told["plan"]), str(told["model"]), int(told["dim"]), dict(told.get("mapped") or {}))
    except (ValueError, KeyError, TypeError):
        return None
