"""A map that ships knows people by hashes of their ids: of a set whose ids were replaced nobody can tell whom it knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from facespace.embeddings import EmbeddingSet
from facespace.mapping import fit_map
from facespace.verification import model_warnings


def test_a_shipped_map_on_replaced_ids_is_told():
    rng = np.random.default_rng(0)
    ids = [f"p{i}/1" for i in range(60)]
    a, b = (EmbeddingSet(rng.normal(size=(60, 4)), ids, model=name) for name in "ab")
    fitted = fit_map(a, b, "ols", judge=False)
    shipped = replace(fitted, facts={**fitted.facts, "losses": {}})
    hidden = EmbeddingSet(a.vectors, ids, model="a", metadata={"images": "x, ids replaced"})
    assert any("ids were replaced" in told for told in model_warnings([hidden, b], shipped))
    for sets, way in (([a, b], shipped), ([hidden, b], fitted), ([hidden, b], None)):
        assert not any("ids were replaced" in told for told in model_warnings(sets, way))
