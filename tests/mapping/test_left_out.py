"""What is to be left out of a fit has no part in it, on neither side, whoever knows the people."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import stored

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.mapping import fit_map

PEOPLE, IMAGES, DIM = 60, 4, 96
WHO = np.repeat(np.arange(PEOPLE), IMAGES)
IDS = [f"{n:03d}" for n in range(len(WHO))]
TESTED = WHO >= 40
JUDGED = PairProtocol(
    "judged",
    [IDS[i] for i in np.flatnonzero(TESTED)[::4]],
    [IDS[i] for i in np.flatnonzero(TESTED)[1::4]],
    np.arange(20) < 19,
)


def sides(changed: str = "", named: str = "both"):
    """Two networks' sets; those tested are by another network on the side `changed`; `named` has the column subject."""
    rng = np.random.default_rng(0)
    faces = rng.normal(size=(PEOPLE, DIM))[WHO] + 0.6 * rng.normal(size=(len(WHO), DIM))
    both = {"source": faces, "target": faces @ np.linalg.qr(rng.normal(size=(DIM, DIM)))[0] + 0.7}
    if changed:
        both[changed][TESTED] = rng.normal(size=(TESTED.sum(), DIM)) - 1
    subject = [f"p{n}" for n in WHO]
    return [
        EmbeddingSet(vectors, IDS, model=side, subject=subject if named in ("both", side) else None)
        for side, vectors in both.items()
    ]


@pytest.mark.parametrize("method", ["anchored", "rotation", "ridge"])
@pytest.mark.parametrize("named", ["both", "source", "target"])
@pytest.mark.parametrize("files", ["", "source", "target", "source and target"])
def test_what_is_left_out_gives_no_mean_and_no_spread(tmp_path, method, named, files):
    found = []
    for changed in ("", "source", "target"):
        both = [
            stored(faces, tmp_path / f"{changed}-{faces.model}") if faces.model in files else faces
            for faces in sides(changed, named)
        ]
        found.append(fit_map(*both, method, exclude=JUDGED, judge=False))
    for other in found[1:]:
        for name in ("weight", "bias", "origin", "source_mean"):
            assert np.array_equal(getattr(found[0], name), getattr(other, name)), name
    assert found[0].facts["pairs"] == np.count_nonzero(~TESTED)
    if not files:
        assert found[0].facts["means"] == "of all 160 and 160 embeddings, not of the few pairs"
