from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from mapping_samples import network, people, turn

from facespace.embeddings import EmbeddingSet, normalize
from facespace.errors import DimensionError, FileFormatError, InputError, UnknownNameError
from facespace.mapping import CanonicalSpace, PairStatistics, pair_statistics

WIDTHS = {"a": 24, "b": 20, "c": 12}


def world(seed=0, noise=0.05, **options):
    """Sets of networks a, b and c of three widths that see the same people."""
    latent, ids, subjects = people(seed=seed, **options)
    return {
        name: EmbeddingSet(
            network(name, latent, width, seed=i + 1, noise=noise, mean=i / 3), ids, model=name, subject=subjects
        )
        for i, (name, width) in enumerate(WIDTHS.items())
    }


def rotations(d=8, count=3, n=400):
    """One isotropic space under `count` rotations and reflections."""
    face = np.random.default_rng(0).normal(size=(n, d))
    ids = [str(i) for i in range(n)]
    return {f"r{i}": EmbeddingSet(face @ turn(d, i, proper=i % 2 == 0), ids, model=f"r{i}") for i in range(count)}


def scores(hub, sets, a, b):
    """(n, n) cosines of every vector of model a with every vector of b."""
    x, y = (normalize(hub.to_hub(m, sets[m].vectors)) for m in (a, b))
    return x @ y.T


@pytest.fixture(scope="module")
def sets():
    return world()


@pytest.fixture(scope="module")
def hub(sets):
    return CanonicalSpace.fit(sets)


def test_rotations_of_one_space_meet_exactly():
    sets = rotations()
    hub = CanonicalSpace.fit(sets)
    first = hub.to_hub("r0", sets["r0"].vectors)
    for name in ("r1", "r2"):
        np.testing.assert_allclose(hub.to_hub(name, sets[name].vectors), first, atol=1e-5)
    assert hub.dim == 8


def test_a_rotation_that_joins_later_meets_the_others():
    sets = rotations(count=4)
    late = sets.pop("r3")
    hub = CanonicalSpace.fit(sets).join("r3", late, {"r0": sets["r0"]})
    x, y = (normalize(hub.to_hub(n, s.vectors)) for n, s in (("r3", late), ("r1", sets["r1"])))
    assert np.vecdot(x, y).min() > 0.998


def test_the_hub_tells_people_apart_across_all_widths(hub):
    fresh = world(seed=0, images=3)
    person = np.unique(fresh["a"].subject, return_inverse=True)[1]
    same = (person[:, None] == person[None]) & ~np.eye(len(person), dtype=bool)
    different = person[:, None] != person[None]
    for a, b in itertools.product(WIDTHS, repeat=2):
        found = scores(hub, fresh, a, b)
        assert np.median(found[same]) > np.quantile(found[different], 0.99), (a, b)


def test_lengths_are_one_on_average_and_correlations_descend(hub, sets):
    lengths = np.concatenate([np.vecdot(h, h) for h in (hub.to_hub(m, s.vectors) for m, s in sets.items())])
    assert lengths.mean() == pytest.approx(1, abs=0.02)
    assert np.all(np.diff(hub.correlations) <= 1e-12)
    assert 0 < hub.correlations[-1] <= hub.correlations[0] <= 1
    for m in sets:
        np.testing.assert_allclose(hub.to_hub(m, sets[m].vectors).mean(axis=0), 0, atol=1e-4)


def test_the_order_of_models_does_not_matter_to_scores(hub, sets):
    other = CanonicalSpace.fit({name: sets[name] for name in ("c", "a", "b")})
    assert other.models == ("c", "a", "b")
    for a, b in itertools.product(WIDTHS, repeat=2):
        np.testing.assert_allclose(scores(other, sets, a, b), scores(hub, sets, a, b), atol=2e-4)


def test_the_basis_of_a_space_does_not_matter_to_scores(hub, sets):
    turned = EmbeddingSet(sets["a"].vectors @ turn(24, 5), sets["a"].ids, model="a")
    moved = {**sets, "a": turned}
    other = CanonicalSpace.fit(moved)
    np.testing.assert_allclose(scores(other, moved, "a", "b"), scores(hub, sets, "a", "b"), atol=2e-4)


def test_lengths_of_given_vectors_do_not_matter(hub, sets):
    x = sets["a"].vectors
    np.testing.assert_allclose(hub.to_hub("a", 7 * x), hub.to_hub("a", x), atol=1e-5)
    h = hub.to_hub("a", x)
    np.testing.assert_allclose(hub.from_hub("b", 7 * h), hub.from_hub("b", h), atol=1e-5)


