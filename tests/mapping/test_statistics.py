from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import paired, statistics

from facespace.errors import DimensionError, FileFormatError, InputError
from facespace.mapping import FAMILIES, FoldStatistics, Moments, PairStatistics, make_estimator
from facespace.mapping.statistics import storage_noise

plain = settings(deadline=None, max_examples=15, derandomize=True)


def same(a, b, rtol=1e-10):
    parts = [(a.source.total, b.source.total), (a.source.gram, b.source.gram), (a.cross, b.cross)]
    parts += [(a.target.total, b.target.total), (a.target.gram, b.target.gram)]
    return a.n == b.n and all(np.allclose(u, v, rtol=rtol, atol=1e-9) for u, v in parts)


@plain
@given(cuts=st.lists(st.integers(0, 40), max_size=5), order=st.permutations(range(40)))
def test_any_split_in_any_order_gives_the_same_statistics(cuts, order):
    x, y = paired(40)
    total = PairStatistics.empty(6, 4, source_model="a", target_model="b")
    for part in np.split(np.array(order), sorted(cuts)):
        total = total + statistics(x[part], y[part])
    assert same(total, statistics(x, y))


@plain
@given(method=st.sampled_from(FAMILIES), center=st.booleans(), cut=st.integers(1, 59))
def test_any_split_gives_the_same_map(method, center, cut):
    x, y = paired(60)
    parts = statistics(x[cut:], y[cut:]) + statistics(x[:cut], y[:cut])
    whole = make_estimator(method, center=center).fit(x, y)
    split = make_estimator(method, center=center).fit_statistics(parts)
    assert np.allclose(whole.weight_, split.weight_, atol=1e-8)
    assert np.allclose(whole.bias_, split.bias_, atol=1e-8)


@plain
@given(st.integers(1, 38), st.integers(0, 5))
def test_total_minus_fold_is_the_statistics_of_the_rest(size, seed):
    x, y = paired(40, seed=seed)
    assert same(statistics(x, y) - statistics(x[:size], y[:size]), statistics(x[size:], y[size:]))


def test_empty_is_the_zero():
    x, y = paired()
    total = statistics(x, y)
    assert same(total + PairStatistics.empty(6, 4), total)
    assert same(total - PairStatistics.empty(6, 4), total)
    assert same(PairStatistics.empty(6, 4).update(x, y), total)


def test_update_leaves_the_old_value_alone():
    x, y = paired()
    old = statistics(x[:5], y[:5])
    assert old.update(x[5:], y[5:]).n == 60
    assert same(old, statistics(x[:5], y[:5]))


def test_swap_is_the_statistics_of_the_other_direction_and_its_own_inverse():
    x, y = paired()
    swapped = statistics(x, y).swap()
    assert same(swapped, PairStatistics.of(y, x))
    assert (swapped.source_model, swapped.target_model) == ("b", "a")
    assert same(swapped.swap(), statistics(x, y))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_sums_are_float64_whatever_the_input(dtype):
    x, y = (v.astype(dtype) for v in paired(50))
    total = statistics(x, y)
    assert total.cross.dtype == np.float64
    assert np.allclose(total.cross, x.astype(np.float64).T @ y.astype(np.float64), rtol=1e-12)


def test_blocks_do_not_change_the_sums(monkeypatch):
    x, y = paired(50)
    whole = statistics(x, y)
    monkeypatch.setattr("facespace.mapping.statistics._BLOCK", 7)
    assert same(statistics(x, y), whole)


def test_centred_scatter_is_that_of_centred_vectors():
    x, y = paired()
    total, xc, yc = statistics(x, y), x - x.mean(axis=0), y - y.mean(axis=0)
    assert np.allclose(total.source.scatter(center=True), xc.T @ xc)
    assert np.allclose(total.covariation(center=True), xc.T @ yc)
    values, vectors = total.source.spectrum(center=True)
    assert np.allclose((vectors * values) @ vectors.T, xc.T @ xc)


