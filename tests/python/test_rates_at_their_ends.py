"""Two networks that never err: no rate of 0 or 1 stands with an interval of that one number, in any result."""

from __future__ import annotations

import re

import numpy as np
import pytest
from every_result import RESULTS, World

from facespace.embeddings import EmbeddingSet
from facespace.people import people_of

#: Numbers that are no rates of people, or no samples: exact by construction.
EXEMPT = re.compile(
    r"^CapacityComparison\.pairs|^ProtectionResult\.half|"  # ratios, and numbers of pairs that are needed
    r"^ProtectionResult\.accuracy\.\w+\.(eer_|tar_)?lost_|"  # plain templates and rotated ones lose nothing of anybody's
    r"^PairsNeeded"
)


def _perfect(faces: EmbeddingSet, seed: int) -> EmbeddingSet:
    """A person is a direction, an image little else, turned into the network's width."""
    person, wide = people_of(faces).codes, faces.vectors.shape[1]
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(wide, wide)))[0][:64]
    middles = np.random.default_rng(1).normal(size=(person.max() + 1, 64))
    vectors = (middles[person] + 0.05 * rng.normal(size=(len(person), 64))) @ turn
    return EmbeddingSet(vectors.astype(np.float32), faces.ids, subject=faces.subject, model=faces.model)


@pytest.fixture(scope="module")
def world():
    made = World()
    real = made.sets
    made.__dict__["sets"] = [_perfect(faces, 5 + i) for i, faces in enumerate(real)]
    return made


def bare(document, path):
    """Where a `low` and its `high`, or the two ends of `…intervals`, are both 0 or both 1."""
    if isinstance(document, dict):
        for key, value in document.items():
            if (
                key.endswith("low")
                and value in (0, 1)
                and not isinstance(value, bool)
                and document.get(key[:-3] + "high") == value
            ):
                yield f"{path}.{key}"
            if path.endswith("intervals") and value in ([0, 0], [1, 1]):
                yield f"{path}.{key}"
            yield from bare(value, f"{path}.{key}")
    elif isinstance(document, list | tuple):
        for at, value in enumerate(document):
            yield from bare(value, f"{path}.{at}")


@pytest.mark.parametrize(
    "name",
    ["VerificationResult", "SystemComparison", "IdentificationResult", "TemplateVerificationResult", "LinkageResult",
     "GallerySize", "MixtureResult", "CorrespondenceResult", "ProtectionResult", "AttributeResult", "CapacityComparison",
     "AgreementResult", "HidingGameResult", "FairTestResult", "CrossModelResult"],
)  # fmt: skip
def test_no_rate_stands_with_an_interval_of_width_zero(world, name):
    document = RESULTS[name](world).to_dict()
    assert [place for place in bare(document, name) if not EXEMPT.search(place)] == []