def test_fit_from_statistics_is_fit_from_sets(hub, sets):
    ab, bc = pair_statistics(sets["a"], sets["b"]), pair_statistics(sets["b"], sets["c"])
    ca = pair_statistics(sets["c"], sets["a"])  # direction and order are free
    other = CanonicalSpace.from_statistics([ab, ca, bc])
    assert other.models == ("a", "b", "c")
    for a, b in itertools.product(WIDTHS, repeat=2):
        np.testing.assert_allclose(scores(other, sets, a, b), scores(hub, sets, a, b), atol=2e-4)


def test_fit_from_shards_is_fit_from_the_whole(hub, sets):
    even, odd = ({m: s.take(np.arange(i, len(s), 2)) for m, s in sets.items()} for i in (0, 1))
    shards = [
        pair_statistics(even[a], even[b]) + pair_statistics(odd[a], odd[b]) for a, b in itertools.combinations(WIDTHS, 2)
    ]
    other = CanonicalSpace.from_statistics(shards)
    np.testing.assert_allclose(scores(other, sets, "a", "c"), scores(hub, sets, "a", "c"), atol=2e-4)


def test_two_models_have_the_canonical_correlations_and_directions(sets):
    """Against canonical correlation analysis of two sets, written out."""
    hub = CanonicalSpace.fit({"a": sets["a"], "b": sets["b"]}, regularization=0.1)
    x, y = (s.normalized().astype(float) - s.normalized().mean(axis=0) for s in (sets["a"], sets["b"]))
    roots = []
    for side in (x, y):
        values, vectors = np.linalg.eigh(side.T @ side)
        roots.append(vectors @ np.diag((values + 0.1 * values[-1]) ** -0.5) @ vectors.T)
    u, sigma, _ = np.linalg.svd(roots[0] @ x.T @ y @ roots[1])
    np.testing.assert_allclose(hub.correlations, sigma[: hub.dim], atol=1e-6)
    found, expected = hub.to_hub("a", sets["a"].vectors)[:, :5], (x @ roots[0] @ u)[:, :5]
    assert np.abs(np.corrcoef(found.T, expected.T)[:5, 5:]).diagonal().min() > 0.9999


def test_sets_may_share_different_keys(sets):
    parts = {"a": sets["a"].take(np.arange(150)), "b": sets["b"].take(np.arange(30, 180)[::-1]), "c": sets["c"]}
    hub = CanonicalSpace.fit(parts)
    assert hub.facts["pairs_by_models"] == {"a + b": 120, "a + c": 150, "b + c": 150}
    x, y = (normalize(hub.to_hub(m, sets[m].vectors)) for m in ("a", "b"))
    assert np.median(np.vecdot(x, y)) > 0.8


def test_the_width_can_be_chosen(sets, hub):
    narrow = CanonicalSpace.fit(sets, 5)
    assert narrow.dim == 5
    np.testing.assert_allclose(narrow.correlations, hub.correlations[:5], atol=1e-8)
    assert narrow.to_hub("c", sets["c"].vectors).shape == (180, 5)
    assert narrow.from_hub("a", np.ones((2, 5))).shape == (2, 24)


def test_the_way_out_predicts_the_networks_vectors(hub, sets):
    for a, b in itertools.product(WIDTHS, repeat=2):
        predicted = hub.from_hub(b, hub.to_hub(a, sets[a].vectors)) - hub.into[b].source_mean
        own = sets[b].normalized() - hub.into[b].source_mean
        assert np.vecdot(normalize(predicted), normalize(own)).mean() > (0.95 if a == b else 0.65), (a, b)


def test_apply_keeps_ids_and_columns_and_names_the_hub(hub, sets):
    moved = hub.apply("a", sets["a"])
    assert moved.model == hub.name
    assert hub.name.startswith("hub:a+b+c@")
    assert moved.ids.tolist() == sets["a"].ids.tolist()
    assert moved.subject.tolist() == sets["a"].subject.tolist()
    back = hub.leave("b", moved)
    assert back.model == f"b<-{hub.name}"
    assert back.dim == 20
    with pytest.raises(InputError, match="source is 'hub:a"):
        hub.leave("b", sets["a"])


