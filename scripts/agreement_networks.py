"""The agreement of every two of several networks: κ by direction, usable directions, the floor against the measured loss.

    python scripts/agreement_networks.py SET SET [SET …] [--far 1e-3] [--workers N]

Sets of the same images by different networks, as `facespace study agreement` takes them. Three Markdown tables: networks,
pairs of networks by direction, and ordered pairs with losses in points against the target alone. In the last, "foretold" is
what half of the people say of what was measured; the lines below it sum up by how much they miss, over all ordered pairs.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np

from facespace import EmbeddingSet, study_agreement
from facespace.studies.agreement import AgreementResult, Estimate


def shown(found: Estimate | None, scale: float = 1.0, spec: str = ".2f") -> str:
    if found is None:
        return "—"
    return f"{scale * found.value:{spec}} ({scale * found.low:{spec}} to {scale * found.high:{spec}})"


def row(*cells: object) -> None:
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def head(*cells: str) -> None:
    print()
    row(*cells)
    row(*["---"] * len(cells))


def networks(results: list[AgreementResult]) -> None:
    head("network", "width", "usable directions", "effective number", "accuracy %", "TAR %")
    alone = {network.name: network for result in results for network in result.networks}
    for one in alone.values():
        counts = shown(one.usable, spec=".0f"), shown(one.effective, spec=".0f")
        row(one.name, one.dim, *counts, shown(one.accuracy, 100), shown(one.tar, 100))


def directions(results: list[AgreementResult]) -> None:
    labels = max(([found.label for found in result.bins] for result in results), key=len)
    head("A, B", *(f"κ {label}" for label in labels), "κ of all")
    for result in results:
        kappas = [shown(found.kappa) for found in result.bins]
        names = ", ".join(network.name for network in result.networks)
        row(names, *kappas, *[""] * (len(labels) - len(kappas)), shown(result.kappa))


def losses(results: list[AgreementResult]) -> None:
    head("across → target", "measure", "measured", "foretold", "1,000 images more", "1,000 people more", "floor")
    misses: dict[str, list[tuple[float, bool]]] = {"accuracy": [], "tar": []}
    for result in results:
        for found in result.forecasts:
            source = next(network.name for network in result.networks if network.name != found.target)
            stages = found.measured, found.foretold, found.more_images, found.more_people, found.floor
            row(f"{source} → {found.target}", found.measure, *(shown(stage, 100) for stage in stages))
            if (told := found.foretold) is not None:
                inside = told.low <= found.measured.value <= told.high
                misses[found.measure].append((100 * (told.value - found.measured.value), inside))
    print()
    for measure, rows in misses.items():
        if rows:
            error = np.array([miss for miss, _ in rows])
            print(
                f"{measure}: foretold − measured {error.mean():+.2f} points on average, {np.sqrt((error**2).mean()):.2f} "
                f"rms, measured within the interval foretold {sum(inside for _, inside in rows)} times of {len(rows)}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--far", type=float, default=1e-3)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    sets = [EmbeddingSet.load(path) for path in given.sets]
    results = []
    for one, two in itertools.combinations(sets, 2):
        results.append(study_agreement(one, two, far=given.far, workers=given.workers))
        print(results[-1].signature, *results[-1].warnings, sep="\n  ", flush=True)
    networks(results)
    directions(results)
    losses(results)


if __name__ == "__main__":
    main()
