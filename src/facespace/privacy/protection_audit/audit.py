"""`audit_protections`: what protections of templates are worth, against attackers with real networks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from ...embeddings import EmbeddingSet, Floats
from ...errors import InputError
from ...given import FACES, PAIRS, SEVERAL, ProtocolLike, SetLike, as_pairs, as_set, as_sets, takes
from ...io import one_or_more
from ...mapping import ShippedMaps, shipped_maps
from ...metrics import few_nonmated
from ...people import people_of
from ...results import signature
from ..design import divide
from ..linkage_result import FPIRS
from ..protections import Protection, protections
from ..rates import Answers, Rate, rates
from .half import half_pairs
from .own_accuracy import judged_pairs, own_accuracy, renewal, unlinkability
from .result import AttackPoint, HalfPoint, ProtectionResult
from .trials import Trials, attackers

LEAKED = (0, 10, 25, 50, 100, 400)
_SECRET = 1  # of accuracy, linkability and renewal, which a second one meets


@takes(faces=FACES, others=SEVERAL, protocol=PAIRS)
def audit_protections(
    faces: SetLike,
    others: Sequence[SetLike] = (),
    *,
    only: Iterable[str] | Sequence[Protection] | None = None,
    leaked: Sequence[int] = LEAKED,
    repeats: int = 3,
    refine: bool = False,
    protocol: ProtocolLike | None = None,
    maps: ShippedMaps | None = None,
    fpirs: Sequence[float] = FPIRS,
    enrolled: int = 1,
    resamples: int = 500,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> ProtectionResult:
    """Protect `faces`, let attackers name the templates, and measure what protecting costs.

    People are divided as in `audit_linkage`: those whose images may leak, which protections are fitted on too, and the
    attacked ones. Their templates are stolen without names, and the attacker has plain embeddings of another image of each,
    with names, by his own network: the one that the templates are of ("same"), one of `others` ("other"), or one of these
    and the map that ships between the two ("shipped"). Of his attacks (`protection_audit/attackers.py`) the strongest in
    the first repeat counts, which speaks for him. Every repeat has other leaked pairs and another secret.

    Args:
        faces: plain embeddings of one network, whose people are known.
        others: of the same images by other networks.
        only: names of protections, or protections of your own; by default all that `protections()` lists.
        leaked: numbers of pairs of a template and the attacker's own embedding of its image, 0 among them or not.
        repeats: draws of leaked pairs and secrets.
        refine: also sharpen the fitted map on the stolen templates and the gallery, in the first repeat.
        protocol: pairs that accuracy is measured on; by default drawn ones. Pairs of people that protections are fitted on
            are left out.
        maps: what ships, or maps like these that were fitted on none of the attacked people.
        fpirs, enrolled, resamples: as in `audit_linkage`.
        progress: called with (attackers and protections done, all of them).

    Raises:
        InputError: no people, too few of them, sets without shared images, rates outside 0 … 1.
        UnknownNameError: no such protection.
    """
    faces, others, protocol = as_set(faces), as_sets(others), as_pairs(protocol)
    sizes = tuple(sorted(set(leaked)))
    if not sizes or sizes[0] < 0 or 1 in sizes or sizes[-1] < 2 or repeats < 1:
        raise InputError(
            f"an audit of protections needs 2 leaked pairs and 1 repeat at least; got {list(leaked)}, {repeats}"
        )
    for rate in fpirs:
        if not 0 <= rate < 1:
            raise InputError(f"a false positive identification rate is at least 0 and below 1, not {rate:g}")
    chosen = _chosen(only)
    shared, rows = _shared(faces, others)
    faces = faces.take(rows)
    everybody = people_of(faces, *others)
    people = everybody.needed(faces.ids, "the audited set")
    known = np.flatnonzero(people.known)
    notes = people.left_out("the audited set")
    design = divide(people.names[known], sizes[-1], enrolled=enrolled, seed=seed)
    own = faces.take(known)
    vectors = own.normalized()
    fitted = [one.fit(vectors[design.pool]) for one in chosen]
    spare = np.zeros(len(faces), dtype=np.bool_)
    spare[known[np.isin(design.person, design.person[design.pool])]] = True
    pairs, dropped = judged_pairs(faces, people, spare, protocol, seed)
    if dropped:
        notes.append(f"{dropped:,} pairs were left out: of people that protections were fitted on, or of unknown ones")
    trials = Trials(vectors, design, sizes, repeats, tuple(fpirs), resamples, seed)
    hub = maps or shipped_maps()
    who = attackers((faces.model or "the network", vectors), [(name, matrix[known]) for name, matrix in shared], hub)
    seen = 0
    if hub.fitted is not None and any(one.knowledge == "shipped" for one in who):
        attacked = np.unique(np.concatenate([design.gallery, design.probes]))
        seen = int(np.count_nonzero(hub.fitted.has(own.ids[attacked], people.names[known][attacked])))
        if faces.ids_replaced:
            seen = len(attacked)
            notes.append(
                "this set's ids were replaced, so that whether the shipped maps were fitted on its people can't be told: "
                "attacks by these maps are taken to be on people whom they know"
            )
        elif seen:
            notes.append(
                f"the shipped maps were fitted on {seen:,} of the {len(attacked):,} attacked images or others of their "
                "people: attacks by these maps look better here than on people who are new to them"
            )
    steps = list(itertools.product(fitted, who))
    points: list[AttackPoint] = []
    with threadpool_limits(1):
        native = trials.own()
        for done, (protection, attacker) in enumerate(steps, 1):
            points += trials.points(protection, attacker, refine and protection.comparison != "decrypted")
            if progress is not None:
                progress(done, len(steps))
        accuracy, links, renewals = [], [], []
        for protection in fitted:
            ways = ("common", "person") if protection.keyed and protection.comparison != "decrypted" else ("common",)
            accuracy += [own_accuracy(protection, pairs, keys, _SECRET) for keys in ways]
            links.append(unlinkability(protection, pairs, _SECRET, resamples=resamples, seed=seed))
            renewals.append(renewal(protection, pairs, _SECRET, resamples=resamples, seed=seed))
    nonmated = int((~design.mated).sum())
    people_of_probes = design.person[design.probes]
    answers = Answers((native.rank == 1)[None], np.maximum(native.mate, native.other)[None])
    bound = rates(answers, people_of_probes, design.mated, (), resamples=resamples, seed=seed).rank1
    return ProtectionResult(
        model=faces.model or "the network",
        own=Rate(bound.value, bound.low, bound.high),
        chance=design.chance,
        points=tuple(points),
        half=tuple(
            HalfPoint(
                protection.name,
                one.network,
                one.knowledge,
                *half_pairs(
                    sizes,
                    [trials.names[protection.name, one.network, one.knowledge, size] for size in sizes],
                    (native.rank == 1)[design.mated],
                    people_of_probes[design.mated],
                    resamples=resamples,
                    seed=seed,
                ),
            )
            for protection, one in steps
        ),
        accuracy=tuple(accuracy),
        unlinkability=tuple(links),
        renewal=tuple(renewals),
        parameters={
            one.name: {"keyed": one.keyed, "comparison": one.comparison, **one.parameters} for one in fitted
        },
        counts={
            "leaked_people": len(np.unique(design.person[design.pool])),
            "attacked_people": len(np.unique(design.person[np.concatenate([design.probes, design.gallery])])),
            "gallery": len(design.gallery),
            "mated_probes": len(design.probes) - nonmated,
            "nonmated_probes": nonmated,
            "pairs": len(pairs.same),
            "genuine": int(pairs.same.sum()),
            "seen_by_shipped": seen,
        },
        fpirs=tuple(fpirs),
        warnings=(*notes, *few_nonmated(nonmated, fpirs)),
        signature=signature(
            "protections",
            model=faces.model or None,
            others="+".join(name for name, _ in shared) or None,
            protections="/".join(one.name.replace(" ", "-") for one in fitted),
            leaked="/".join(map(str, sizes)),
            repeats=repeats,
            refine="first-repeat" if refine else None,
            gallery=len(design.gallery),
            mated=len(design.probes) - nonmated,
            nonmated=nonmated,
            pairs=f"{'drawn' if protocol is None else protocol.name}-{len(pairs.same)}",
            interval=f"people+repeats-bootstrap-{resamples}",
            seed=seed,
        ),
    )  # fmt: skip


def _chosen(only: Iterable[str] | Sequence[Protection] | None) -> tuple[Protection, ...]:
    given = None if only is None else one_or_more(only)
    if given and not isinstance(given[0], str):
        return tuple(given)
    return protections(given)


def _shared(faces: EmbeddingSet, others: Sequence[EmbeddingSet]) -> tuple[list[tuple[str, Floats]], np.ndarray]:
    """The other networks' embeddings of the images that all sets have, and these images' rows in `faces`."""
    ids = faces.ids
    for one in others:
        ids = ids[np.isin(ids, one.ids)]
    if not len(ids):
        raise InputError("the sets share no image", "Embed the same images by each network.")
    found, names = [], {faces.model or "the network"}
    for number, one in enumerate(others, 2):
        name = one.model or f"network {number}"
        while name in names:
            name = f"{name} ({number})"
        names.add(name)
        found.append((name, one.select(ids).normalized()))
    return found, faces.rows(ids)
