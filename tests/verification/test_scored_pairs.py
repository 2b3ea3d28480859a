from __future__ import annotations

import csv

import numpy as np
import pyarrow.parquet as pq

from facespace.datasets import PairProtocol, person_pairs, read_pairs
from facespace.embeddings import EmbeddingSet
from facespace.verification import pair_scores, verify

IDS = [f"p{n // 3:02d}/{n % 3}" for n in range(60)]
FACES = EmbeddingSet(
    np.repeat(np.random.default_rng(0).normal(size=(20, 8)), 3, axis=0)
    + 0.5 * np.random.default_rng(1).normal(size=(60, 8)),
    IDS,
)


def test_scores_are_those_that_were_judged_in_the_order_of_the_list():
    made = person_pairs(FACES)
    found = verify(FACES, protocol=made)
    assert found.scored.left.tolist() == made.left.tolist()
    expected = pair_scores(FACES, FACES, FACES.rows(made.left), FACES.rows(made.right))
    assert np.array_equal(found.scored.score, expected)
    assert np.array_equal(found.scored.score[made.same], found.genuine_scores)
    right = (found.scored.score >= found.accuracy.thresholds[found.scored.fold]) == made.same
    by_fold = [right[found.scored.fold == fold].mean() for fold in range(made.n_folds)]
    assert np.allclose(by_fold, found.accuracy.folds)


def test_pairs_without_embedding_are_not_in_the_table():
    made = PairProtocol("p", ["p00/0", "p00/0", "gone"], ["p00/1", "p01/0", "p02/0"], [True, False, False])
    found = verify(FACES, protocol=made, allow_missing=True, intervals=False)
    assert found.scored.right.tolist() == ["p00/1", "p01/0"]


def test_the_file_is_a_list_of_pairs_again(tmp_path):
    made = person_pairs(FACES)
    found = verify(FACES, protocol=made)
    again = read_pairs(found.scored.save(tmp_path / "scores.csv"))
    assert again.left.tolist() == made.left.tolist()
    assert np.array_equal(again.same, made.same)
    assert np.array_equal(again.fold, made.fold)
    with (tmp_path / "scores.csv").open() as file:
        assert [float(row["score"]) for row in csv.DictReader(file)] == found.scored.score.tolist()
    table = pq.read_table(found.scored.save(tmp_path / "scores.parquet"))
    assert table.column_names == ["id1", "id2", "same", "fold", "score"]
    assert table.column("same").to_pylist() == made.same.tolist()
