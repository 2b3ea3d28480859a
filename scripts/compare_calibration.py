"""Are the ratios of `facespace compare` right, and its words, on people whom the table has not seen?

    python scripts/compare_calibration.py lfw/lfw-*.parquet -o docs/compare-reliability.png

LFW's people are cut into two halves, as in scripts/make_score_tables.py, whose exclusions hold here too. A table is made of
one half, in the way of those that ship, and every score of the other half gets the ratio and the words that `compare` would
give; then the halves change places. What is observed is the mean of both ways. A word is right if, of pairs that get it,
those of one person are as many times as frequent as it states. Intervals are a bootstrap over groups of the people judged,
50 a half; the tables are as they were made.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from make_score_tables import GROUPS, families

from facespace import EmbeddingSet
from facespace.io import atomic_write
from facespace.metrics import ENFSI, LikelihoodRatio, PairCounts, ScoreTable, cllr, pav_ratios
from facespace.people import people_of

DRAWS = 1000
FEW = 5.0  # pairs of people below which no ratio is stated as observed
ONE, NONE, TWO = "for one person", "no support", "for two people"
WORDS = [*[f"{w} {TWO}" for _, w in reversed(ENFSI)], NONE, *[f"{w} {ONE}" for _, w in ENFSI]]


@dataclass(frozen=True)
class Way:
    """A table of one half, and the other half's counts: of all bins, and by group."""

    table: ScoreTable
    judged: PairCounts

    @property
    def stated(self) -> list[LikelihoodRatio]:
        middles = (self.table.edges[:-1] + self.table.edges[1:]) / 2
        return [self.table.ratio(score) for score in middles.tolist()]


def word(ratio: LikelihoodRatio) -> str:
    """The row of a ratio's words.

    >>> word(LikelihoodRatio(50.0, 20.0, 90.0))
    'moderate for one person'
    """
    words = ratio.words()
    if " support for " not in words or words.startswith("no "):
        return NONE
    strength, _, rest = words.partition(" support for ")
    return f"{strength} {ONE if rest.startswith('one') else TWO}"


def ways(faces: EmbeddingSet) -> list[Way]:
    people = people_of(faces)
    counts = PairCounts.of(faces.normalized(), people.codes, families(people.names), GROUPS, seed=0)
    half = GROUPS // 2
    halves = [slice(0, half), slice(half, None)]
    found = []
    for fit, test in (halves, halves[::-1]):
        about = {
            "network": str(faces.model),
            "sha256": "",
            "reference": "half of LFW",
            "people": len(set(people.codes)) // 2,
        }
        table = ScoreTable.fit(counts.within(fit), **about)
        found.append(Way(table, counts.within(test)))
    return found


def draws(both: list[Way], seed: int = 0) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """For the counts themselves and each draw of groups: of both ways the (bins,) shares of genuine and impostor weight."""
    rng, found = np.random.default_rng(seed), []
    for number in range(DRAWS + 1):
        totals = []
        for way in both:
            groups = len(way.judged.genuine)
            w = np.ones(groups) if not number else np.bincount(rng.integers(0, groups, groups), minlength=groups) * 1.0
            totals.append(way.judged.totals(w))
        found.append(totals)
    return found


