"""The attackers: what each has, and what he names. Those who were not tested stand among them, without a rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..linkage_result import LinkageResult
from ..protection_audit import AttackPoint, ProtectionResult
from .result import Attacker

PLAIN = "open"
ANY = "any"
THIEF, STOLEN = "Thief with the same network", "Thief of templates and secret"
OWN_SECRETS = "Thief where each person has a secret"


def attackers(linkage: Sequence[LinkageResult], protections: ProtectionResult | None) -> tuple[Attacker, ...]:
    """Every attack model in the order of what it takes."""
    found = [_same(protections), *_linkers(linkage)]
    if protections is not None:
        for knowledge, has in (("other", "another network"), ("shipped", "another network, and the map that ships")):
            found += _plain(protections, knowledge, has)
        found += _keyed(protections)
    if not linkage:
        found.append(Attacker("Thief with another network", PLAIN, "another network and leaked pairs", False))
        found.append(Attacker("Thief with another network", "with a secret", "another network and leaked pairs", False))
    found += [
        Attacker("Whoever rebuilds faces", ANY, "a network that makes an image from a template", False),
        Attacker("Whoever tries templates", ANY, "a system that answers with scores, to climb them", False),
        Attacker("Insider", ANY, "keys, access, logs, backups", False),
    ]
    return tuple(found)


def strongest(found: Sequence[Attacker]) -> tuple[Attacker | None, float | None]:
    """Of the attackers with another network on templates without protection, who names most; the "
    "highest upper limit."""
    fit = [one for one in found if one.other and one.tested and one.templates == PLAIN and one.rank1 is not None]
    if not fit:
        return None, None
    return max(fit, key=lambda one: one.rank1 or 0.0), max(one.high or 0.0 for one in fit)


def thief(found: Sequence[Attacker]) -> Attacker | None:
    """The one with the same network and open templates, if he was tried."""
    return next((one for one in found if one.name == THIEF and one.templates == PLAIN and one.tested), None)


def _same(found: ProtectionResult | None) -> Attacker:
    if found is None:
        return Attacker(THIEF, PLAIN, "the same network", False)
    best = max(found.line("plain", "same"), key=lambda p: p.rank1)
    return _of(best, found, THIEF, PLAIN, f"the same network, {_pairs(best.leaked)}")


def _linkers(linkage: Sequence[LinkageResult]) -> list[Attacker]:
    """Of each direction of each audit the point at which most are named."""
    rows = []
    for result in linkage:
        for source, target in ((result.source, result.target), (result.target, result.source)):
            best = max((p for p in result.points if p.source == source), key=lambda p: p.rank1)
            rows.append(
                Attacker(
                    "Linker of two systems", PLAIN,
                    f"templates of {source}, a gallery with names of {target}, {_pairs(best.leaked)}",
                    True, best.rank1, best.low, best.high, result.counts["mated_probes"], other=True,
                )
            )  # fmt: skip
    return rows


def _plain(found: ProtectionResult, knowledge: str, has: str) -> list[Attacker]:
    seen = bool(found.counts["seen_by_shipped"]) and knowledge == "shipped"
    rows = []
    for network in dict.fromkeys(p.network for p in found.points if p.knowledge == knowledge):
        line = found.line("plain", knowledge, network=network)
        best = max(line, key=lambda p: p.rank1)
        row = _of(
            best, found, "Thief with another network", PLAIN, f"{has} ({network}), {_pairs(best.leaked)}", other=not seen
        )
        if seen:
            row = replace(row, note="the map was fitted on people who are attacked here: looks better than on new ones")
        rows.append(row)
    return rows


def _keyed(found: ProtectionResult) -> list[Attacker]:
    """Of the templates with a secret, by who has what: the protection that holds least."""
    rows = []
    keyed = [name for name in found.names if found.parameters[name]["keyed"]]
    open_ones = [name for name in keyed if found.parameters[name]["comparison"] != "decrypted"]
    scenarios = (
        (THIEF, "with a secret that was kept", "common", "kept", "same", open_ones),
        ("Thief with another network", "with a secret that was kept", "common", "kept", "other", open_ones),
        (STOLEN, "with a secret that was stolen", "common", "stolen", "same", keyed),
        (OWN_SECRETS, "with a secret a person, kept", "person", "kept", "same", open_ones),
        ("Thief of encrypted files", "encrypted, without the key", "common", "kept", "same", [*{*keyed} - {*open_ones}]),
    )
    for who, templates, keys, secret, knowledge, names in scenarios:
        points = [
            p for p in found.points
            if p.protection in names and not p.refine and (p.keys, p.secret, p.knowledge) == (keys, secret, knowledge)
        ]  # fmt: skip
        if points:
            best = max(points, key=lambda p: p.rank1)
            pairs = _pairs(best.leaked)
            network = "the same network" if knowledge == "same" else f"another network ({best.network})"
            weakest = f"; weakest of {len(names)}: {best.protection}" if len(names) > 1 else f": {best.protection}"
            rows.append(_of(best, found, who, templates + weakest, f"{network}, {pairs}"))
    return rows


def _of(
    point: AttackPoint, found: ProtectionResult, name: str, templates: str, has: str, *, other: bool = False
) -> Attacker:
    return Attacker(
        name, templates, has, True, point.rank1, point.low, point.high, found.counts["mated_probes"], other=other
    )  # fmt: skip


def _pairs(leaked: int) -> str:
    return f"{leaked:,} leaked pairs" if leaked else "no leaked pair"