def test_a_file_holds_the_whole_hub(hub, sets, tmp_path):
    joined = hub.join("d", EmbeddingSet(sets["c"].vectors[:, ::-1], sets["c"].ids, model="d"), {"c": sets["c"]})
    loaded = CanonicalSpace.load(joined.save(tmp_path / "hub.safetensors"))
    assert (loaded.name, loaded.models, loaded.dim) == (hub.name, ("a", "b", "c", "d"), hub.dim)
    assert dict(loaded.facts) == json.loads(json.dumps(dict(joined.facts)))
    x = sets["a"].vectors
    assert np.array_equal(loaded.to_hub("a", x), joined.to_hub("a", x))
    assert np.array_equal(loaded.from_hub("d", joined.to_hub("a", x)), joined.from_hub("d", joined.to_hub("a", x)))
    assert loaded.into["a"].check(x).in_domain
    assert repr(loaded) == f"CanonicalSpace(a (24), b (20), c (12), d (12) → {hub.dim})"


def test_a_join_leaves_the_others_untouched(sets):
    hub = CanonicalSpace.fit({"a": sets["a"], "b": sets["b"]})
    joined = hub.join("c", sets["c"], {"a": sets["a"], "b": sets["b"]})
    assert joined.name == hub.name
    assert joined.models == ("a", "b", "c")
    assert joined.into["a"] is hub.into["a"]
    assert joined.out["b"] is hub.out["b"]
    assert hub.models == ("a", "b")
    assert joined.facts["joined"] == {"c": {"a": 180, "b": 180}}
    swapped = joined.join_statistics("d", [_renamed(pair_statistics(sets["a"], sets["c"]))])
    assert swapped.models == ("a", "b", "c", "d")


def _renamed(statistics):
    return PairStatistics(statistics.source, statistics.target, statistics.cross, "a", "d")


def test_a_later_model_is_nearly_as_good_as_a_founder(hub, sets):
    late = CanonicalSpace.fit({m: sets[m] for m in ("a", "b")}).join("c", sets["c"], {m: sets[m] for m in ("a", "b")})
    person = np.unique(sets["a"].subject, return_inverse=True)[1]
    different = person[:, None] != person[None]
    for chosen in (hub, late):
        found = scores(chosen, sets, "c", "a")
        assert np.median(found.diagonal()) > np.quantile(found[different], 0.99)


def test_fusion_is_the_weighted_mean_of_those_that_have_the_key(hub, sets):
    some = {"a": sets["a"].take(np.arange(100)), "b": sets["b"].take(np.arange(50, 180))}
    fused = hub.fuse(some, {"a": 3.0})
    assert (len(fused), fused.model) == (180, hub.name)
    assert fused.ids.tolist() == sets["a"].ids.tolist()
    assert fused.subject.tolist() == sets["a"].subject.tolist()
    x, y = (hub.to_hub(m, sets[m].vectors) for m in ("a", "b"))
    expected = np.concatenate([x[:50], (3 * x[50:100] + y[50:100]) / 4, y[100:]])
    np.testing.assert_allclose(fused.vectors, expected, atol=1e-5)


