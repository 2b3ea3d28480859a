"""`Examiner`: pairs of faces explained for somebody who has to weigh them, with each face's work done once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import LikelihoodRatio, ScoreTable
from ...models import LocatedFace, ModelCard, Network
from ...results import fields, signature
from ..black_box import PairMap
from ..deciding import card_table, decided_by
from ..pair import ExplainedFace, PairExplanation
from ..regions import Floats, face_regions
from .hidden import PASSES, REPEATS, HiddenFace, hide_face
from .shares import RegionShare, region_shares
from .signs import Sign, signs

SOFT = 1.5  # px of a 112 × 112 crop: the edges of a region that is hidden
_KEPT = 4000  # faces; one is about half a megabyte


@dataclass(frozen=True, eq=False)
class Examination:
    """A comparison with what an examiner needs to weigh it.

    Attributes:
        explanation: score, decision and both faces' maps, the mean of the repeats.
        regions: of both faces, A's first. repeats: of the maps.
        ratio: of the score; None where no table of the network's scores is known.
        table: that table. signs: of both faces; () of one that nothing was measured on.
    """

    explanation: PairExplanation
    regions: tuple[RegionShare, ...]
    repeats: int
    ratio: LikelihoodRatio | None
    table: ScoreTable | None
    signs: tuple[tuple[Sign, ...], ...]

    @property
    def headline(self) -> str:
        """What the score says, in one sentence."""
        e = self.explanation
        if self.ratio is None:
            return f"{e.verdict()}. What it is worth as evidence is not known for {e.other_network or e.network}."
        return f"{e.verdict()}. Likelihood ratio {self.ratio.text()}: {self.ratio.words()}."

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace explain A B -o FOLDER`: that of the pair, and what the page adds."""
        reference = None
        if self.table is not None:
            t, tau = self.table, self.explanation.threshold
            reference = {
                **fields(t, "network", "reference", "people", "genuine_people", "highest_impostor", "lowest_genuine"),
                "false_match_rate_of_score": t.false_match_rate(self.explanation.score),
                "false_match_rate_of_threshold": None if tau is None else t.false_match_rate(tau),
                "held_out": {**fields(t.held_out, "cllr", "cllr_min", "loss")},
            }
        return {
            **self.explanation.to_dict(),
            "likelihood_ratio": None if self.ratio is None else self.ratio.to_dict(),
            "reference": reference,
            "repeats": self.repeats,
            "regions": [row.to_dict() for row in self.regions],
            "signs": [[sign.to_dict() for sign in of] for of in self.signs],
        }


