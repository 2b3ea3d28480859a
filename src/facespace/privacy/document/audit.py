"""`audit_privacy`: all audits of a set in one result, which a report and a check in CI are made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ...datasets import PairProtocol
from ...embeddings import EmbeddingSet
from ...errors import InputError
from ...given import FACES, PAIRS, SEVERAL, ProtocolLike, SetLike, as_pairs, as_set, as_sets, takes
from ...io import one_or_more
from ...overview import Overview
from ...people import people_of
from ...results import signature
from ..attributes import AttributeResult, Labels, audit_attributes
from ..linkage import audit_linkage
from ..linkage_result import LinkageResult
from ..mixture import MixtureResult, audit_mixture
from ..protection_audit import ProtectionResult, audit_protections
from .attack_models import attackers, strongest
from .headlines import headlines
from .points import points
from .result import PrivacyAudit, SetFacts, Untested
from .storage import stored_files

F = TypeVar("F", bound=Callable[..., Any])
Progress = Callable[[str, int, int], None]

LEAKED = (10, 25, 100, 400)
QUICK = ("plain", "rotation", "1-bit", "biohash", "encrypted")
PROBED = ("rotation", "1-bit", "biohash", "encrypted")
_REPEATS, _QUICK_REPEATS = 2, 1
_RESAMPLES = 500
_PART = 4  # a leak is a quarter of the images at most, so that half of the people have twice as many

_ALWAYS = (
    Untested("Images from templates", "no network that rebuilds faces was trained or tried"),
    Untested("Templates that are tried until one passes", "no system that answers with scores was attacked"),
    Untested("The system in use", "thresholds, access, keys, logs, backups and procedures are not in the files"),
    Untested("Faces of other kinds", "the figures are of the people in these sets; of others they may differ"),
)


def _told_files(function: F) -> F:
    """Where `files` isn't given, the paths among `sets` and `reference` are them."""

    @functools.wraps(function)
    def call(sets: Any, *given: Any, **options: Any) -> Any:
        if options.get("files") is None:
            several = sets if isinstance(sets, list | tuple) else []
            options["files"] = [one for one in (*several, options.get("reference")) if isinstance(one, str | Path)]
        return function(sets, *given, **options)

    return call  # type: ignore[return-value]


