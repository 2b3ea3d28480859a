"""Native LFW accuracy of the real networks through `embed` and `verify`, against the figures on their cards.

Embedding 7,701 images takes from half a minute to half an hour, depending on the network, so only the fastest one is
computed here. Sets that are made already (NAME.parquet, written by `facespace embed` from all LFW images) are
checked for every network whose set lies in the folder FACESPACE_SETS. FACESPACE_VALIDATE_ALL=1 computes every network.
"""

import os
from pathlib import Path

import pytest

from facespace.datasets import read_lfw_pairs
from facespace.embeddings import EmbeddingSet
from facespace.models import card_names, embed, load_card, runtime_installed
from facespace.verification import verify

SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
FASTEST = "mobileface-v3"


@pytest.fixture(scope="module")
def protocol():
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}")
    return read_lfw_pairs(SHARED / "data/protocols/lfw/pairs.txt")


def embeddings_of(name, protocol):
    made = Path(os.environ.get("FACESPACE_SETS", "")) / f"{name}.parquet"
    if "FACESPACE_SETS" in os.environ and made.exists():
        return EmbeddingSet.load(made)
    if name != FASTEST and not os.environ.get("FACESPACE_VALIDATE_ALL"):
        pytest.skip(f"no {name}.parquet in FACESPACE_SETS, and FACESPACE_VALIDATE_ALL is not set")
    card = load_card(name)
    if not runtime_installed(card.runtime):
        pytest.skip(f"the runtime {card.runtime} is not installed")
    ids = sorted({*protocol.left.tolist(), *protocol.right.tolist()})
    images = {each: SHARED / f"data/lfw/{each}.jpg" for each in ids}
    landmarks = SHARED / "data/protocols/lfw/landmarks-176.csv"
    result = embed(images, card, landmarks=landmarks, weights=SHARED / "models")
    assert result.skipped == ()
    return result.embeddings


@pytest.mark.parametrize("name", card_names())
def test_accuracy_is_within_0_2_points_of_the_card(name, protocol):
    card = load_card(name)
    result = verify(embeddings_of(name, protocol), protocol=protocol, intervals=False)
    assert result.accuracy.mean == pytest.approx(card.lfw_accuracy, abs=0.002)
