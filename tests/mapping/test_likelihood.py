"""The likelihood ratio: its score, its lifted and its one-sided form, and what it refuses."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from mapping_samples import two_sets
from scipy import stats

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError
from facespace.identification import identify
from facespace.io import read_artefact, write_artefact
from facespace.mapping import JointMap, LikelihoodMap, PairStatistics, TwoSidedMap, fit_map, load_map, pair_statistics
from facespace.metrics import Roc
from facespace.verification import pair_scores, verify


@pytest.fixture(scope="module")
def sets():
    return two_sets()


@pytest.fixture(scope="module")
def ratio(sets):
    return fit_map(*sets, "likelihood")


@pytest.fixture(scope="module")
def protocol(sets):
    ids, rng = sets[0].ids, np.random.default_rng(0)
    left = np.arange(0, 180, 3)
    other = left[rng.permutation(60)]
    keep = other != left
    pairs = np.concatenate([ids[left], ids[left[keep]]]), np.concatenate([ids[left + 1], ids[other[keep] + 2]])
    return PairProtocol("made", *pairs, np.repeat([True, False], [60, keep.sum()]))


def written_out(statistics: PairStatistics, x: np.ndarray, y: np.ndarray, rho: float = 0.1) -> np.ndarray:
    """s of row i of x and row i of y: the recipe, step by step, in double precision."""
    n, mean_x, mean_y = statistics.n, statistics.source.mean, statistics.target.mean
    noise = [stats.norm.ppf(1 - 0.25 / d) ** 2 / (d * 12 * 127**2) for d in (len(mean_x), len(mean_y))]
    g = statistics.source.gram - n * np.outer(mean_x, mean_x) + n * noise[0] * np.eye(len(mean_x))
    h = statistics.target.gram - n * np.outer(mean_y, mean_y) + n * noise[1] * np.eye(len(mean_y))
    c = statistics.cross - n * np.outer(mean_x, mean_y)
    roots = []
    for gram in (g, h):
        values, vectors = np.linalg.eigh(gram)
        roots.append(vectors @ np.diag((values + rho * values.max()) ** -0.5) @ vectors.T)
    u_, sigma, vt = np.linalg.svd(roots[0] @ c @ roots[1], full_matrices=False)
    a, b = roots[0] @ u_ * np.sqrt(sigma), roots[1] @ vt.T * np.sqrt(sigma)
    spread_x, spread_y = np.sqrt(np.diag(a.T @ g @ a) / n), np.sqrt(np.diag(b.T @ h @ b) / n)
    r = np.clip(np.diag(a.T @ c @ b) / n / (spread_x * spread_y), 1e-6, 0.99)
    u, v = (x - mean_x) @ a / spread_x, (y - mean_y) @ b / spread_y
    return np.sum(r / (1 - r**2) * u * v - 0.5 * r**2 / (1 - r**2) * (u**2 + v**2), axis=1)


def test_the_cosine_of_lifted_vectors_is_the_score_written_out(sets, ratio):
    x, y = (faces.normalized().astype(np.float64) for faces in sets)
    wanted = written_out(pair_statistics(*sets), x, np.roll(y, 1, axis=0))
    found = pair_scores(ratio.probe(sets[0].vectors), ratio.reference(np.roll(sets[1].vectors, 1, axis=0)))
    scale = ratio.likelihood.scale
    np.testing.assert_allclose(found, wanted / scale, atol=1e-6)
    assert np.ptp(wanted) > 0.01 * scale  # the tolerance is far below what tells scores apart


def test_it_is_the_logarithm_of_the_ratio_of_two_normal_laws():
    r = np.array([0.9, 0.5, 0.1], dtype=np.float32)
    score, rng = LikelihoodMap().fit_statistics(known_agreement(20_000, r)[2]).score_, np.random.default_rng(1)
    np.testing.assert_allclose(np.sort(score.correlations)[::-1], r, atol=0.03)
    u, v = rng.normal(size=(2, 50, 3))
    found = score.correlations.astype(float)
    one = [stats.multivariate_normal([0, 0], [[1, k], [k, 1]]) for k in found]
    wanted = sum(
        law.logpdf(np.stack([u[:, k], v[:, k]], axis=1)) - stats.norm.logpdf(u[:, k]) - stats.norm.logpdf(v[:, k])
        for k, law in enumerate(one)
    )
    t, w = ((side * score.gains).astype(np.float32) for side in (u, v))
    cosines = pair_scores(score.lift(t, source=True), score.lift(w, source=False))
    inside = np.all([score.lift(z, source=s)[:, 3 + 2 + (not s)] > 0 for z, s in ((t, True), (w, False))], axis=0)
    assert inside.sum() > 30
    np.testing.assert_allclose((cosines * score.scale + score.offset)[inside], wanted[inside], atol=1e-4)


def known_agreement(n: int, r: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, PairStatistics]:
    """Normal embeddings of two networks whose canonical correlations are r."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(r)))
    y = r * x + np.sqrt(1 - r**2) * rng.normal(size=x.shape)
    turn = np.linalg.qr(rng.normal(size=(len(r), len(r))))[0]
    return x, y @ turn, PairStatistics.of(x, y @ turn)


