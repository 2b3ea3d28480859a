"""What an audit of labels found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ..results import fields
from ..shown import Result


@dataclass(frozen=True)
class Duplicate:
    """Two ids of one image.

    Attributes:
        left, right: ids.
        cosine: the lowest of the networks'.
        same_name: whether both have one name.
        same_file: whether the files are equal byte by byte; None where no images were given.
    """

    left: str
    right: str
    cosine: float
    same_name: bool
    same_file: bool | None = None


@dataclass(frozen=True)
class TwoNames:
    """Two names that seem to be one person's: the pair of images that says so most.

    Attributes:
        names: the two. left, right: ids of the pair. pairs: how many of the two names' pairs of images are suspected.
        score: the networks' together. expected: pairs of that score or more among right labels, in the whole set.
        quantiles: for each network the share of pairs of one name that score no more.
        agreeing: networks in which that is 10 % or more.
        stray: the id, if one of both images is listed as not of its name's person, so that the names are two people's.
    """

    names: tuple[str, str]
    left: str
    right: str
    pairs: int
    score: float
    expected: float
    quantiles: tuple[float, ...]
    agreeing: int
    stray: str | None


@dataclass(frozen=True)
class TwoPeople:
    """An image that seems not to show the person of its name.

    Attributes:
        id, name: the image's. other: another id of the name.
        images: how many the name has; of two neither is known to be the wrong one, and both are listed.
        score: mean of the networks' score together with the name's other images. expected: images of that score or less
            among right labels, in the whole set.
        agreeing: networks in which its mean cosine with the others is within the strangers' 99 %.
        like, like_score: the name whose image it is most like, if it scores as one person's.
    """

    id: str
    name: str
    other: str
    images: int
    score: float
    expected: float
    agreeing: int
    like: str | None
    like_score: float | None


@dataclass(frozen=True, eq=False, repr=False)
class LabelAudit(Result):
    """Labels that one network or several doubt.

    Attributes:
        networks, weights: by which each network's cosine counts in the score; a weight of 0 adds nothing to the others.
        images, people, pairs: looked at; `pairs` of two names.
        duplicates, two_names, two_people: what was found, the surest first.
        suspected_pairs: pairs of images behind `two_names`. expected_two_names, expected_two_people: how many pairs and
            images as bad would be expected if all labels were right.
        exclude: ids whose leaving out removes every suspicion.
        seconds: it took.
    """

    reported_by: ClassVar[str] = "labels.labels_report"

    signature: str
    networks: tuple[str, ...]
    weights: tuple[float, ...]
    images: int
    people: int
    pairs: int
    duplicates: tuple[Duplicate, ...]
    two_names: tuple[TwoNames, ...]
    two_people: tuple[TwoPeople, ...]
    suspected_pairs: int
    expected_two_names: float
    expected_two_people: float
    exclude: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float

    def brief(self) -> str:
        """The counts in a line."""
        return (
            f"{len(self.two_names):,} pairs of names that seem one person's, {len(self.two_people):,} images that seem of "
            f"another person than their name's, {len(self.duplicates):,} duplicates; {self.images:,} images"
        )

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace audit labels`."""

        def rows(found: Iterable[Any]) -> list[dict[str, Any]]:
            return [asdict(row) for row in found]

        return {
            **fields(self, "signature", "networks", "weights", "images", "people", "pairs"),
            "duplicates": rows(self.duplicates),
            "two_names": rows(self.two_names),
            "two_people": rows(self.two_people),
            **fields(self, "suspected_pairs", "expected_two_names", "expected_two_people", "exclude", "warnings", "seconds"),
        }
