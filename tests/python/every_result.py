"""One result of every public kind, made of the demo's embeddings (three folds) or, where these won't do, by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import facespace as fs
from facespace.datasets import BlufrProtocol, BlufrSplit, TemplateList, demo_protocol, demo_sets, person_templates
from facespace.embeddings import EmbeddingSet
from facespace.explain import GameCurve, HidingGameResult, PairExplanation, signs
from facespace.explain.black_box import PlantedPatchResult, PlantedRank
from facespace.explain.fair import FairScore, FairTestResult
from facespace.explain.pair import ExplainedFace
from facespace.identification import identify_lists
from facespace.images import ARCFACE
from facespace.metrics import shipped_table
from facespace.models import DetectResult, EmbedResult, LocatedFace, Skipped
from facespace.overview import Overview
from facespace.people import people_of
from facespace.photos import ComparedPhoto, FoundFace, PhotoComparison, PhotoSearch
from facespace.studies import ModelCheck


@dataclass(frozen=True)
class World:
    """Two networks of the demo, or all four, on the images of three folds."""

    @cached_property
    def pairs(self) -> fs.PairProtocol:
        whole = demo_protocol()
        return whole.take(np.isin(whole.fold, [0, 1, 2]))

    @cached_property
    def sets(self) -> list[EmbeddingSet]:
        return [faces.select(self.pairs.ids) for faces in demo_sets()]

    @cached_property
    def map(self) -> fs.LinearMap:
        return fs.fit_map(self.sets[0], self.sets[1], "ridge")

    @cached_property
    def verified(self) -> Any:
        return fs.verify(self.sets[0], self.sets[1], protocol=self.pairs, map=self.map)

    @cached_property
    def gallery(self) -> tuple[EmbeddingSet, EmbeddingSet]:
        """An image of every second person, and the other images of all."""
        faces = self.sets[0]
        first = np.unique(people_of(faces).codes, return_index=True)[1]
        return faces.take(first[::2]), faces.take(np.setdiff1d(np.arange(len(faces)), first))


def _blufr(world: World) -> Any:
    faces = world.sets[0]
    person = people_of(faces).codes
    rows, gallery = np.arange(len(faces)), np.unique(person, return_index=True)[1][::2]
    split = BlufrSplit(rows[:0], rows, gallery, np.setdiff1d(rows, gallery))
    return fs.verify_blufr(faces, protocol=BlufrProtocol("made", faces.ids, person.astype(np.int64), (split, split)))


def _lists(world: World) -> Any:
    gallery, probes = world.gallery
    both = EmbeddingSet.concat([gallery, probes])
    lists = [TemplateList(name, part.ids, part.subject) for name, part in (("gallery", gallery), ("probes", probes))]
    return identify_lists(both, both, lists[:1], lists[1])


def _explained(world: World) -> PairExplanation:
    rng = np.random.default_rng(0)
    faces = tuple(
        ExplainedFace(rng.integers(0, 255, (112, 112, 3), dtype=np.uint8), rng.random((112, 112), dtype=np.float32))
        for _ in range(2)
    )
    return PairExplanation("net", "occlusion", faces, 0.61, 0.4, None, {}, "signature")


def _embedded(world: World) -> EmbedResult:
    facts = {"weights": {"a.onnx": "0" * 64}, "alignment": "aligned", "faces": "largest"}
    faces = world.sets[0].with_vectors(world.sets[0].vectors, "net", facts)
    return EmbedResult(faces, (), len(faces), 3, 0, 2.0)


def _attributes(world: World) -> Any:
    faces = world.sets[0]
    bright = dict(zip(faces.ids.tolist(), np.where(faces.vectors[:, 0] > 0, "yes", "no").tolist(), strict=True))
    return fs.audit_attributes(faces, {"bright": bright}, only=["rotation"], resamples=20)


def _game(world: World) -> HidingGameResult:
    curves = tuple(
        GameCurve(name, "hiding", kind, (0.0, 0.5, 1.0), (0.99, middle, 0.5), middle, middle - 0.03, middle + 0.03, 0.0)
        for kind in ("fixed", "refit")
        for name, middle in (("gradcam", 0.8), ("random", 0.7))
    )
    return HidingGameResult("net", 200, 0.99, 0.01, curves, (), "signature")


def _photo(name: str) -> ComparedPhoto:
    crop = np.random.default_rng(0).integers(0, 255, (112, 112, 3), dtype=np.uint8)
    found = LocatedFace(crop, ARCFACE.points + 40, 2, (300, 200))
    return ComparedPhoto(f"photos/{name}", crop, 2, signs(found, ARCFACE), crop)


def _compared(world: World) -> PhotoComparison:
    table = shipped_table("w600k-mbf")
    photos = (_photo("a.jpg"), _photo("b.jpg"))
    return PhotoComparison("net", photos, 0.61, 1e-3, table.threshold(1e-3), table.ratio(0.61), table, (), (), "signature")


def _searched(world: World) -> PhotoSearch:
    table, photo = shipped_table("w600k-mbf"), _photo("a.jpg")
    faces = tuple(
        FoundFace(
            f"{n}", f"{n}.jpg", n, s, table.ratio(s), table.false_match_rate(s), 0.1, 1e-6, s > 0.2, s > 0.4, photo.crop
        )
        for n, s in ((2, 0.61), (1, 0.05))
    )
    skipped = (Skipped("c", "c.jpg", "no face", "image of 20 × 20 pixels"),)
    return PhotoSearch(
        "net", photo, "photos", 2, 3, 0, skipped, 1e-3, 0.23, 0.4, 0.003, faces, 1, 1, table, (), (), "signature"
    )


FOUND_BY = {"detector": "yunet", "detector_sha256": "0" * 64, "size": 640, "min_face": None, "turn": True}
RESULTS = {
    "VerificationResult": lambda w: w.verified,
    "SystemComparison": lambda w: fs.compare_systems(fs.System(w.sets[0]), fs.System(w.sets[1]), protocol=w.pairs),
    "ThresholdTransfer": lambda w: fs.transfer_threshold(w.map, *w.sets[:2], 1e-2, pairs=20_000),
    "IdentificationResult": lambda w: fs.identify(*w.gallery),
    "ListIdentification": _lists,
    "Matches": lambda w: fs.match_probes(*w.gallery, thresholds={"threshold": 0.3}),
    "BlufrResult": _blufr,
    "TemplateVerificationResult": lambda w: fs.verify_templates(
        w.sets[0], protocol=person_templates(w.sets[0]), fars=[1e-1, 1e-2]
    ),
    "LinkageResult": lambda w: fs.audit_linkage(*w.sets[:2], leaked=[50], repeats=1, resamples=20),
    "CapacityResult": lambda w: fs.estimate_capacity(w.sets[3], resamples=5, qs=(0.1, 0.01), dim=16, sensitivity=False),
    "GallerySize": lambda w: fs.gallery_size(w.sets[3], fpir=0.1, fnir=0.2, resamples=20),
    "MixtureResult": lambda w: fs.audit_mixture(w.sets[0], w.sets[0]),
    "LabelAudit": lambda w: fs.audit_labels(w.sets),
    "CorrespondenceResult": lambda w: fs.check_pairs(*w.sets[:2]),
    "ProtectionResult": lambda w: fs.audit_protections(
        w.sets[0], w.sets[1:2], only=["plain", "rotation"], leaked=[50], repeats=1, resamples=20, protocol=w.pairs
    ),
    "AttributeResult": _attributes,
    "PrivacyAudit": lambda w: fs.audit_privacy(w.sets[:2], quick=True),
    "CapacityComparison": lambda w: fs.compare_capacity(w.sets[2:], fpir=0.1, fnir=0.2, resamples=20, bound=False),
    "CapacityPlan": lambda w: fs.plan_capacity(w.sets[3], fpir=0.1, fnir=0.2, resamples=20),
    "PairsNeeded": lambda w: fs.pairs_needed(*w.sets[:2], sizes=[200, 400, 800, 1600], repeats=2, resamples=20),
    "SensitivityResult": lambda w: fs.sensitivity_study(*w.sets[:2], w.pairs, sizes=[200, 500], methods=["ridge"]),
    "RankResult": lambda w: fs.rank_study(*w.sets[:2], w.pairs, ranks=[16, 64], methods=["reduced-rank"]),
    "HubResult": lambda w: fs.hub_study(w.sets[:3], w.pairs),
    "AgreementResult": lambda w: fs.study_agreement(*w.sets[:2], resamples=20),
    "TemplateStudyResult": lambda w: fs.template_study(w.sets[:2], methods=["ols"], fars=[1e-1, 1e-2]),
    "CrossModelResult": lambda w: fs.cross_model_study(w.sets, w.pairs, methods=["ridge", "rotation"]),
    "ModelCheck": lambda w: ModelCheck("net", 0.99, "authors", w.verified, 0.002, 100, 100, 50.0, ()),
    "RefineResult": lambda w: fs.refine_map(w.map, *w.sets[:2]),
    "EmbedResult": _embedded,
    "DetectResult": lambda w: DetectResult(Path("landmarks.parquet"), 100, 104, 4, 1, (), 2.0, FOUND_BY),
    "HidingGameResult": _game,
    "PlantedPatchResult": lambda w: PlantedPatchResult(
        40, 16, 81, (PlantedRank("occlusion", 0.9, 0.85, 0.94, 0.3, 0.2, 0.4),), "signature"
    ),
    "FairTestResult": lambda w: FairTestResult(
        "net", 40, 40, (FairScore("planted", "window", "occlusion", 40, 0, 0.8, 0.75, 0.85, True),), (), (), "signature"
    ),
    "PairExplanation": _explained,
    "PhotoComparison": _compared,
    "PhotoSearch": _searched,
    "Overview": lambda w: Overview.of(w.sets[0]),
}
#: Results that other rooms' tests make with more than this: a plan needs a gallery (tests/migration).
ELSEWHERE = {"MigrationPlan", "CurveResult"}
