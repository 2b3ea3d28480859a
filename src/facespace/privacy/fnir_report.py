"""The columns of FNIR at each FPIR, for every table of attacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..report import Column, interval, percents
from .rates import Rate


class _Attacked(Protocol):
    @property
    def fnir_at_fpir(self) -> dict[float, Rate]: ...


def fnir_columns(fpirs: Sequence[float]) -> list[Column]:
    """FNIR and the ends of its interval, for each FPIR."""
    found: list[Column] = []
    for fpir in fpirs:
        found += [Column(f"FNIR@{fpir:g}", "%", ".1f", "not named, when strangers seldom are"), *interval(format=".1f")]
    return found


def fnir_cells(row: _Attacked, fpirs: Sequence[float]) -> list[float | None]:
    """What stands under `fnir_columns`."""
    rates = [row.fnir_at_fpir[fpir] for fpir in fpirs]
    return [number for rate in rates for number in percents(rate.value, rate.low, rate.high)]