@_told_files
@takes(sets=SEVERAL, reference=FACES, protocol=PAIRS)
def audit_privacy(
    sets: Sequence[SetLike],
    *,
    protocol: ProtocolLike | None = None,
    labels: Labels | None = None,
    reference: SetLike | None = None,
    files: Sequence[str | Path] | None = None,
    max_linkage: float | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> PrivacyAudit:
    """Audit the first set: linkage with each other set, protections, attributes, mixed networks, storage, people, copies.

    Laid out by the points of ISO/IEC 30136 and ISO/IEC 24745; it is no certification. What can't be tested (no set of
    another network, no labels, nobody known) is said, not left out.

    Args:
        sets: the audited set, and sets of other networks of the same images. Whoever audits protected templates gives
            them as the first set.
        protocol: pairs that accuracy is measured on; by default drawn ones.
        labels: by attribute the label of each id, as `read_labels` gives.
        reference: embeddings that the first set's network is known to have made, for the mixture.
        files: whose encryption is told; by default those among `sets` and `reference` that are paths.
        max_linkage: share of templates that attackers with another network may name. What is held against it is the upper
            end of the 95 % interval, the highest of all these attackers: the limit is kept where the data show it, and not
            where they are too few to tell.
        quick: fewer protections and draws.
        progress: called with (part, steps done, steps in all).

    Raises:
        InputError: no set; sets that share no image; `max_linkage` outside 0 … 1, or without a second set.
    """
    sets, reference, protocol = as_sets(sets), as_set(reference), as_pairs(protocol)
    if not sets:
        raise InputError("an audit needs a set", "Give the audited one first.")
    if max_linkage is not None and not 0 <= max_linkage <= 1:
        raise InputError(f"the most linkage is a share between 0 and 1, not {max_linkage:g}", "0.05 is five in a hundred.")
    if max_linkage is not None and len(sets) < 2:
        raise InputError(
            "a limit on linkage can't be held without a set of another network",
            "Give one of the same images beside the audited set.",
        )
    faces, *others = sets
    untested: list[Untested] = []
    bar = progress or (lambda _part, _done, _whole: None)
    facts = [
        _facts(one, role)
        for one, role in (
            (faces, "audited"), *((one, "other system") for one in others),
            *([(reference, "reference")] if reference is not None else []),
        )
    ]  # fmt: skip
    linkage = _linkage(faces, others, quick, seed, bar)
    protections = _protections(faces, others, protocol, quick, seed, bar, untested)
    attributes = _attributes(faces, labels, quick, seed, bar)
    mixture = _mixture(faces, others, reference, seed, untested)
    untested += _left(others, attributes, protections, reference, quick)
    storage = stored_files(one_or_more(files or ()))
    models = attackers(linkage, protections)
    worst, highest = strongest(models)
    return PrivacyAudit(
        model=faces.model or "unknown network",
        quick=quick,
        sets=tuple(facts),
        storage=storage,
        headlines=headlines(
            facts, storage, models, worst, highest, protections, attributes, mixture, untested, max_linkage
        ),
        points=points(storage, models, linkage, protections),
        attackers=models,
        worst=worst,
        highest=highest,
        untested=tuple(untested),
        linkage=linkage,
        protections=protections,
        attributes=attributes,
        mixture=mixture,
        max_linkage=max_linkage,
        warnings=_warnings(linkage, protections, attributes, mixture),
        signature=signature(
            "privacy", model=faces.model or None, others="+".join(one.model or "unknown" for one in others) or None,
            reference=None if reference is None else reference.model or "unknown",
            templates=len(faces), people=facts[0].people or None, people_by=facts[0].people_by,
            attributes=None if attributes is None else "+".join(dict.fromkeys(p.attribute for p in attributes.points)),
            pairs=None if protocol is None else protocol.name, quick="yes" if quick else None, max_linkage=max_linkage,
            seed=seed,
        ),
    )  # fmt: skip


def _facts(faces: EmbeddingSet, role: str) -> SetFacts:
    found = Overview.of(faces)
    people = found.people
    return SetFacts(
        role, faces.model, found.rows, found.dim, people["known"] if people["by"] != "nobody" else 0, people["by"],
        people["images_of_unknown_people"], found.copies["images"], found.copies["of_two_people"],
    )  # fmt: skip


def _sizes(*sets: EmbeddingSet, quick: bool) -> tuple[int, ...]:
    """Leaks that the images of known people of all sets have room for."""
    ids = sets[0].ids[people_of(*sets[:1]).known]
    for one in sets[1:]:
        ids = ids[np.isin(ids, one.ids)]
    room = len(ids) // _PART
    wanted = LEAKED[1:] if quick else LEAKED
    return tuple(size for size in wanted if size <= room) or (max(2, room),)


def _linkage(
    faces: EmbeddingSet, others: Sequence[EmbeddingSet], quick: bool, seed: int, bar: Progress
) -> tuple[LinkageResult, ...]:
    return tuple(
        audit_linkage(
            faces,
            other,
            leaked=_sizes(faces, other, quick=quick),
            repeats=_QUICK_REPEATS if quick else _REPEATS,
            resamples=_RESAMPLES,
            seed=seed,
            progress=functools.partial(bar, f"linkage {at}" if len(others) > 1 else "linkage"),
        )
        for at, other in enumerate(others, 1)
    )


def _protections(
    faces: EmbeddingSet,
    others: Sequence[EmbeddingSet],
    protocol: PairProtocol | None,
    quick: bool,
    seed: int,
    bar: Progress,
    untested: list[Untested],
) -> ProtectionResult | None:
    try:
        return audit_protections(
            faces,
            others,
            only=QUICK if quick else None,
            leaked=(0, *_sizes(faces, *others, quick=quick)),
            repeats=_QUICK_REPEATS if quick else _REPEATS,
            protocol=protocol,
            resamples=_RESAMPLES,
            seed=seed,
            progress=functools.partial(bar, "protections"),
        )
    except InputError as error:  # too few people, or none known: a finding of the audit, unless pairs were asked for
        if protocol is not None or others:
            raise
        untested.append(Untested("Protections", error.message))
        return None


def _attributes(faces: EmbeddingSet, labels: Labels | None, quick: bool, seed: int, bar: Progress) -> AttributeResult | None:
    if labels is None:
        return None
    only = PROBED[:1] if quick else PROBED
    return audit_attributes(faces, labels, only=only, seed=seed, progress=functools.partial(bar, "attributes"))


def _mixture(
    faces: EmbeddingSet,
    others: Sequence[EmbeddingSet],
    reference: EmbeddingSet | None,
    seed: int,
    untested: list[Untested],
) -> tuple[MixtureResult, ...]:
    found = []
    for at, one in enumerate((faces, *others)):
        try:
            found.append(audit_mixture(one, None if at else reference, seed=seed))
        except InputError as error:
            if reference is not None and not at:
                raise
            untested.append(Untested(f"Mixed networks in {one.model or 'a set'}", error.message))
    return tuple(found)


def _left(
    others: Sequence[EmbeddingSet],
    attributes: AttributeResult | None,
    protections: ProtectionResult | None,
    reference: EmbeddingSet | None,
    quick: bool,
) -> list[Untested]:
    found = []
    if not others:
        found.append(Untested("Linkage, and attackers with another network", "no set of another network was given"))
    elif protections is not None and not any(p.knowledge == "shipped" for p in protections.points):
        found.append(Untested("Attackers with a map that ships", "no map ships between these networks"))
    if attributes is None:
        found.append(Untested("Attributes of people", "no labels were given, and none are guessed"))
    if reference is None:
        found.append(
            Untested(
                "Templates by swapped colours, other crops or a map",
                "no reference was given; without one only another network's templates are seen",
            )
        )
    if quick:
        found.append(Untested("Other protections, and more draws of leaked pairs", "the quick audit was asked for"))
    return [*found, *_ALWAYS]


def _warnings(
    linkage: Sequence[LinkageResult],
    protections: ProtectionResult | None,
    attributes: AttributeResult | None,
    mixture: Sequence[MixtureResult],
) -> tuple[str, ...]:
    parts: list[tuple[str, LinkageResult | ProtectionResult | AttributeResult | MixtureResult | None]] = [
        *(("linkage", one) for one in linkage),
        ("protections", protections),
        ("attributes", attributes),
        *(("mixture", one) for one in mixture),
    ]
    told = [f"{name}: {text}" for name, one in parts if one is not None for text in one.warnings]
    return tuple(dict.fromkeys(told))