def test_where_the_laws_are_normal_no_score_separates_better():
    """Neyman and Pearson: so joint's cosine must not, where networks agree in some directions only."""
    r = np.concatenate([np.full(6, 0.9), np.full(30, 0.3)])
    statistics = known_agreement(20_000, r)[2]
    x, y, _ = known_agreement(4000, r, 0)
    aucs = {}
    for fitted in (LikelihoodMap(), JointMap()):
        fitted.fit_statistics(statistics)
        p, g = fitted.probe(x.astype(np.float32)), fitted.reference(y.astype(np.float32))
        aucs[type(fitted)] = Roc(pair_scores(p, g), pair_scores(p, np.roll(g, 1, axis=0))).auc
    assert aucs[LikelihoodMap] > aucs[JointMap] + 0.001


def test_its_one_sided_form_is_the_two_sided_score(sets, ratio):
    a, b = sets
    inner = ratio.query(a.vectors).astype(np.float64) @ ratio.gallery(b.vectors).astype(np.float64).T
    lifted = np.repeat(ratio.probe(a.vectors), len(b), axis=0), np.tile(ratio.reference(b.vectors), (len(a), 1))
    cosines = pair_scores(*lifted)
    np.testing.assert_allclose(inner.ravel() / ratio.likelihood.scale, cosines, atol=1e-6)
    np.testing.assert_array_equal(ratio.gallery(b.vectors)[:, : b.dim], b.normalized())


def test_faiss_ranks_the_one_sided_form_as_identify_ranks_the_two_sided(sets, ratio):
    faiss = pytest.importorskip("faiss", reason='needs faiss: pip install "facespace[faiss]"')
    queries, gallery = (ratio.one_sided(faces) for faces in sets)
    index = faiss.IndexFlatIP(gallery.dim)
    index.add(gallery.vectors)
    _, found = index.search(queries.vectors, 5)
    cosines = ratio.probe(sets[0].vectors) @ ratio.reference(sets[1].vectors).T
    np.testing.assert_array_equal(found, np.argsort(-cosines, axis=1, kind="stable")[:, :5])


def test_lancedb_ranks_the_one_sided_form_likewise(sets, ratio, tmp_path):
    lancedb = pytest.importorskip("lancedb", reason='needs lancedb: pip install "facespace[lancedb]"')
    queries, gallery = (ratio.one_sided(faces) for faces in sets)
    rows = [{"row": i, "vector": vector} for i, vector in enumerate(gallery.vectors)]
    table = lancedb.connect(tmp_path / "db").create_table("faces", rows)
    cosines = ratio.probe(sets[0].vectors) @ ratio.reference(sets[1].vectors).T
    for i in (0, 17, 101):
        found = table.search(queries.vectors[i]).distance_type("dot").limit(5).to_list()
        assert [row["row"] for row in found] == np.argsort(-cosines[i], kind="stable")[:5].tolist()


def test_swapping_source_and_target_changes_no_score(sets, ratio):
    swapped = ratio.swap()
    one = pair_scores(ratio.probe(sets[0].vectors), ratio.reference(sets[1].vectors))
    other = pair_scores(swapped.probe(sets[1].vectors), swapped.reference(sets[0].vectors))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_no_vector_outside_the_domain_scores_as_one_face():
    """A network that uses few of its directions: random vectors lie where it never was, however the map weighs these."""
    rng = np.random.default_rng(3)
    used = rng.normal(size=(2000, 6)) @ rng.normal(size=(6, 40))
    x = (used / np.linalg.norm(used, axis=1, keepdims=True)).astype(np.float32)
    fitted = LikelihoodMap().fit_statistics(PairStatistics.of(x, x))
    strangers = rng.normal(size=(500, 40)).astype(np.float32)
    strangers /= np.linalg.norm(strangers, axis=1, keepdims=True)
    genuine = pair_scores(fitted.probe(x[:500]), fitted.reference(x[:500]))
    for one, other in ((strangers, x[:500]), (x[:500], strangers), (strangers, np.roll(strangers, 1, axis=0))):
        assert pair_scores(fitted.probe(one), fitted.reference(other)).max() < np.quantile(genuine, 0.01)


