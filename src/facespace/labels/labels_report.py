"""The report of an audit of labels."""

from __future__ import annotations

from ..images import ImageSource
from ..report import Column, KeyFigure, KeyFigures, Report, Table, Text
from .files import thumbnails
from .pairs_report import MOST_PAIRS, pair_pictures, short_id
from .result import LabelAudit

_BRIEF, _LONG = 10, 500  # rows in the terminal's tables, and in the report's

_METHOD = (
    "A pair's score is a weighted sum of the networks' cosines, the weights those of the linear discriminant between pairs "
    "of one name and of two. Expected is how many pairs (or images) in this set would score so among right labels: the tail "
    "of the other pairs, taken to be normal and fitted below the suspicious ones. A list ends where more than a tenth of it "
    "(or what was asked for) might be right, and more than half of the networks have to agree."
)
_LIMITS = (
    "A network can't tell twins, and often not brothers and sisters: they are listed as one person under two names. An "
    "image that is listed as of another person may show the right one, badly: sunglasses, a face cut off, or a bystander "
    "whom the detector took. Look before you correct a label; leaving out costs little. docs/labels.md says how often "
    "either happens."
)


def labels_finding(result: LabelAudit) -> str:
    """The audit in a sentence or two."""
    if not (result.two_names or result.two_people or result.duplicates):
        return f"No label of {result.images:,} images is suspicious."
    names, people, copies = len(result.two_names), len(result.two_people), len(result.duplicates)
    return (
        f"{names:,} {'pair of names seems' if names == 1 else 'pairs of names seem'} to be one person's, "
        f"{people:,} {'image seems' if people == 1 else 'images seem'} to show another person than the name's, and "
        f"{copies:,} {'pair of images seems' if copies == 1 else 'pairs of images seem'} to be one, of "
        f"{result.images:,} images."
    )


def labels_tables(result: LabelAudit, *, brief: bool = False) -> list[Table]:
    """The lists that are not empty, the surest first."""
    most = _BRIEF if brief else _LONG
    several = len(result.networks) > 1
    tables = []
    name = short_id if brief else str

    def more(entries: tuple[object, ...]) -> str:
        return f" The first {most:,} of {len(entries):,}." if len(entries) > most else ""

    if result.two_names:
        columns: list[str | Column] = [
            "image", "image of another name", Column("pairs", "", "", "pairs of images of the two names that are suspected"),
            Column("score", "", ".3f"), Column("expected", "pairs", ".2g", "of that score or more among right labels"),
        ]  # fmt: skip
        rows: list[list[object]] = [
            [name(one.left), name(one.right), one.pairs, one.score, one.expected] for one in result.two_names[:most]
        ]
        if several:
            columns.append(Column("networks", "", "", "that agree"))
            rows = [[*row, one.agreeing] for row, one in zip(rows, result.two_names, strict=False)]
        if not brief:
            columns.append("whose image is in doubt")
            rows = [[*row, one.stray or ""] for row, one in zip(rows, result.two_names, strict=False)]
        caption = f"Two names that seem to be one person's, by the pair of images that says so most.{more(result.two_names)}"
        tables.append(Table("two-names", columns, rows, title="One person under two names", caption=caption))
    if result.two_people:
        columns = [
            "image", Column("images", "", "", "of the name"), Column("score", "", ".3f", "mean with the name's others"),
            Column("expected", "images", ".2g", "of that score or less among right labels"), "most like",
        ]  # fmt: skip
        rows = [[name(one.id), one.images, one.score, one.expected, one.like or ""] for one in result.two_people[:most]]
        caption = f"Images that are like strangers to the others of their name.{more(result.two_people)}"
        tables.append(Table("two-people", columns, rows, title="Two persons under one name", caption=caption))
    if result.duplicates:
        columns = ["image", "image", Column("cosine", "", ".3f", "the lowest of the networks'"), "names"]
        rows = [
            [name(one.left), name(one.right), one.cosine, "one" if one.same_name else "two"]
            for one in result.duplicates[:most]
        ]
        if result.duplicates[0].same_file is not None:
            columns.append("files")
            rows = [
                [*row, "equal" if one.same_file else "differ"] for row, one in zip(rows, result.duplicates, strict=False)
            ]
        caption = f"Pairs with a cosine of 0.95 or more in every network.{more(result.duplicates)}"
        tables.append(Table("duplicates", columns, rows, title="Duplicates", caption=caption))
    return tables


def labels_report(result: LabelAudit, images: ImageSource | None = None) -> Report:
    """The sections for report.html; with `images`, the first twenty of each list as thumbnails."""
    beside = ", ".join(result.networks)
    report = Report("Labels", f"Images and names that {beside} doubt{'s' * (len(result.networks) == 1)}.", result.signature)
    report.add(Text("The finding", [labels_finding(result)]))
    expected = result.expected_two_names, result.expected_two_people
    report.add(
        KeyFigures(
            [
                KeyFigure(
                    f"{len(result.two_names):,}",
                    "one person under two names",
                    f"{result.suspected_pairs:,} pairs of images; {expected[0]:.1f} expected among right labels",
                ),
                KeyFigure(
                    f"{len(result.two_people):,}",
                    "images of another person",
                    f"{expected[1]:.1f} expected among right labels",
                ),
                KeyFigure(f"{len(result.duplicates):,}", "duplicates", "pairs of ids of one image"),
                KeyFigure(f"{len(result.exclude):,}", "images to leave out", f"of {result.images:,}, to be rid of all"),
            ]
        )
    )
    report.warn(result.warnings, code="labels")
    if images is not None:
        _add_pictures(report, result, images)
    for table in labels_tables(result):
        report.add(table)
    report.add(Text("Method and limits", [_METHOD, _LIMITS]))
    return report


def _add_pictures(report: Report, result: LabelAudit, images: ImageSource) -> None:
    two = [
        (one.left, one.right, f"{one.score:.3f}" + (f"; doubtful: {short_id(one.stray)}" if one.stray else ""))
        for one in result.two_names[:MOST_PAIRS]
    ]
    people = [
        (one.id, one.other, f"{one.score:.3f}" + (f"; most like {one.like}" if one.like else ""))
        for one in result.two_people[:MOST_PAIRS]
    ]
    copies = [(one.left, one.right, f"{one.cosine:.3f}") for one in result.duplicates[:MOST_PAIRS]]
    faces = thumbnails({one for pairs in (two, people, copies) for pair in pairs for one in pair[:2]}, images)
    for name, pairs, title, caption in (
        ("two-names-faces", two, "One person under two names?", "With their score, the surest first."),
        ("two-people-faces", people, "Two persons under one name?", "The doubtful image, and another one of its name."),
        ("duplicate-faces", copies, "One image twice?", "With the lowest of the networks' cosines."),
    ):
        if pairs:
            report.add(pair_pictures(name, pairs, faces, title=title, caption=caption))