def test_fusion_of_noisy_networks_beats_each(hub):
    noisy = world(noise=0.5, images=4)
    fitted = CanonicalSpace.fit(noisy)
    person = np.unique(noisy["a"].subject, return_inverse=True)[1]
    upper = np.triu(np.ones((len(person), len(person)), bool), 1)
    same = (person[:, None] == person[None])[upper]

    def separation(vectors):
        x = normalize(vectors)
        s = (x @ x.T)[upper]
        return (s[same].mean() - s[~same].mean()) / np.sqrt((s[same].var() + s[~same].var()) / 2)

    singles = [separation(fitted.to_hub(m, s.vectors)) for m, s in noisy.items()]
    assert separation(fitted.fuse(noisy).vectors) > max(singles)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda h, s: CanonicalSpace.fit({"a": s["a"]}), InputError, "at least two models"),
        (lambda h, s: CanonicalSpace.fit({"x": s["a"], "b": s["b"]}), InputError, "'x' was made by 'a'"),
        (lambda h, s: CanonicalSpace.fit({"": s["a"], "b": s["b"]}), InputError, "needs a model name"),
        (lambda h, s: CanonicalSpace.fit(s, 0), InputError, "at least 1; got 0"),
        (lambda h, s: CanonicalSpace.fit(s, regularization=0), InputError, "positive number; got 0"),
        (
            lambda h, s: CanonicalSpace.from_statistics([pair_statistics(s["a"], s["b"]), pair_statistics(s["a"], s["c"])]),
            InputError,
            "missing: b with c",
        ),
        (
            lambda h, s: CanonicalSpace.from_statistics([pair_statistics(s["a"], s["b"]), pair_statistics(s["b"], s["a"])]),
            InputError,
            "given twice",
        ),
        (lambda h, s: CanonicalSpace.from_statistics([PairStatistics.empty(3, 4)]), InputError, "can't be placed"),
        (
            lambda h, s: CanonicalSpace.from_statistics([PairStatistics.empty(3, 4, source_model="a", target_model="b")]),
            InputError,
            "share 0 keys",
        ),
        (
            lambda h, s: CanonicalSpace.from_statistics(
                [
                    pair_statistics(s["a"], s["b"]),
                    pair_statistics(EmbeddingSet(s["c"].vectors, s["c"].ids, model="a"), s["c"]),
                ]
            ),
            DimensionError,
            "a has vectors of widths 12, 24",
        ),
        (lambda h, s: h.to_hub("bb", s["b"].vectors), UnknownNameError, "did you mean 'b'"),
        (lambda h, s: h.to_hub("a", s["b"].vectors), DimensionError, "width 24"),
        (lambda h, s: h.to_hub("a", np.zeros((2, 24))), InputError, "zero vectors"),
        (lambda h, s: h.from_hub("a", np.ones((2, 3))), DimensionError, "(2, 3)"),
        (lambda h, s: h.apply("a", s["b"]), InputError, "'a', but the set was made by 'b'"),
        (lambda h, s: h.join("a", s["a"], {"b": s["b"]}), InputError, "needs a new name"),
        (lambda h, s: h.join("d", EmbeddingSet(np.eye(3), list("xyz")), {"a": s["a"]}), InputError, "share no id"),
        (lambda h, s: h.join("d", EmbeddingSet(np.eye(3), list("xyz")), {}), InputError, "at least one model"),
        (
            lambda h, s: h.join(
                "d", EmbeddingSet(s["a"].vectors, s["a"].ids), {"e": EmbeddingSet(s["c"].vectors, s["c"].ids)}
            ),
            UnknownNameError,
            "model of this hub 'e'",
        ),
        (
            lambda h, s: h.join(
                "d", EmbeddingSet(s["a"].vectors, s["a"].ids), {"a": EmbeddingSet(s["c"].vectors, s["c"].ids)}
            ),
            DimensionError,
            "a has width 24 in the hub",
        ),
        (lambda h, s: h.fuse({}), InputError, "nothing to fuse"),
        (lambda h, s: h.fuse(s, {"a": 0.0}), InputError, "weight of a must be a positive number"),
        (lambda h, s: h.fuse(s, {"d": 1.0}), UnknownNameError, "'d'"),
        (lambda h, s: h.save("hub.npz"), FileFormatError, "safetensors"),
    ],
)
def test_mistakes_are_named(hub, sets, call, error, words):
    with pytest.raises(error) as caught:
        call(hub, sets)
    assert words in str(caught.value)


def test_spaces_with_nothing_in_common_are_refused():
    # Orthogonal patterns: every cross-covariance is exactly zero.
    a, b = np.array([[1, 0], [-1, 0], [1, 0], [-1, 0]]), np.array([[1, 0], [1, 0], [-1, 0], [-1, 0]])
    ids = list("wxyz")
    with pytest.raises(InputError, match="nothing in common"):
        CanonicalSpace.fit({"a": EmbeddingSet(a, ids), "b": EmbeddingSet(b, ids)})


def test_other_files_are_refused(hub, sets, tmp_path):
    from safetensors.numpy import load_file, save_file

    pair_statistics(sets["a"], sets["b"]).save(tmp_path / "s.safetensors")
    with pytest.raises(FileFormatError, match="'statistics', but 'hub' is needed"):
        CanonicalSpace.load(tmp_path / "s.safetensors")
    path = hub.save(tmp_path / "h.safetensors")
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        header = dict(file.metadata())
    del header["layout"], header["digest"]  # as before layouts; else the digest tells already
    arrays = load_file(path)
    del arrays["in.1.weight"]
    save_file(arrays, path, metadata=header)
    with pytest.raises(FileFormatError, match=r"lacks the array 'in\.1\.weight'"):
        CanonicalSpace.load(path)
    hub.save(path)
    arrays = load_file(path)
    arrays["correlations"] = arrays["correlations"][:-1]
    save_file(arrays, path, metadata=header)
    with pytest.raises(FileFormatError, match="correlations says r = "):
        CanonicalSpace.load(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileFormatError, match="can't be read"):
        CanonicalSpace.load(path)