def test_a_file_brings_it_back(ratio, sets, tmp_path):
    back = load_map(ratio.save(tmp_path / "ratio.safetensors"))
    assert isinstance(back, TwoSidedMap)
    assert back.name.startswith("likelihood:")
    np.testing.assert_array_equal(back.probe(sets[0].vectors), ratio.probe(sets[0].vectors))


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.5, np.nan])
def test_a_file_whose_correlations_make_no_ratio_is_refused(ratio, tmp_path, wrong):
    path = ratio.save(tmp_path / "ratio.safetensors")
    file = read_artefact(path, "two-sided-map")
    arrays = {name: np.array(array) for name, array in file.arrays.items()}
    arrays["correlations"][0] = wrong
    write_artefact(path, "two-sided-map", arrays, dict(file.facts))
    with pytest.raises(FileFormatError, match="correlations"):
        load_map(path)


def test_verify_and_identify_take_it_with_a_cohort_of_half_strength(sets, ratio, protocol):
    a, b = sets
    other_ids = [f"c{i}" for i in range(len(a))]
    cohort = EmbeddingSet(a.vectors, other_ids, model="a"), EmbeddingSet(b.vectors, other_ids, model="b")
    plain, corrected = (verify(a, b, protocol=protocol, map=ratio, cohort=given) for given in (None, cohort))
    assert plain.auc > 0.95
    assert "map:likelihood" in plain.signature
    p, g = ratio.probe(a.vectors), ratio.reference(b.vectors)
    own = np.sort(p @ g.T / np.outer(np.linalg.norm(p, axis=1), np.linalg.norm(g, axis=1)), axis=1)[:, -50:].mean(axis=1)
    theirs = np.sort(g @ p.T / np.outer(np.linalg.norm(g, axis=1), np.linalg.norm(p, axis=1)), axis=1)[:, -50:].mean(axis=1)
    rows = a.rows(protocol.left[protocol.same]), b.rows(protocol.right[protocol.same])
    taken = plain.genuine_scores - corrected.genuine_scores
    np.testing.assert_allclose(taken, 0.25 * (own[rows[0]] + theirs[rows[1]]), atol=1e-6)
    found = identify(b.take(np.arange(1, 180, 3)), a.take(np.arange(0, 180, 3)), map=ratio)
    assert found.cmc[0].rate > 0.9


def test_it_moves_nothing_and_says_what_to_do_instead(sets, ratio):
    with pytest.raises(InputError, match="moves none of them") as told:
        ratio.apply(sets[0])
    assert "--one-sided" in told.value.hint


def test_the_one_sided_form_is_never_compared_by_cosines(sets, ratio, protocol):
    queries, gallery = (ratio.one_sided(faces) for faces in sets)
    assert (queries.dim, gallery.dim) == (sets[1].dim + 2,) * 2
    with pytest.raises(InputError, match="inner products compare"):
        verify(queries, gallery, protocol=protocol)


def test_a_map_that_scores_by_cosines_has_no_such_form(sets):
    with pytest.raises(InputError, match="has no one-sided form"):
        fit_map(*sets, "joint", regularization=0.1).query(sets[0].vectors)


def test_auto_both_chooses_among_all_and_gives_the_map_of_its_kind(sets):
    found = fit_map(*sets, "auto-both")
    errors = found.facts["cross_validation"]["error"]
    assert {"likelihood", "joint(ρ=0.1)", "rotation"} <= set(errors)
    assert isinstance(found, TwoSidedMap) == (found.facts["family"] in ("joint", "likelihood"))


def test_it_needs_three_pairs_and_a_positive_regularization():
    x = np.eye(4)
    with pytest.raises(InputError, match="on 2 pairs"):
        LikelihoodMap().fit_statistics(PairStatistics.of(x[:2], x[:2]))
    with pytest.raises(InputError, match="positive"):
        LikelihoodMap(0.0).fit_statistics(PairStatistics.of(x, x))


def test_sets_without_names_need_the_side(ratio):
    with pytest.raises(InputError, match="names no network"):
        ratio.one_sided(EmbeddingSet(np.eye(len(ratio.source.weight)), [f"{i}" for i in range(len(ratio.source.weight))]))


@pytest.mark.parametrize("side", ["source", "target"])
def test_onnx_gives_queries_and_the_gallery(ratio, sets, tmp_path, side):
    pytest.importorskip("onnx", reason='needs onnx: pip install "facespace[onnx]"')
    session = onnxruntime.InferenceSession(ratio.to_onnx(tmp_path / "side.onnx", side=side))
    faces = sets[side == "target"]
    (found,) = session.run(None, {"embedding": faces.vectors})
    wanted = ratio.query(faces.vectors) if side == "source" else ratio.gallery(faces.vectors)
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())
    assert session.get_outputs()[0].shape == ["batch", wanted.shape[1]]
