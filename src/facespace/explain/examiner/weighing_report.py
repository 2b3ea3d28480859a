"""What is said of a score's worth wherever two faces are compared: its ratio, what speaks against leaning on it."""

from __future__ import annotations

from collections.abc import Sequence

from ...metrics import ENFSI, LikelihoodRatio, ScoreTable
from ...report import KeyFigure, Note
from ..deciding import FAR
from .signs import Sign


def ratio_cards(ratio: LikelihoodRatio, table: ScoreTable, score: float) -> list[KeyFigure]:
    """The ratio with its interval, its words, and how many pairs of strangers score as high."""
    bound = f"{ratio.bound} " if ratio.bound else ""
    number = ratio.text().removeprefix(bound).split(" (")[0]
    ends = ratio.text().partition("(")[2].removesuffix(")")
    words, rate = ratio.words(), table.false_match_rate(score)
    told = f"1 in {1 / rate:,.0f}" if rate > 0 else f"none of {table.impostor.sum():,.0f}"
    return [
        KeyFigure(
            f"{bound}{number}", "likelihood ratio", f"95 %: {ends}" if ends else "the reference bounds it on one side"
        ),
        KeyFigure(words.split(" support")[0], "support", words),
        KeyFigure(told, "pairs of strangers score as high", f"among {table.people:,} people"),
    ]


def ratio_meaning(ratio: LikelihoodRatio, table: ScoreTable) -> list[str]:
    """Paragraphs: what the ratio says and doesn't, of which reference, in whose words."""
    scale = "; ".join(f"from {start:,.0f} {word}" for start, word in ENFSI)
    return [
        f"A score like this one comes {ratio.text()} times as often of two photographs of one person as of two people, "
        "among people and photographs like those of the reference. It is not the chance that the two are one person: for "
        "that, what else is known of the case must be weighed with it.",
        f"The reference: {table.reference}.",
        f"Words after ENFSI's guideline for evaluative reporting (2015), by the end of the interval nearest to 1: {scale}.",
    ]


def ratio_method(table: ScoreTable) -> str:
    """How the ratio is made, and how well it fits other people's scores."""
    return (
        f"Likelihood ratio: isotonic regression (PAV) of {table.genuine_people:,} people's genuine scores and those of "
        f"{table.impostor.sum():,.0f} pairs of people, every person weighing the same, with Laplace's rule, so that no "
        "ratio is larger than the number of pairs supports; 95 % by a bootstrap over groups of people. Made on one "
        f"half of the people and judged on the other, its Cllr is {table.held_out.cllr:.3f}, of which "
        f"{table.held_out.loss:.3f} is loss by calibration (Brümmer and du Preez 2006; 0 is best, 1 no information)."
    )


def input_notes(names: Sequence[str], signs: Sequence[Sequence[Sign]]) -> list[Note]:
    """What was seen on each face that networks are not good at, and what was not."""
    notes = []
    for name, measured in zip(names, signs, strict=False):
        seen = [sign for sign in measured if sign.seen]
        notes += [Note(f"{name} {sign.told}: {sign.text}.", "warning", "input") for sign in seen]
        if rest := [sign.name for sign in measured if not sign.seen]:
            notes.append(Note(f"{name}: not {', not '.join(rest)}, as far as simple measures tell.", "good", "input"))
    if any(len(measured) < 3 for measured in signs):
        notes.append(
            Note("Crops that come aligned: whether a head is turned or a face small was not measured.", code="input")
        )
    notes.append(
        Note("What covers a face (hands, masks, glasses, hair) is not detected: look at the pictures.", code="occlusion")
    )
    return notes


def reference_notes(table: ScoreTable, threshold: float | None) -> list[Note]:
    """Whom the reference does not speak of: relatives, and people and photographs unlike its own."""
    return [
        _relatives(table, threshold),
        Note(
            "The ratio weighs one person against a stranger drawn from all people of the reference. Strangers of the "
            "same sex, age and origin are more alike, so against such a one the ratio is lower; other cameras, ages "
            "between the photographs, and pictures unlike the reference's make it wrong either way: on other people's "
            "harder photographs, ratios that speak for two people were too strong (docs/evidence.md).",
            "warning",
            "population",
        ),
    ]


def _relatives(table: ScoreTable, threshold: float | None) -> Note:
    text = "Close relatives can score like one person, and the ratio does not speak of them: they are not in the reference."
    if table.kin:
        tau = table.threshold(FAR) if threshold is None else threshold
        above = sum(k >= tau for k in table.kin)
        where = f"{tau:.2f}, as one in 1,000 pairs of strangers" if threshold is None else "the threshold"
        text += (
            f" Of {len(table.kin)} pairs of twins, brothers and sisters among its people, {above} score above {where}; the "
            f"highest has {max(table.kin):.2f}."
        )
    return Note(text, "warning", "relatives")
