"""npz, with the arrays vectors and ids, and perhaps model, metadata and the columns of a set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..column_names import COLUMNS, Fields, Wanted, choose_columns, named_as
from ..files import atomic_write
from ..set_facts import read_facts
from ._npy import npz_names, read_npz


def save_npz(fields: Fields, path: Path) -> None:
    """All in one archive, by the names of EmbeddingSet."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            vectors=fields["vectors"],
            ids=fields["ids"],
            model=np.array(fields["model"]),
            metadata=np.array(json.dumps(fields["metadata"])),
            **{name: fields[name] for name in COLUMNS if name in fields},
        )


def load_npz(path: Path, wanted: Wanted) -> Fields:
    """The set in an archive; what isn't needed is not unpacked."""
    names = npz_names(path)
    chosen = choose_columns(str(path), names, [name for name in names if named_as("vector", name)], wanted, word="array")
    arrays = read_npz(path, [*chosen.values(), "model", "metadata"])

    def word(name: str, default: str) -> str:
        array = arrays.pop(name, np.array(default))
        return str(array.item().decode() if array.dtype.kind == "S" else array)

    facts = read_facts(
        f"{path}: its array 'metadata'",
        f'{{"model": {json.dumps(word("model", ""))}, "metadata": {word("metadata", "null")}}}',
    )
    found = {role: arrays[name] for role, name in chosen.items()}
    return {"vectors": found.pop("vector"), "ids": found.pop("id"), **facts, **found, "columns": chosen}
