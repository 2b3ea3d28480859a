"""`audit_attributes`: what a linear probe reads from templates, before and after protection.

The probe is logistic regression (L2, C = 1) on standardised numbers of the templates. Folds keep people together, so that it
is judged on people it never saw. Its probabilities give two decisions: the most probable class, whose accuracy stands beside
the base rate; and the most probable one if all classes were equally frequent, for the balanced accuracy.

Whoever trains it has labels of other people's templates under the same secret, or (secret a person) under theirs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...embeddings import Floats, Strings, normalize
from ...errors import InputError
from ...given import FACES, SetLike, as_set, takes
from ...metrics import open_end
from ...people import people_of
from ...results import signature
from ..protections import Protection, protect_each, protections
from .labels import Labels, labels_of
from .result import AttributePoint, AttributeResult

SECRETS = 97  # stand for one a person; people of two folds share none
_FEWEST = 10  # people of a class
_MOST = 20  # classes


@takes(faces=FACES)
def audit_attributes(
    faces: SetLike,
    labels: Labels,
    *,
    only: Iterable[str] | None = None,
    folds: int = 5,
    resamples: int = 500,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> AttributeResult:
    """Probe every attribute of `labels` (by attribute the label of each id, as `read_labels` gives) on all protections.

    Args:
        faces: plain embeddings of one network, whose people are known; those without a label are left out, and counted.
        only: names of protections, by default all; plain templates are always probed.
        folds: parts that people are divided into.
        resamples: draws of people behind the intervals.
        progress: called with (probes done, all of them).

    Protections with public parameters learn these from each fold's training people alone.

    Raises:
        InputError: nobody known, an attribute of one class or more than 20, or a class with fewer than 10 people.
        UnknownNameError: no such protection.
    """
    faces = as_set(faces)
    chosen = protections(None if only is None else {"plain", *only})
    people = people_of(faces).needed(faces.ids, "the set")
    notes = people.left_out("the set")
    systems = [(one, keys) for one in chosen for keys in ("common", "person")[: 1 + one.keyed]]
    points = []
    for attribute, given in labels.items():  # all that can't be probed is told before the first is
        rows = np.flatnonzero(((named := labels_of(faces.ids, given)) != "") & people.known)
        _classes(attribute, named[rows], people.take(rows).codes)
    for number, (attribute, given) in enumerate(labels.items()):
        named = labels_of(faces.ids, given)
        rows = np.flatnonzero((named != "") & people.known)
        if missing := int(people.known.sum()) - len(rows):
            notes.append(f"{attribute}: {missing:,} of {int(people.known.sum()):,} images have no label and were left out")
        some = people.take(rows)
        classes, truth = _classes(attribute, named[rows], some.codes)
        fold = np.random.default_rng([seed, 12]).permutation(some.codes.max() + 1)[some.codes] % folds
        vectors = normalize(faces.vectors[rows])
        for i, (protection, keys) in enumerate(systems):
            with threadpool_limits(1):
                read = _probe(protection, keys, vectors, truth, some.codes, fold, len(classes))
            points.append(
                _point(attribute, classes, protection.name, keys, truth, read, some.codes, resamples=resamples, seed=seed)
            )
            if progress is not None:
                progress(number * len(systems) + i + 1, len(systems) * len(labels))
    return AttributeResult(
        faces.model or "the network",
        tuple(points),
        folds,
        tuple(notes),
        signature(
            "attributes",
            model=faces.model or None,
            attributes="+".join(labels),
            probe="logistic-C1",
            folds=f"people-{folds}",
            people_by=people.source,
            interval=f"people-bootstrap-{resamples}",
            seed=seed,
        ),
    )


def _classes(attribute: str, named: Strings, person: NDArray[np.intp]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    classes, truth = np.unique(named, return_inverse=True)
    if not 2 <= len(classes) <= _MOST:
        raise InputError(
            f"attribute {attribute!r} has {len(classes):,} classes among the labelled images; a probe needs 2 to {_MOST}",
            "Are the labels' ids those of the set? Put numbers such as ages into groups.",
        )
    for i, name in enumerate(classes.tolist()):
        if (count := len(np.unique(person[truth == i]))) < _FEWEST:
            raise InputError(
                f"attribute {attribute!r}: class {name!r} has {count} people",
                f"A probe needs {_FEWEST} people of each class.",
            )
    return tuple(classes.tolist()), truth


Read = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


def _probe(
    protection: Protection,
    keys: str,
    vectors: Floats,
    truth: NDArray[np.intp],
    person: NDArray[np.intp],
    fold: NDArray[np.intp],
    classes: int,
) -> Read:
    """(n,) each: the most probable class, the one if all were equally frequent, and the most frequent in training."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    likely, equal, base = (np.zeros(len(truth), dtype=np.intp) for _ in range(3))
    for number in np.unique(fold):
        test = fold == number
        fitted = protection.fit(vectors[~test])
        if keys == "common":
            templates = fitted.protect(vectors, 1)
        else:
            templates = protect_each(fitted, vectors, 1 + person % SECRETS + SECRETS * test)
        seen = fitted.seen(templates)
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=300, tol=1e-3))
        with warnings.catch_warnings():  # a probe that is not quite at its best is judged as it is
            warnings.simplefilter("ignore", ConvergenceWarning)
            probe.fit(seen[~test], truth[~test])
        share = np.bincount(truth[~test], minlength=classes) / np.count_nonzero(~test)
        chance = np.zeros((np.count_nonzero(test), classes))
        chance[:, probe[-1].classes_] = probe.predict_proba(seen[test])
        likely[test] = chance.argmax(axis=1)
        equal[test] = (chance / np.maximum(share, 1e-12)).argmax(axis=1)
        base[test] = share.argmax()
    return likely, equal, base


def _point(
    attribute: str,
    classes: tuple[str, ...],
    protection: str,
    keys: str,
    truth: NDArray[np.intp],
    read: Read,
    person: NDArray[np.intp],
    *,
    resamples: int,
    seed: int,
) -> AttributePoint:
    likely, equal, base = read
    people = int(person.max()) + 1
    rng = np.random.default_rng([seed, 13])
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=resamples).astype(np.float64)
    right = np.bincount(person, weights=likely == truth, minlength=people)
    images = np.bincount(person, minlength=people)
    found = float(np.mean(likely == truth))
    low, high = open_end(found, np.percentile(drawn @ right / np.maximum(drawn @ images, 1), [2.5, 97.5]), images)
    recalls, scattered, opened = [], [], []
    for i in range(len(classes)):
        own = np.bincount(person, weights=truth == i, minlength=people)
        hit = np.bincount(person, weights=(truth == i) & (equal == i), minlength=people)
        recalls.append(hit.sum() / own.sum())
        scattered.append(drawn @ hit / np.maximum(drawn @ own, 1e-12))
        opened.append(open_end(recalls[-1], (recalls[-1], recalls[-1]), own))
    balanced = float(np.mean(recalls))
    ends = np.percentile(np.mean(scattered, axis=0), [2.5, 97.5])
    ends = np.mean(opened, axis=0) if balanced in (0, 1) else ends  # of each class at once
    return AttributePoint(
        attribute, classes, protection, keys, found, low, high,
        float(np.mean(base == truth)), balanced, float(ends[0]), float(ends[1]), len(truth), people,
    )  # fmt: skip
