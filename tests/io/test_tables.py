from __future__ import annotations

import csv

import numpy as np
import pytest

from facespace.errors import InputError, OutputError
from facespace.io import write_table

COLUMNS = {
    "id": np.array(["a,b", 'say "x"', "ü"]),
    "same": np.array([True, False, True]),
    "score": np.array([0.1, 1 / 3, -1e-9], dtype=np.float32),
    "fold": np.array([0, 1, 2]),
}


def test_csv_holds_every_text_and_number(tmp_path):
    with write_table(tmp_path / "t.csv", COLUMNS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == COLUMNS["id"].tolist()
    assert [row["same"] for row in rows] == ["1", "0", "1"]
    assert np.array_equal(np.array([row["score"] for row in rows], dtype=np.float32), COLUMNS["score"])


def test_parquet_keeps_the_types(tmp_path):
    import pyarrow.parquet as pq

    table = pq.read_table(write_table(tmp_path / "t.parquet", COLUMNS))
    assert [str(field.type) for field in table.schema] == ["string", "bool", "float", "int64"]
    assert table.column("score").to_numpy().tolist() == COLUMNS["score"].tolist()


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError, match="can't write this kind of table"):
        write_table(tmp_path / "t.xlsx", COLUMNS)
    with pytest.raises(InputError, match="different lengths"):
        write_table(tmp_path / "t.csv", {**COLUMNS, "id": np.array(["a"])})
