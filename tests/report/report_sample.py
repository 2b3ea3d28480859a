"""A report like that of the cross-model study, from seeded made-up numbers of realistic size and spread."""

import itertools

import numpy as np

from facespace.report import (
    Band,
    Column,
    Curve,
    Figure,
    KeyFigure,
    KeyFigures,
    Matrix,
    Measure,
    Note,
    Notes,
    Report,
    Table,
    Text,
    curves,
    histograms,
    lines_with_bands,
)

MODELS = {
    "openvino-0095": (256, 99.52),
    "edgeface-xxs": (512, 99.50),
    "edgeface-xs": (512, 99.42),
    "mobilefacenet-ms1m": (128, 99.32),
    "insightface-y1": (128, 99.22),
    "dlib-resnet29": (128, 99.07),
    "mobilefacenet-casia-tf2": (128, 99.05),
    "mobileface-v2": (256, 98.90),
    "mobilefacenet-casia": (128, 98.87),
    "faceres": (1024, 98.40),
    "mobileface-v3": (256, 93.88),
}
METHODS = ("auto", "ridge", "rotation", "orthogonal", "ols", "reduced-rank", "identity")
MEASURES = {
    "accuracy": Measure("Accuracy", "%", 1, "high"),
    "loss_target": Measure("Loss against the target", "points", 1, "low"),
    "loss_poorer": Measure("Loss against the poorer model", "points", 1, "low"),
}


def study(seed=0):
    """{(pairing, method): accuracies}, with the native accuracy on the diagonal."""
    rng = np.random.default_rng(seed)
    native = np.array([accuracy for _, accuracy in MODELS.values()])
    poorer = np.minimum.outer(native, native)
    hard = np.abs(rng.normal(0.5, 0.6, poorer.shape))
    hard[5] += 0.9
    hard[:, 9] += 0.8
    result = {}
    for pairing, factor in (("same", 1.0), ("matched", 2.4)):
        for number, method in enumerate(METHODS):
            loss = factor * hard * (1 + 0.12 * number) + rng.normal(0, 0.06, poorer.shape)
            accuracy = 50 + 5 * rng.random(poorer.shape) if method == "identity" else poorer - loss
            accuracy[np.diag_indices_from(accuracy)] = native
            result[pairing, method] = accuracy
    return native, result


def matrix(seed=0, pairings=("same", "matched")):
    native, accuracies = study(seed)
    layers, details = {}, {}
    names = list(MODELS)
    for pairing, method in itertools.product(pairings, METHODS):
        accuracy = accuracies[pairing, method]
        target = native[None, :] - accuracy
        poorer = np.minimum.outer(native, native) - accuracy
        for loss in (target, poorer):
            np.fill_diagonal(loss, np.nan)
        for measure, values in zip(MEASURES, (accuracy, target, poorer), strict=True):
            layers[pairing, method, measure] = values
        if method == "auto":
            details[pairing, method] = [
                [
                    "" if s == t else ("chosen: ridge, α = 3.2e-2", "chosen: rotation")[(i + j) % 3 == 0]
                    for j, t in enumerate(names)
                ]
                for i, s in enumerate(names)
            ]
    return Matrix(
        "cross-model",
        names,
        names,
        layers,
        MEASURES,
        title="Every model against every other",
        caption="Embeddings of the row's model are mapped into the space of the column's model and compared with it there. "
        "Framed cells are a model against itself, without a map.",
        row_title="source",
        column_title="target",
        selectors=("Pairing", "Method"),
        details=details,
    )


def roc(genuine, impostor):
    thresholds = np.sort(np.concatenate([genuine, impostor]))[::-1]
    far = 1 - np.searchsorted(np.sort(impostor), thresholds, side="left") / len(impostor)
    tar = 1 - np.searchsorted(np.sort(genuine), thresholds, side="left") / len(genuine)
    return far, tar


def scores(seed=0, n=3000):
    """{pair of models: {native, mapped, identity: (genuine, impostor)}}"""
    rng = np.random.default_rng(seed)
    pairs = [("dlib-resnet29", "edgeface-xs"), ("edgeface-xxs", "openvino-0095"), ("faceres", "mobileface-v2")]
    centres = {"native": (0.56, 0.13), "mapped": (0.47, 0.13), "identity": (0.02, 0.0)}
    return {
        f"{source} → {target}": {
            series: (rng.normal(centre - 0.03 * i, sd, n), rng.normal(0.0, 0.09, n))
            for series, (centre, s) in centres.items()
            for sd in (s or 0.09,)
        }
        for i, (source, target) in enumerate(pairs)
    }


