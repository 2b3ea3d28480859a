"""What was found, by the points of ISO/IEC 30136 and ISO/IEC 24745. No limits are set here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..linkage_result import LinkageResult
from ..protection_audit import ProtectionResult
from .attack_models import OWN_SECRETS, STOLEN, strongest, thief
from .result import Attacker, Point, StoredFile, Tested
from .words import count, named, pairs_to_half, points_lost, rate, ratio

PERFORMANCE, REQUIREMENTS = "ISO/IEC 30136", "ISO/IEC 24745"

_NO_PROTECTIONS = "Not tested."
_ABOVE = f"{{}} of {PERFORMANCE} says what was found."
_IMAGES = "Whether an image of a face can be rebuilt from a template."


def points(
    storage: Sequence[StoredFile],
    found: Sequence[Attacker],
    linkage: Sequence[LinkageResult],
    protections: ProtectionResult | None,
) -> tuple[Point, ...]:
    """Every point with its finding."""
    half: Tested = "in part" if protections is not None else "not tested"
    linked: Tested = "in part" if linkage or protections is not None else "not tested"
    full: Tested = "tested" if protections is not None else "not tested"
    return (
        Point(PERFORMANCE, "Accuracy degradation", full, _accuracy(protections),
              "Other settings of the protections, and thresholds of a system in use."),
        Point(PERFORMANCE, "Irreversibility, success of attacks", half,
              _attacks(found, strongest(found)[0], protections), _IMAGES),
        Point(PERFORMANCE, "Unlinkability", linked, _unlinkability(protections, linkage), _other_network(linkage)),
        Point(PERFORMANCE, "Cancelability and renewability", full, _renewal(protections),
              "How a system in use revokes a template, and how long that takes."),
        Point(REQUIREMENTS, "Confidentiality", "in part" if storage or found else "not tested",
              _confidentiality(storage, found),
              "Backups, memory, logs, networks, and who has the keys."),
        Point(REQUIREMENTS, "Integrity", "in part" if storage else "not tested", _integrity(storage),
              "Whether somebody with access can replace a template by another that was made properly."),
        Point(REQUIREMENTS, "Renewability", full, _ABOVE.format("Cancelability and renewability"),
              "The procedure of a system in use."),
        Point(REQUIREMENTS, "Revocability", half, _revocability(protections),
              "Whether revoked templates are deleted, or refused, by a system in use."),
        Point(REQUIREMENTS, "Unlinkability", linked, _ABOVE.format("Unlinkability"), _other_network(linkage)),
    )  # fmt: skip


def _accuracy(found: ProtectionResult | None) -> str:
    if found is None:
        return _NO_PROTECTIONS
    rows = sorted((row for row in found.accuracy if row.keys == "common" and row.protection != "plain"),
                  key=lambda row: row.accuracy_lost)  # fmt: skip
    plain = next(row for row in found.accuracy if row.protection == "plain")
    least, most = rows[0], rows[-1]
    return (
        f"Plain templates decide {rate(plain.accuracy, plain.low, plain.high)} of {found.counts['pairs']:,} "
        "pairs right "
        f"({found.counts['genuine']:,} of one person). Of {len(rows)} protections {least.protection} costs least, "
        f"{points_lost(least)}, and {most.protection} most, {points_lost(most)}."
    )


def _attacks(attacked: Sequence[Attacker], worst: Attacker | None, found: ProtectionResult | None) -> str:
    told = []
    opened = thief(attacked)
    if opened is not None:
        told.append(f"On open templates the same network names {named(opened)}.")
    if worst is not None:
        told.append(f"Of those with another network the strongest names {named(worst)}.")
    if found is not None:
        told += _secrets(attacked, found)
    return " ".join(told) or _NO_PROTECTIONS


def _secrets(attacked: Sequence[Attacker], found: ProtectionResult) -> list[str]:
    """How far protections with a secret hold, while it is kept and when it was stolen."""
    told = []
    halves = [half for half in found.half if half.knowledge == "same" and found.parameters[half.protection]["keyed"]]
    fallen = [half for half in halves if not math.isinf(half.leaked)]
    standing = [half.protection for half in halves if math.isinf(half.leaked)]
    if fallen:
        listed = "; ".join(f"{half.protection} {pairs_to_half(half)}" for half in fallen)
        told.append(
            f"Leaked pairs with which the same network names half of what plain templates in its own gallery give, "
            f"{rate(found.own.value, found.own.low, found.own.high)}, though the secret was kept: {listed}."
        )
    if standing:
        told.append(f"Not with {max(p.leaked for p in found.points):,} pairs: {', '.join(standing)}.")
    words = {STOLEN: "Who has the secret too", OWN_SECRETS: "Where each person has a secret, and it was kept, one"}
    for one in attacked:
        if one.name in words:
            told.append(f"{words[one.name]} names {named(one)} ({one.templates}).")
    return told


def _unlinkability(found: ProtectionResult | None, linkage: Sequence[LinkageResult]) -> str:
    parts = []
    if found is not None:
        listed = "; ".join(
            f"{row.protection} {ratio(row.d_sys, row.low, row.high)}, by chance {row.floor:.3f}"
            for row in found.unlinkability
            if found.parameters[row.protection]["keyed"]
        )
        one = found.unlinkability[0]
        bare = next(row for row in found.unlinkability if row.protection == "plain")
        parts.append(
            f"D_sys between two secrets (0 unlinkable, 1 linkable) on {one.mated:,} pairs of one person and "
            f"{one.nonmated:,} of two: plain {ratio(bare.d_sys, bare.low, bare.high)}; {listed}. D_sys looks at the "
            "templates' own scores alone: one near chance does not withstand an attacker who learnt from leaked pairs."
        )
    for result in linkage:
        best = max(result.points, key=lambda p: p.rank1)
        parts.append(
            f"Plain templates of {best.source} and {best.target} are linked: "
            f"{rate(best.rank1, best.low, best.high)} of "
            f"{result.counts['mated_probes']:,} with {best.leaked:,} leaked pairs."
        )
    return " ".join(parts) or "Not tested."


def _renewal(found: ProtectionResult | None) -> str:
    if found is None:
        return _NO_PROTECTIONS
    rows = [row for row in found.renewal if found.parameters[row.protection]["keyed"]]
    bare = [row for row in found.renewal if not found.parameters[row.protection]["keyed"]]
    if not rows:
        return "No protection with a secret was tested."
    most = max(rows, key=lambda row: row.accepted)
    text = (
        f"Revoked templates that pass against the new one of the same image, where 1 % of impostors pass: at most "
        f"{rate(most.accepted, most.low, most.high)} of {most.images:,} images ({most.protection}), over {len(rows)} "
        "protections with a secret."
    )
    if bare:
        least = min(bare, key=lambda row: row.accepted)
        text += (
            f" Without a secret ({', '.join(row.protection for row in bare)}) there is nothing to renew: of "
            f"{least.protection} {rate(least.accepted, least.low, least.high)} pass, of the others no fewer."
        )
    return text


def _revocability(found: ProtectionResult | None) -> str:
    if found is None:
        return _NO_PROTECTIONS
    keyed = [name for name in found.names if found.parameters[name]["keyed"]]
    text = f"A new secret makes other templates of the same image ({', '.join(keyed)})." if keyed else ""
    open_ones = [name for name in found.names if not found.parameters[name]["keyed"]]
    if open_ones:
        text += f" Not revocable: {', '.join(open_ones)}. What leaked of them stays good for as long as the network is used."
    return text.strip()


def _confidentiality(storage: Sequence[StoredFile], found: Sequence[Attacker]) -> str:
    plain = [one for one in storage if not one.encrypted]
    if not storage:
        text = "The sets were given in memory, so nothing is known of how they are stored."
    elif not plain:
        text = "Every file is encrypted (AES-GCM, each with a data key of its own)."
    else:
        verb = "is" if len(plain) == 1 else "are"
        text = f"{len(plain)} of {count(len(storage), 'file')} {verb} plain: {', '.join(one.file for one in plain)}."
    opened = thief(found)
    if opened is not None:
        text += f" Who has them open, and the same network, names {named(opened)}."
    return text


def _integrity(storage: Sequence[StoredFile]) -> str:
    if not storage:
        return "The sets were given in memory."
    locked = [one for one in storage if one.encrypted]
    text = []
    if locked:
        verb = "is" if len(locked) == 1 else "are"
        text.append(
            f"{len(locked)} of {count(len(storage), 'file')} {verb} authenticated with the name: this audit read "
            "them, and "
            "a changed byte, another key or another name would have stopped it."
        )
    if len(locked) < len(storage):
        plain = count(len(storage) - len(locked), "plain file")
        text.append(f"{plain}: no change of them would show.")
    return " ".join(text)


def _other_network(linkage: Sequence[LinkageResult]) -> str:
    return "" if linkage else "Linking with another network: no set of one was given."
