"""The one report: for who has to answer for the templates, with every figure behind it and a page of method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...report import Column, Figure, KeyFigure, KeyFigures, Report, Table, Text, interval
from ..attributes import attribute_report
from ..linkage_report import linkage_report
from ..mixture import mixture_report
from ..protection_audit import protection_report
from .attack_models import ANY, PLAIN, thief
from .method_report import method
from .points import PERFORMANCE, REQUIREMENTS
from .result import Attacker, PrivacyAudit
from .words import count

_WHAT = (
    "A template is the row of numbers by which a system knows a face. It is open when it can be read without a key. A "
    "leaked pair is an image of which an attacker has both the template and his own network's. A protection changes "
    "templates before they are stored, by a secret or without one.",
    "Each figure was measured on these files, by attacks that were carried out, and stands with its 95 % interval and the "
    "number it rests on. The report follows the points of ISO/IEC 30136 (performance testing of template protection) and "
    "ISO/IEC 24745 (biometric information protection).",
    "It is no certification, and no statement that either standard is met: no limits are set here, no accredited laboratory "
    "was involved, and only files were looked at, not the system that uses them. A low figure says that these attacks "
    "failed; a better attacker may succeed.",
)


def privacy_report(result: PrivacyAudit) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report("Privacy audit of face templates", _subtitle(result), result.signature)
    report.add(KeyFigures(_key_figures(result)))
    report.add(Text("In short", [f"{one.topic}: {one.text}" for one in result.headlines]))
    report.add(Text("What this report is, and what it is not", _WHAT))
    report.add(_sets(result))
    if result.storage:
        report.add(_storage(result))
    report.add(_points(result, PERFORMANCE, "ISO/IEC 30136: how well protections perform"))
    report.add(_points(result, REQUIREMENTS, "ISO/IEC 24745: what is asked of stored biometric data"))
    tried = [one for one in result.attackers if one.templates != ANY]
    opened = [one for one in tried if one.templates == PLAIN]
    report.add(_attackers(result, "open-templates", "Attack models: open templates", opened))
    if kept := [one for one in tried if one.templates != PLAIN]:
        report.add(_attackers(result, "protected-templates", "Attack models: protected templates", kept))
    report.add(_untested(result))
    report.warn(result.warnings, "What to know of the figures", code="privacy")
    _add_details(report, result)
    report.add(Text("Method", method(result)))
    return report


def _subtitle(result: PrivacyAudit) -> str:
    others = [one.model or "unknown network" for one in result.sets if one.role == "other system"]
    beside = f" Other systems: {', '.join(others)}." if others else " No other system was given."
    return f"What templates of {result.model} give away about people.{beside}{' A quick audit.' if result.quick else ''}"


def _key_figures(result: PrivacyAudit) -> list[KeyFigure]:
    figures = []
    if result.storage:
        plain = sum(not one.encrypted for one in result.storage)
        figures.append(
            KeyFigure(
                f"{plain} of {len(result.storage)}", "files plain", "", "warning" if plain else "good"
            )
        )  # fmt: skip
    opened = thief(result.attackers)
    for one, label in ((opened, "named, same network"), (result.worst, "named, another network")):
        if one is not None and one.rank1 is not None and one.low is not None and one.high is not None:
            figures.append(
                KeyFigure(
                    f"{100 * one.rank1:.1f} %",
                    label,
                    f"of {one.probes:,} open templates; 95 %: {100 * one.low:.1f} to {100 * one.high:.1f}",
                )
            )
    if result.passed is not None and result.highest is not None and result.max_linkage is not None:
        figures.append(
            KeyFigure(
                f"≤ {100 * result.highest:.1f} %",
                "linkage, upper limit",
                f"allowed {100 * result.max_linkage:g} %",
                "good" if result.passed else "warning",
            )
        )
    first = result.sets[0]
    figures.append(
        KeyFigure(f"{first.people:,}" if first.people else "unknown", "people", count(first.templates, "template"))
    )
    return figures


def _sets(result: PrivacyAudit) -> Table:
    columns: list[str | Column] = [
        "set",
        "role",
        Column("templates", "", ",d"),
        Column("numbers", "", "d", "width of a template"),
        Column("people", "", ",d"),
        Column("known by", "", "", "what tells whose an image is"),
        Column("of unknown people", "images", ",d"),
        Column("copies", "images", ",d", "the same image under several ids of one person"),
        Column("of two people", "images", ",d", "the very numbers of another person's image"),
    ]
    by = {"subject": "column subject", "folder": "folder in the id", "nobody": "nobody knows"}
    rows: list[list[object]] = [
        [one.model or "unknown", one.role, one.templates, one.dim, one.people or None, by[one.people_by], one.unknown,
         one.copies, one.of_two_people] for one in result.sets
    ]  # fmt: skip
    return Table("sets", columns, rows, title="What was audited", caption="People are counted, not guessed from faces.")


def _storage(result: PrivacyAudit) -> Table:
    rows: list[list[object]] = [
        [one.file, "encrypted" if one.encrypted else "plain", one.key or None] for one in result.storage
    ]
    return Table(
        "storage",
        ["file", "state", Column("key", "", "", "its id, which stands in the file")],
        rows,
        title="How it is stored",
        caption="As the files say; those of encrypted sets were held against their key when they were read.",
    )


def _points(result: PrivacyAudit, standard: str, title: str) -> Text:
    told = [
        f"{one.point} ({one.tested}). {one.finding}{f' Not tested: {one.left}' if one.left else ''}"
        for one in result.points
        if one.standard == standard
    ]
    return Text(
        title, [*told, "These are the standard's points in our words. No limits are set here, so there is no verdict."]
    )


def _attackers(result: PrivacyAudit, name: str, title: str, found: Sequence[Attacker]) -> Table:
    rows: list[list[object]] = [
        [
            one.name,
            *([] if name == "open-templates" else [one.templates]),
            one.has,
            *(None if n is None else 100 * n for n in (one.rank1, one.low, one.high)),
            one.probes or None,
            one.note or ("" if one.tested else "not tested"),
        ]
        for one in found
    ]
    columns: list[str | Column] = [
        "attacker",
        *([] if name == "open-templates" else [Column("templates", "", "", "what he attacks")]),
        Column("has", "", "", "what he knows and holds"),
        Column("named", "%", ".1f", "share of the templates that get their right name at the first answer"),
        *interval(format=".1f"),
        Column("of", "templates", ",d", "templates whose person is in his gallery"),
        *(["note"] if any(row[-1] for row in rows) else []),
    ]
    return Table(
        name,
        columns,
        [row[: len(columns)] for row in rows],
        title=title,
        caption="What each attacker has beside the stolen templates, and what he names at most over the leaks that were "
        "tried. Every one has a gallery with names, of other images of the same people.",
    )


def _untested(result: PrivacyAudit) -> Table:
    rows: list[list[object]] = [[one.what, one.why] for one in result.untested]
    return Table("untested", ["not tested", "why"], rows, title="What was not tested")


def _add_details(report: Report, result: PrivacyAudit) -> None:
    """Figures and tables of each part, as in its own report."""
    parts = [
        *((f"linkage-{at}", f"Linkage with {one.target}", linkage_report(one)) for at, one in enumerate(result.linkage, 1)),
        *([("protections", "Protections", protection_report(result.protections))] if result.protections else []),
        *([("attributes", "Attributes", attribute_report(result.attributes))] if result.attributes else []),
        *(
            (f"mixture-{at}", f"Mixed networks, {one.model}", mixture_report(one))
            for at, one in enumerate(result.mixture, 1)
        ),
    ]
    for name, title, part in parts:
        for section in part.sections:
            if isinstance(section, Figure):
                report.add(replace(section, name=f"{name}-{section.name}", title=f"{title}: {section.title}"))
            elif isinstance(section, Table):
                whole = f"{title}: {section.title}"
                report.add(
                    Table(f"{name}-{section.name}", section.columns, section.rows, title=whole, caption=section.caption)
                )