def test_rank_counts_the_directions_the_vectors_determine():
    x, y = paired(4, p=6)
    assert statistics(x, y).source.rank(center=False) == 4
    assert statistics(x, y).source.rank(center=True) == 3


def test_save_and_load_give_the_same_statistics(tmp_path):
    x, y = paired()
    path = statistics(x, y).save(tmp_path / "s.safetensors")
    loaded = PairStatistics.load(path)
    assert same(loaded, statistics(x, y), rtol=0)
    assert (loaded.source_model, loaded.target_model) == ("a", "b")


def test_wrong_combinations_are_refused():
    x, y = paired()
    total = statistics(x, y)
    with pytest.raises(DimensionError, match="6 → 4 and 4 → 6"):
        total + total.swap()
    with pytest.raises(InputError, match="source model 'a' and 'c'"):
        total + PairStatistics.of(x, y, source_model="c")
    with pytest.raises(InputError, match="can't take 60 pairs out of 5"):
        statistics(x[:5], y[:5]) - total
    with pytest.raises(DimensionError, match=r"\(60, 6\) and \(59, 4\)"):
        PairStatistics.of(x, y[1:])
    x[3, 2] = np.nan
    with pytest.raises(InputError, match="NaN"):
        PairStatistics.of(x, y)


@pytest.mark.parametrize("cut", [0, 7, 100, -20])
def test_truncated_file_is_a_clear_error(tmp_path, cut):
    path = statistics(*paired()).save(tmp_path / "s.safetensors")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FileFormatError, match=r"s\.safetensors can't be read as safetensors"):
        PairStatistics.load(path)


def test_other_ending_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(FileFormatError, match=r"end in \.safetensors"):
        statistics(*paired()).save(tmp_path / "s.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("matched", [False, True])
def test_fold_statistics_equal_those_of_the_rows_left_in(matched):
    rng = np.random.default_rng(0)
    fold = rng.integers(0, 4, 50)
    source = [rng.normal(size=(50, d)).astype(np.float32) for d in (3, 5, 4)]
    target = [rng.normal(size=(50, d)).astype(np.float32) for d in (3, 5, 4)] if matched else None
    folds = FoldStatistics(source, fold, target, ["a", "b", "c"])
    for s, t in [(0, 1), (1, 0), (2, 1)]:
        for held in [{0}, {1, 3}]:
            rows = ~np.isin(fold, list(held))
            y = (target or source)[t]
            assert same(folds.without(s, t, held), PairStatistics.of(source[s][rows], y[rows]))


def test_a_matrix_that_the_fast_driver_gives_up_on_is_decomposed_by_the_slow_one(monkeypatch):
    from facespace.mapping.statistics import svd

    matrix = np.random.default_rng(0).normal(size=(6, 4))
    u, values, vt = svd(matrix)

    def fails(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", fails)
    again = svd(matrix)
    np.testing.assert_allclose(again[1], values)
    np.testing.assert_allclose((again[0] * again[1]) @ again[2], matrix, atol=1e-12)
    np.testing.assert_allclose((u * values) @ vt, matrix, atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError):
        svd(np.full((2, 2), np.nan))


def test_noise_of_storage_is_what_rounding_to_8_bits_adds():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 64))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    step = np.abs(x).max(axis=1, keepdims=True) / 127
    rounded = np.round(x / step) * step
    half = x.astype(np.float16).astype(np.float64)
    assert np.mean((half - x) ** 2) == pytest.approx(storage_noise(64, "float16"), rel=0.15)
    plain, noisy = Moments.of(x), Moments.of(x).stored()
    assert np.mean((rounded - x) ** 2) == pytest.approx(storage_noise(64), rel=0.15)
    np.testing.assert_allclose(np.diag(noisy.gram - plain.gram), 4000 * storage_noise(64))
    for center in (True, False):
        values, directions = noisy.spectrum(center)
        np.testing.assert_allclose((directions * values) @ directions.T, noisy.scatter(center), atol=1e-9)
