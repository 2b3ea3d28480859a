"""What two faces are decided by: the threshold that is given, or the one in the table of the network's scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..metrics import ScoreTable, shipped_table
from ..models import ModelCard
from ..results import fields

#: False accept rate of the threshold that a comparison is decided by where no threshold is given.
FAR = 1e-3


@dataclass(frozen=True, eq=False)
class TableThreshold:
    """The threshold of a table at a false accept rate, and where it comes from.

    Attributes:
        value: the lowest score, in steps of 0.01, that at most a share `far` of the table's pairs of two people reach.
        far: that rate. table: of the network's scores.
    """

    value: float
    far: float
    table: ScoreTable

    @classmethod
    def of(cls, table: ScoreTable | None, far: float = FAR) -> TableThreshold | None:
        """That of a table; None without one."""
        return None if table is None else cls(table.threshold(far), far, table)

    @property
    def words(self) -> str:
        """The threshold and its source in a line."""
        t = self.table
        return (
            f"threshold {self.value:.2f} at FAR {100 * self.far:g} %, by {t.impostor.sum():,.0f} pairs of "
            f"{t.people:,} people ({t.reference.split(':')[0]})"
        )

    @property
    def source(self) -> str:
        """The same in a sentence."""
        rate = self.table.false_match_rate(self.value)
        return (
            f"The threshold {self.value:.2f} is the lowest score, in steps of 0.01, that at most {100 * self.far:g} % of "
            f"the pairs of two people reach ({100 * rate:.2g} % do): {source_of(self.table)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """A document's "threshold_source"."""
        pairs = round(float(self.table.impostor.sum()))
        return {"far": self.far, **fields(self.table, "network", "reference", "people"), "impostor_pairs": pairs}


def card_table(card: ModelCard) -> ScoreTable | None:
    """The table of scores that ships for the network and weights of a card, None where none does."""
    return shipped_table(card.name, card.files[0].sha256 or None)


def source_of(table: ScoreTable) -> str:
    """Whose pairs a table's threshold comes from, in words."""
    return (
        f"{table.impostor.sum():,.0f} pairs of {table.people:,} people by {table.network}, every two people weighing the "
        f"same ({table.reference.split(':')[0]})"
    )


def decided_by(given: float | None, table: ScoreTable | None) -> tuple[float | None, TableThreshold | None]:
    """The threshold to decide by, None without any; and where it comes from, None where it is given."""
    found = TableThreshold.of(table) if given is None else None
    return (given if found is None else found.value), found