def report():
    native, accuracies = study()
    names = list(MODELS)
    off = ~np.eye(len(names), dtype=bool)
    losses = (native[None, :] - accuracies["same", "auto"])[off]
    page = Report(
        "Cross-model study",
        "Can embeddings of one face-recognition network be compared with those of another, and what does it cost?",
        "cross-model|lfw-10fold|models:11|pairs:6000|pairings:same,matched|seed:0|facespace:0.1.0",
    )
    page.add(
        KeyFigures(
            [
                KeyFigure(f"{losses.mean():.2f}", "points lost on average", "auto, same images, against the target", "good"),
                KeyFigure(f"{losses.max():.1f}", "points lost at worst", "dlib-resnet29 → faceres", "warning"),
                KeyFigure("52.4 %", "without a map", "the identity control; chance is 50 %"),
                KeyFigure("110", "ordered pairs of 11 models"),
                KeyFigure("6,000", "pairs of images in 10 folds"),
            ]
        )
    )
    page.add(
        Notes(
            [
                Note("Every map was fitted inside the training folds; nobody is on both sides.", "good", "folds-disjoint"),
                Note("faceres has a mean vector of 0.61 of the unit length; maps are centred.", "note", "large-mean"),
                Note("At FAR 1e-4, 0.3 false accepts are expected among 3,000 impostor pairs.", "warning", "few-accepts"),
            ],
            title="What to know first",
        )
    )
    page.add(matrix())
    everything = scores()
    page.add(
        Figure(
            "roc",
            curves(
                [
                    Curve(series, *roc(*both), panel=pair)
                    for pair, systems in everything.items()
                    for series, both in systems.items()
                ]
            ),
            "ROC curves",
            "Native is the target against itself; identity compares without a map. Left of 10⁻³ a step is one or two pairs.",
            "ROC curves of three pairs of models: mapped lies a little under native, identity on the diagonal.",
        )
    )
    pair, systems = next(iter(everything.items()))
    page.add(
        Figure(
            "scores",
            histograms(
                {
                    title: dict(zip(("genuine", "impostor"), systems[key], strict=True))
                    for title, key in (("before mapping", "identity"), ("after mapping", "mapped"), ("native", "native"))
                },
                thresholds={"before mapping": 0.011, "after mapping": 0.214, "native": 0.262},
                x_title="Cosine similarity",
            ),
            "Scores before and after mapping",
            f"{pair}. The threshold is the one of the best accuracy.",
        )
    )
    sizes = np.array([25, 50, 100, 200, 400, 800, 1600, 3200])
    page.add(
        Figure(
            "sensitivity",
            lines_with_bands(
                [
                    Band(name, sizes, y := 99 - cost / sizes**0.8, y - 30 / sizes, y + 30 / sizes)
                    for name, cost in (("ridge", 220), ("rotation", 300))
                ],
                x_title="Pairs the map is fitted on",
                y_title="Accuracy (%)",
                log_x=True,
                level=("native", 99.42),
            ),
            "How many pairs a map needs",
            "Mean of three repetitions; the band is a 95 % interval.",
        )
    )
    page.add(
        Table(
            "models",
            ["Model", Column("Width", "numbers"), Column("Accuracy", "%", ".2f"), Column("Licence", hint="of the weights")],
            [[name, width, accuracy, "MIT" if width == 256 else "Apache-2.0"] for name, (width, accuracy) in MODELS.items()],
            title="The models",
        )
    )
    page.add(
        Table(
            "cells",
            ["Source", "Target", "Pairing", "Method", Column("Accuracy", "%", ".2f"), Column("± sd", "%", ".2f"),
             Column("Loss", "points", ".2f", "against the target's own accuracy")],
            [
                [names[i], names[j], pairing, method, float(a[i, j]), 0.4, float(native[j] - a[i, j]) if i != j else None]
                for (pairing, method), a in accuracies.items()
                if pairing == "same"
                for i, j in itertools.product(range(11), repeat=2)
            ],
            title="All cells",
            caption="Every combination with its standard deviation over the ten folds.",
        )
    )  # fmt: skip
    page.add(
        Text(
            "How this was measured",
            [
                "The threshold maximises the accuracy on nine folds and is applied to the tenth. Losses are differences in "
                "percentage points on the same pairs.",
                "A map takes an embedding x of the source to xW + b in the space of the target; scores are cosines.",
            ],
        )
    )
    return page