class Examiner:
    """Explains pairs by occlusion with one network, or two across a map; what is hidden of a face is computed once.

    Args:
        network: of the first face of a pair. mapping, other_network: where the second is compared by another network, both.
        threshold: τ, to decide by; by default the table's at FAR 0.1 %. repeats, passes: see `hide_face`.
        table: of the network's scores; by default the one that ships, if any. Across networks there is none.

    `examine` raises as `explain_black_box`.

        examiner = Examiner(load_network(load_card("w600k-mbf")), threshold=0.3)
        found = examiner.examine("a", a, "b", b)
        found.ratio.words(), found.regions[0].similar
    """

    def __init__(
        self,
        network: Network,
        *,
        mapping: PairMap | None = None,
        other_network: Network | None = None,
        threshold: float | None = None,
        repeats: int = REPEATS,
        passes: int = PASSES,
        table: ScoreTable | None = None,
    ) -> None:
        self.networks = (network, other_network or network)
        self.mapping, self.threshold, self.repeats, self.passes = mapping, threshold, repeats, passes
        self.table = table or (card_table(network.card) if mapping is None else None)
        self._faces: OrderedDict[Hashable, HiddenFace] = OrderedDict()

    def embed(self, side: int, crops: NDArray[np.uint8]) -> NDArray[Any]:
        """(n, d) vectors to compare, of the first (0) or second (1) face's network."""
        vectors = self.networks[side](crops)
        if self.mapping is None:
            return vectors
        return np.asarray(self.mapping.reference(vectors) if side else self.mapping.probe(vectors))

    def hidden(
        self, name: Hashable, face: LocatedFace, side: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> HiddenFace:
        """What hiding does to a face, from the store if this name was asked for before."""
        key = (name, side if self.mapping is not None else 0)
        if key not in self._faces:
            card = self.networks[side].card
            regions = face_regions(card.shape, card.template, soften=SOFT)
            self._faces[key] = hide_face(
                face.crop,
                lambda crops: self.embed(side, crops),
                regions,
                repeats=self.repeats,
                passes=self.passes,
                progress=progress,
            )
            if len(self._faces) > _KEPT:
                self._faces.popitem(last=False)
        self._faces.move_to_end(key)
        return self._faces[key]

    def examine(
        self,
        first: Hashable,
        a: LocatedFace,
        second: Hashable,
        b: LocatedFace,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Examination:
        """Explain a pair; `first` and `second` name the faces, so that each is worked on once."""
        tell = progress or (lambda done, whole: None)
        one = self.hidden(first, a, 0, lambda done, whole: tell(done, 2 * whole))
        two = self.hidden(second, b, 1, lambda done, whole: tell(done + whole, 2 * whole))
        score = float(one.vector @ two.vector)
        faces, agreement = [], []
        shares: list[RegionShare] = []
        for letter, face, partner, side in (("A", one, two, 0), ("B", two, one, 1)):
            maps = face.maps(partner.vector)
            card = self.networks[side].card
            parts = face_regions(card.shape, card.template)
            shares += region_shares(maps, parts, face=letter, hidden=face.without(partner.vector))
            faces.append(ExplainedFace(face.crop, maps.mean(0)))
            agreement.append(_halves(maps))
        names = (self.networks[0].card.name, self.networks[1].card.name)
        tau, source = decided_by(self.threshold, self.table)
        line = signature(
            "explain",
            network=names[0],
            map=self.mapping and f"{names[0]}>{names[1]}",
            method="occlusion",
            passes=f"{one.passes}+{two.passes}",
            repeats=self.repeats,
            threshold=None if tau is None else f"{tau:.4f}",
        )
        explanation = PairExplanation(
            names[0],
            "occlusion",
            tuple(faces),
            score,
            tau,
            None,
            {},
            line,
            "" if self.mapping is None else names[1],
            passes=(one.passes, two.passes),
            convergence=tuple(agreement),
            threshold_source=source,
        )
        cards = [network.card for network in self.networks]
        return _weigh(explanation, shares, self.repeats, (a, b), cards, self.table)


def adopt(
    repeats: Sequence[PairExplanation],
    faces: Sequence[LocatedFace],
    cards: Sequence[ModelCard],
    table: ScoreTable | None = None,
) -> Examination:
    """An examination of a pair that another method explained, perhaps several times with other seeds.

    Args:
        repeats: one or more, of one pair. faces, cards: both faces and their networks' cards.
        table: of the scores that the explanations have; those of a network with another head are not the network's.
    """
    shares: list[RegionShare] = []
    drawn = []
    for side, (letter, face) in enumerate(zip("AB", repeats[0].faces, strict=False)):
        maps: Floats = np.stack([each.faces[side].importance for each in repeats])
        shares += region_shares(maps, face_regions(cards[side].shape, cards[side].template), face=letter)
        drawn.append(ExplainedFace(face.crop, maps.mean(0)))
    return _weigh(replace(repeats[0], faces=tuple(drawn)), shares, len(repeats), faces, cards, table)


def _weigh(
    explanation: PairExplanation,
    shares: Sequence[RegionShare],
    repeats: int,
    faces: Sequence[LocatedFace],
    cards: Sequence[ModelCard],
    table: ScoreTable | None,
) -> Examination:
    ratio = None if table is None else table.ratio(explanation.score)
    measured = tuple(signs(face, card.template) for face, card in zip(faces, cards, strict=True))
    return Examination(explanation, tuple(shares), repeats, ratio, table, measured)


def _halves(maps: Floats) -> float:
    """Correlation of the mean maps of two halves of the repeats; NaN of one repeat, and where a half is flat."""
    if len(maps) < 2:
        return float("nan")
    half = len(maps) // 2
    one, two = maps[:half].mean(0).ravel(), maps[half:].mean(0).ravel()
    return float(np.corrcoef(one, two)[0, 1]) if one.std() > 0 and two.std() > 0 else float("nan")
