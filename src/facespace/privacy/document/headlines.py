"""The first page: what a reader who reads nothing else has to know. No sentence says less than a table below it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..attributes import AttributeResult
from ..mixture import MixtureResult, mixture_finding
from ..protection_audit import ProtectionResult
from .attack_models import thief
from .result import Attacker, Headline, SetFacts, StoredFile, Untested
from .words import count, named, pairs_to_half, rate

_NO_SET = "Not tested: whether another network's gallery names these templates. No set of one was given."


def headlines(
    sets: Sequence[SetFacts],
    storage: Sequence[StoredFile],
    found: Sequence[Attacker],
    worst: Attacker | None,
    highest: float | None,
    protections: ProtectionResult | None,
    attributes: AttributeResult | None,
    mixture: Sequence[MixtureResult],
    untested: Sequence[Untested],
    max_linkage: float | None,
) -> tuple[Headline, ...]:
    """A sentence or two a topic, each number with its interval and count."""
    lines = [Headline("People", _people(sets)), Headline("Storage", _storage(storage))]
    opened = thief(found)
    if opened is not None:
        lines.append(Headline("Theft", _theft(opened, protections)))
    if worst is not None and highest is not None:
        text = (
            f"Of the attackers with another network who were tried on open templates the strongest names "
            f"{named(worst)}. He has {worst.has}."
        )
        if max_linkage is not None:
            verdict = "within" if highest <= max_linkage else "above"
            text += (
                f" The highest upper limit of any of them is {100 * highest:.1f} %, {verdict} the {100 * max_linkage:g} "
                "% that were allowed."
            )
        lines.append(Headline("Linkage", text))
    else:
        lines.append(Headline("Linkage", _NO_SET))
    if protections is not None:
        lines.append(Headline("Protections", _protections(protections)))
    for one in untested:
        if one.what == "Protections":
            lines.append(Headline("Protections", f"Not tested: {one.why}."))
    lines += [Headline("Mixed networks", f"{result.model or 'unknown'}: {mixture_finding(result)}") for result in mixture]
    lines.append(Headline("Attributes", _attributes(attributes)))
    return tuple(lines)


def _people(sets: Sequence[SetFacts]) -> str:
    told = []
    for one in sets:
        how = {"subject": "by the column subject", "folder": "by the first folder of their ids"}.get(one.people_by)
        who = f"of {count(one.people, 'person', 'people')} ({how})" if how else "of nobody knows how many people"
        text = f"{count(one.templates, 'template')} {who} by {one.model or 'an unknown network'} ({one.role})"
        if one.unknown and how:
            text += f", {one.unknown:,} of unknown ones"
        if one.copies:
            text += f"; {one.copies:,} are copies of others"
        if one.of_two_people:
            text += f"; {one.of_two_people:,} have the very numbers of another person's"
        told.append(text)
    return ". ".join(told) + "."


def _storage(storage: Sequence[StoredFile]) -> str:
    if not storage:
        return "Not tested: the sets were given in memory, so nothing is known of how they are stored."
    plain = [one for one in storage if not one.encrypted]
    keys = ", ".join(sorted({repr(one.key) for one in storage if one.key is not None}))
    if not plain:
        return (
            f"Every file ({len(storage)}) is encrypted, under {keys}. What is said of thieves below holds for who has "
            "the key, or an open copy; who has the files alone has nothing to compare."
        )
    some = f" The other {len(storage) - len(plain):,} are encrypted, under {keys}." if keys else ""
    verb = "is" if len(plain) == 1 else "are"
    return (
        f"{len(plain):,} of {count(len(storage), 'file')} {verb} plain "
        f"({', '.join(one.file for one in plain)}): who copies "
        f"them has the templates open.{some}"
    )


def _theft(opened: Attacker, found: ProtectionResult | None) -> str:
    chance = "" if found is None else f", where guessing names {100 * found.chance:.2g} %"
    text = (
        f"Who copies open templates, and has the same network and a gallery with names, names "
        f"{named(opened)} of people in it{chance}."
    )
    anonymous = found is not None and (opened.low or 0.0) <= found.chance
    return text if anonymous else f"{text} So embeddings like these are not anonymous."


def _protections(found: ProtectionResult) -> str:
    keyed = [half for half in found.half if half.knowledge == "same" and found.parameters[half.protection]["keyed"]]
    open_ones = [name for name in found.names if name != "plain" and not found.parameters[name]["keyed"]]
    last = max(p.leaked for p in found.points)
    parts = [
        f"{len(found.names) - 1} ways to protect templates were tried on these. Whether one of them is in use "
        "was not looked at."
    ]
    if open_ones:
        worth = min((found.line(name, "same")[0] for name in open_ones), key=lambda p: p.rank1)
        parts.append(
            f"Without a secret ({', '.join(open_ones)}) the same network names "
            f"{rate(worth.rank1, worth.low, worth.high)} of "
            f"{found.counts['mated_probes']:,} or more, with no leaked pair."
        )
    fallen = sorted((half for half in keyed if not math.isinf(half.leaked)), key=lambda half: half.leaked)
    standing = [half.protection for half in keyed if math.isinf(half.leaked)]
    if fallen:
        first, end = fallen[0], fallen[-1]
        told = f"{first.protection} with {pairs_to_half(first)} leaked pairs"
        if end is not first:
            told += f", {end.protection} with {pairs_to_half(end)}"
        between = f", {len(fallen) - 2} between them" if len(fallen) > 2 else ""
        parts.append(f"With a secret that was kept, half is named all the same: {told}{between}.")
    if standing:
        parts.append(f"Not with {last:,} leaked pairs: {', '.join(standing)}.")
    stolen = [p for p in found.points if p.secret == "stolen" and p.knowledge == "same"]
    if stolen:
        least = min(stolen, key=lambda p: p.rank1)
        parts.append(
            f"Who has stolen the secret as well names {rate(least.rank1, least.low, least.high)} at least "
            f"({least.protection})."
        )
    return " ".join(parts)


def _attributes(found: AttributeResult | None) -> str:
    if found is None:
        return "Not tested: what else templates tell of people (sex, age, glasses). No labels were given."
    told = []
    for point in found.points:
        if point.protection == "plain":
            told.append(
                f"{point.attribute}: read right of {rate(point.balanced, point.balanced_low, point.balanced_high)} of "
                f"{point.images:,} images of {point.people:,} people when all {len(point.classes)} labels are held "
                f"equally likely, where guessing gives {100 / len(point.classes):.1f} %"
            )
    return ". ".join(told) + "."