def observed(shares: np.ndarray) -> tuple[float, float, float]:
    """The ratio of (draws, 2) shares of both kinds, and its 95 % interval; the first row is the counts themselves."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = shares[:, 0] / shares[:, 1]
    low, high = np.nanquantile(ratio[1:], (0.025, 0.975), method="nearest")
    return float(ratio[0]), float(low), float(high)


def share(drawn: list[list[tuple[np.ndarray, np.ndarray]]], chosen: list[np.ndarray]) -> np.ndarray:
    """(draws, 2): how much of the genuine and of the impostor weight lies in the `chosen` bins, the mean of both ways."""
    return np.array([
        np.mean([[g[at].sum() / g.sum(), i[at].sum() / i.sum()] for (g, i), at in zip(one, chosen, strict=True)], axis=0)
        for one in drawn
    ])  # fmt: skip


def weights(both: list[Way], chosen: list[np.ndarray]) -> tuple[float, float]:
    """People, and pairs of people, in the chosen bins, of both ways together."""
    totals = [way.judged.totals() for way in both]
    g, i = (sum(float(t[kind][at].sum()) for t, at in zip(totals, chosen, strict=True)) for kind in (0, 1))
    return g, i


def cost(both: list[Way], drawn: list[list[tuple[np.ndarray, np.ndarray]]]) -> np.ndarray:
    """Cllr of the ratios as stated, its 95 % interval, and the least Cllr."""
    claimed = [np.array([r.value for r in way.stated]) for way in both]
    costs = [np.mean([cllr(c, *t) for c, t in zip(claimed, one, strict=True)]) for one in drawn]
    least = np.mean([cllr(pav_ratios(*t), *t) for t in drawn[0]])
    return np.array([costs[0], *np.quantile(costs[1:], (0.025, 0.975)), least])


def short(ratio: float) -> str:
    """Two digits of a ratio.

    >>> short(0.012), short(1234.5), short(float("inf"))
    ('1/83', '1,200', '∞')
    """
    return LikelihoodRatio(ratio, ratio, None, "at least").text().removeprefix("at least ")


def judge(name: str, both: list[Way]) -> tuple[list[str], list[dict[str, Any]]]:
    """A network's lines of text, and its points of the plot."""
    drawn = draws(both)
    given = [np.array([word(r) for r in way.stated]) for way in both]
    value = [np.log10([r.value for r in way.stated]) for way in both]
    c = cost(both, drawn)
    lines = [f"{name}: Cllr {c[0]:.4f} ({c[1]:.4f} to {c[2]:.4f}), least {c[3]:.4f}, loss {c[0] - c[3]:.4f}"]
    for each in WORDS:
        chosen = [np.flatnonzero(g == each) for g in given]
        g, i = weights(both, chosen)
        if g + i == 0:
            continue
        shares = share(drawn, chosen)
        ratio, low, high = observed(shares)
        told = f"{short(ratio)} ({short(low)} to {short(high)})" if min(g, i) >= FEW else few(shares[0], both, g, i)
        lines.append(f"| {each} | {100 * shares[0, 0]:.3g} % | {100 * shares[0, 1]:.3g} % | {told} | {g:.0f}, {i:.0f} |")
    points = []
    for start in np.arange(-3.0, 6.5, 0.5):
        chosen = [np.flatnonzero((v >= start) & (v < start + 0.5)) for v in value]
        g, i = weights(both, chosen)
        if min(g, i) < FEW:
            continue
        ratio, low, high = observed(share(drawn, chosen))
        by = np.concatenate([t[0][at] / t[0].sum() + t[1][at] / t[1].sum() for t, at in zip(drawn[0], chosen, strict=True)])
        mean = float(np.average(np.concatenate([v[at] for v, at in zip(value, chosen, strict=True)]), weights=by))
        points.append({"network": name, "stated": 10**mean, "observed": ratio, "low": low, "high": high})
    return lines, points


def few(shares: np.ndarray, both: list[Way], g: float, i: float) -> str:
    """Where one kind has too few pairs: a one-sided Poisson limit of the ratio."""
    from scipy.stats import chi2

    people, pairs = weights(both, [np.arange(len(way.judged.totals()[0])) for way in both])
    if i < g:
        return f"at least {short(shares[0] / (chi2.ppf(0.975, 2 * (i + 1)) / 2 / pairs))}"
    return f"at most {short(chi2.ppf(0.975, 2 * (g + 1)) / 2 / people / shares[1])}"


def plot(points: list[dict[str, Any]], path: Path) -> None:
    """Observed over stated ratio, a panel a network, with the diagonal."""
    import altair as alt
    import vl_convert

    names = list(dict.fromkeys(p["network"] for p in points))
    ends = [10.0**-3, 10.0**6]
    told = "datum.value < 1 ? '1/' + format(1 / datum.value, ',') : format(datum.value, ',')"
    axis = alt.Axis(values=[10.0**k for k in (-2, 0, 2, 4, 6)], labelExpr=told)
    scale = alt.Scale(type="log", domain=ends)
    panels = []
    for name in names:
        own = alt.Chart(alt.InlineData(values=[p for p in points if p["network"] == name]))
        x = alt.X("stated:Q", scale=scale, title="stated ratio", axis=axis)
        diagonal = alt.Chart(alt.InlineData(values=[{"stated": e, "observed": e} for e in ends])).mark_line(
            color="#8a94a0", strokeDash=[4, 3], strokeWidth=1
        )
        y = alt.Y("observed:Q", scale=scale, title="observed ratio", axis=axis)
        low = alt.Y("low:Q", scale=scale, title="observed ratio", axis=axis)
        bars = own.mark_rule(color="#0072b2", clip=True).encode(x=x, y=low, y2="high:Q")
        dots = own.mark_point(filled=True, size=34, color="#0072b2", opacity=1).encode(x=x, y=y)
        panels.append(alt.layer(diagonal.encode(x=x, y=y), bars, dots).properties(width=190, height=190, title=name))
    chart = alt.concat(*panels, columns=4).configure_view(stroke="#d5dae0").configure_axis(gridColor="#eceff2")
    with atomic_write(path) as temporary:
        temporary.write_bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", help="of all images of LFW, by one network each")
    parser.add_argument("-o", "--output", type=Path, help="the reliability plot, .png")
    given = parser.parse_args()
    points: list[dict[str, Any]] = []
    for path in given.sets:
        faces = EmbeddingSet.load(path)
        lines, own = judge(str(faces.model), ways(faces))
        print("\n".join(lines), flush=True)
        points += own
    if given.output is not None:
        plot(points, given.output)


if __name__ == "__main__":
    main()
