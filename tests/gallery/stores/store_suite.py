"""What every store must do, whatever it is: a store's own file makes a class of this one, and says how its gallery is named
and how another program adds rows to it and deletes some."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facespace.errors import DimensionError, FacespaceError, GalleryError, InputError, OutputError
from facespace.gallery.stores import Origin, Store, Templates, open_gallery

ROWS = 300
PART = 64  # rows of a part and less of a batch, so that there are several of each
ORIGIN = Origin("plan-1", "old→new", 24)
ODD = (
    "ann/0 1", "it's", 'say "so"', "ñandú", "顔-7", "9007199254740993", "9223372036854775807", "-1", "0", "00",
    "100% _x", "a\\b", "semi;colon--", "[1]", "{2}", " space ", "e9", "tab\tid",
)  # fmt: skip
QUESTIONS = 5


def templates(dim: int, ids: list[str], seed: int = 0, models: list[str] | None = None) -> Templates:
    """Rows made up; every seventh has no person."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(len(ids), dim)).astype(np.float32)
    people = [None if row % 7 == 6 else f"person {row // 2}" for row in range(len(ids))]
    return Templates(ids, vectors, models, people)


def batches(whole: Templates, rows: int = 50) -> Iterator[Templates]:
    """The same rows a few at a time."""
    for start in range(0, len(whole), rows):
        piece = slice(start, start + rows)
        yield Templates(*(column if column is None else column[piece]
                          for column in (whole.ids, whole.vectors, whole.models, whole.people)))  # fmt: skip


def mapped(stream: Iterator[Templates], dim: int = 24, model: str = "old→new", seed: int = 9) -> Iterator[Templates]:
    """The rows moved to another space by a matrix, the same for the same `seed`."""
    for batch in stream:
        yield Templates(batch.ids, moved(batch.vectors, dim, seed), [model] * len(batch))


def moved(vectors, dim: int = 24, seed: int = 9):
    """float32, each row by itself: the same bits however it is cut into batches."""
    matrix = np.random.default_rng(seed).normal(size=(vectors.shape[1], dim))
    return np.einsum("ij,jk->ik", vectors.astype(np.float64), matrix).astype(np.float32)


def read_all(stream: Iterator[Templates]) -> dict[str, tuple]:
    """id → vector's bytes, model, person; no id may come twice."""
    rows: dict[str, tuple] = {}
    for batch in stream:
        assert batch.vectors.dtype == np.float32
        assert len(batch.ids) == len(batch.vectors) > 0
        none = [None] * len(batch)
        for id_, vector, model, person in zip(
            batch.ids, batch.vectors, batch.models or none, batch.people or none, strict=True
        ):
            assert id_ not in rows
            assert type(id_) is str
            rows[id_] = (vector.tobytes(), model, person)
    return rows


def vectors_in(store: Store, place="current") -> dict[str, bytes]:
    """id → vector's bytes."""
    return {id_: row[0] for id_, row in read_all(store.scan(place, 37)).items()}


def expected(whole: Templates, dim: int = 24, seed: int = 9) -> dict[str, bytes]:
    """What `vectors_in` gives of these rows, mapped."""
    return {id_: row.tobytes() for id_, row in zip(whole.ids, moved(whole.vectors, dim, seed), strict=True)}


def run(store: Store, done: set[str], dim: int = 24, seed: int = 9) -> None:
    """What a migration does between begin and switch; `done` is its journal."""
    for part in store.parts(PART):
        if part not in done:
            store.put(part, mapped(store.read(part, 40), dim, seed=seed))
            done.add(part)
    store.put("", mapped(store.missing(40), dim, seed=seed))
    store.complete()


class StoreSuite:
    """The tests. `exact`: the store keeps float32 bit for bit. `people`, `row_models`: it keeps these for each row."""

    exact = True
    people = True
    row_models = True
    ids: tuple[str, ...] = (*ODD, *(f"face-{row}" for row in range(ROWS - len(ODD))))

    def url(self, folder: Path) -> str:
        """The address of a gallery that is not there yet, another for each folder."""
        raise NotImplementedError

    def add(self, url: str, rows: Templates) -> None:
        """Another program adds rows to the current place."""
        raise NotImplementedError

    def delete(self, url: str, ids: list[str]) -> None:
        """Another program deletes rows of the current place."""
        raise NotImplementedError

    @pytest.fixture
    def whole(self) -> Templates:
        """What is written into `store`."""
        return templates(16, list(self.ids))

    @pytest.fixture
    def store(self, tmp_path, whole) -> Store:
        """A gallery of `whole`."""
        store = open_gallery(self.url(tmp_path))
        assert store.write_all(batches(whole), "old") == len(whole)
        return store

    def test_what_is_written_is_what_is_there(self, store, whole):
        assert isinstance(store, Store)
        found = read_all(store.scan())
        assert {id_: row[0] for id_, row in found.items()} == {
            id_: vector.tobytes() for id_, vector in zip(whole.ids, whole.vectors, strict=True)
        }
        assert {row[1] for row in found.values()} == {"old"}
        if self.people:
            assert [found[id_][2] for id_ in whole.ids] == list(whole.people)
        info = store.info()
        assert (info.url, info.count, info.dim, info.model, info.places) == (store.url, len(whole), 16, "old", {})
        assert info.to_dict()["count"] == len(whole)
        with pytest.raises(OutputError):
            store.write_all(batches(whole), "old")
        assert len(vectors_in(store)) == len(whole)

    def test_a_look_at_what_is_not_there_makes_nothing(self, tmp_path):
        """A mistyped address must not leave an empty gallery, which the next one would find."""
        (tmp_path / "missing").mkdir()
        store = open_gallery(self.url(tmp_path / "missing"))
        before = sorted(tmp_path.rglob("*"))  # where a database must be there, it has no table yet
        for look in (store.info, lambda: store.parts(PART), lambda: list(store.scan())):
            with pytest.raises(FacespaceError):
                look()
        assert sorted(tmp_path.rglob("*")) == before

    def test_networks_of_rows_are_kept(self, tmp_path):
        if not self.row_models:
            pytest.skip("keeps no network a row")
        whole = templates(16, self.ids[:90], models=["a" if row % 3 else "b→c" for row in range(90)])
        store = open_gallery(self.url(tmp_path))
        store.write_all(batches(whole), "a")
        found = read_all(store.scan())
        assert [found[id_][1] for id_ in whole.ids] == list(whole.models)

    def test_parts_hold_every_row_once(self, store, whole):
        parts = store.parts(PART)
        assert len(parts) == len(set(parts)) > 1
        again = pickle.loads(pickle.dumps(open_gallery(store.url)))
        for rows in (1000, 11):
            found = [id_ for part in parts for batch in again.read(part, rows) for id_ in batch.ids]
            assert sorted(found) == sorted(whole.ids)
        assert max(len(batch) for batch in store.read(parts[0], 11)) <= 11
        assert again.parts(PART) == parts

    def test_a_gallery_that_is_not_there_is_an_error(self, tmp_path):
        store = open_gallery(self.url(tmp_path))
        for call in (store.info, lambda: next(iter(store.scan())), lambda: store.begin(ORIGIN), lambda: store.parts(9)):
            with pytest.raises(GalleryError) as error:
                call()
            assert error.value.hint

    def test_a_place_that_is_not_there_is_an_error(self, store):
        calls = (
            store.switch, store.back, store.complete, lambda: list(store.scan("next")), lambda: list(store.scan("old")),
            lambda: store.put(store.parts(PART)[0], iter([])), lambda: list(store.missing()),
        )  # fmt: skip
        for call in calls:
            with pytest.raises(OutputError):
                call()
        for place in ("next", "old"):
            store.drop(place)

    @pytest.mark.parametrize("dim", [24, 16, 8])
    def test_from_the_old_network_to_the_new_and_back(self, store, whole, dim):
        before = read_all(store.scan())
        store.begin(Origin("p", "old→new", dim))
        done: set[str] = set()
        run(store, done, dim)
        assert read_all(store.scan()) == before
        assert store.info().places == {"next": Origin("p", "old→new", dim)}
        assert vectors_in(store, "next") == expected(whole, dim)
        store.switch()
        for now in (store, open_gallery(store.url)):
            assert vectors_in(now) == expected(whole, dim)
            info = now.info()
            assert (info.count, info.dim, info.model, set(info.places)) == (len(whole), dim, "old→new", {"old"})
        after = read_all(store.scan())
        if self.row_models:
            assert {row[1] for row in after.values()} == {"old→new"}
        if self.people:
            assert {id_: row[2] for id_, row in after.items()} == {id_: row[2] for id_, row in before.items()}
        assert vectors_in(store, "old") == {id_: row[0] for id_, row in before.items()}
        store.back()
        assert read_all(store.scan()) == before
        assert set(store.info().places) == {"next"}
        store.switch()
        assert read_all(store.scan()) == after
        store.drop("old")
        assert store.info().places == {}
        assert read_all(store.scan()) == after
        with pytest.raises(OutputError):
            store.back()

    def test_wide_vectors(self, tmp_path):
        whole = templates(128, self.ids[:60])
        store = open_gallery(self.url(tmp_path))
        store.write_all(batches(whole), "old")
        store.begin(Origin("p", "new", 512))
        run(store, set(), 512)
        store.switch()
        assert vectors_in(store) == expected(whole, 512)
        assert store.info().dim == 512

    def test_a_second_migration_after_the_first(self, store, whole):
        for number, dim in enumerate((24, 12)):
            before = vectors_in(store)
            store.begin(Origin(f"p{number}", f"net{number}", dim))
            run(store, set(), dim, seed=number)
            store.switch()
            assert vectors_in(store, "old") == before
            store.drop("old")
        twice = moved(moved(whole.vectors, 24, 0), 12, 1)
        assert vectors_in(store) == {id_: row.tobytes() for id_, row in zip(whole.ids, twice, strict=True)}
        assert store.info().model == "net1"

    def test_next_can_be_dropped_and_begun_anew(self, store, whole):
        before = read_all(store.scan())
        store.begin(ORIGIN)
        run(store, set())
        store.drop("next")
        assert store.info().places == {}
        assert read_all(store.scan()) == before
        store.begin(Origin("other", "m", 8))
        assert sum(len(batch) for batch in store.missing()) == len(whole)
        run(store, set(), 8)
        assert vectors_in(store, "next") == expected(whole, 8)

    def test_a_part_put_again_is_a_part_put_once(self, store, whole):
        store.begin(ORIGIN)
        for seed in (1, 9):
            for part in store.parts(PART):
                for _ in range(2):
                    store.put(part, mapped(store.read(part, 40), seed=seed))
        assert not list(store.missing())
        store.complete()
        store.complete()
        assert vectors_in(store, "next") == expected(whole)

    def test_a_put_that_fails_writes_nothing(self, store):
        store.begin(ORIGIN)
        part = store.parts(PART)[0]

        def spoiled():
            yield next(mapped(store.read(part, 20)))
            raise MemoryError

        with pytest.raises(MemoryError):
            store.put(part, spoiled())
        assert sum(len(batch) for batch in store.missing()) == len(self.ids)
        with pytest.raises(DimensionError):
            store.put(part, mapped(store.read(part, 20), dim=7))
        nan = (Templates(b.ids, np.full((len(b), 24), np.nan, np.float32), b.models) for b in store.read(part))
        with pytest.raises(InputError):
            store.put(part, nan)
        assert sum(len(batch) for batch in store.missing()) == len(self.ids)

    def test_another_plans_place_is_refused(self, store):
        store.begin(ORIGIN)
        part = store.parts(PART)[0]
        store.put(part, mapped(store.read(part)))
        left = sum(len(batch) for batch in store.missing())
        store.begin(ORIGIN)
        assert sum(len(batch) for batch in store.missing()) == left < len(self.ids)
        for other in (Origin("plan-2", "old→new", 24), Origin("plan-1", "x", 24), Origin("plan-1", "old→new", 12)):
            with pytest.raises(OutputError, match="plan-1") as error:
                store.begin(other)
            assert error.value.hint
        assert store.info().places == {"next": ORIGIN}

    def test_rows_added_and_deleted_while_it_runs(self, store, whole):
        store.begin(ORIGIN)
        parts, done = store.parts(PART), set()
        for part in parts[:2]:
            store.put(part, mapped(store.read(part, 40)))
            done.add(part)
        more = templates(16, ["added-1", "a'dded 2", "zzzz"], seed=4)
        self.add(store.url, more)
        self.delete(store.url, [whole.ids[0], whole.ids[50], whole.ids[-1]])
        run(store, done)
        more2 = templates(16, ["added-3"], seed=5)
        self.add(store.url, more2)
        self.delete(store.url, [whole.ids[1]])
        assert "added-3" in read_all(store.missing())
        run(store, done)
        assert not list(store.missing())
        wanted = expected(whole) | expected(more) | expected(more2)
        for gone in (0, 1, 50, -1):
            del wanted[whole.ids[gone]]
        assert vectors_in(store, "next") == wanted
        assert set(vectors_in(store)) == set(wanted)
        store.switch()
        assert vectors_in(store) == wanted
        assert store.info().count == len(wanted)

    def test_two_handles_share_one_migration(self, store, whole):
        other = pickle.loads(pickle.dumps(open_gallery(store.url)))
        store.begin(ORIGIN)
        other.begin(ORIGIN)
        parts = store.parts(PART)
        for turn, part in enumerate(parts):
            one, two = (store, other) if turn % 2 else (other, store)
            one.put(part, mapped(two.read(part, 40)))
        other.complete()
        store.switch()
        assert vectors_in(other) == expected(whole)
        other.back()
        assert set(store.info().places) == {"next"}

    def test_a_reader_amid_the_switch_gets_one_space(self, store, whole):
        store.begin(ORIGIN)
        run(store, set())
        reader = open_gallery(store.url).scan("current", 20)
        first = next(reader)
        store.switch()
        got = [first]
        try:
            got += reader
        except FacespaceError:  # to say so is allowed; to mix two spaces is not
            pass
        else:
            assert sum(map(len, got)) == len(whole)
        assert {batch.vectors.shape[1] for batch in got} == {16}
        there = dict(zip(whole.ids, whole.vectors, strict=True))
        for batch in got:
            assert all((there[id_] == row).all() for id_, row in zip(batch.ids, batch.vectors, strict=True))
        assert vectors_in(store) == expected(whole)

    def test_search(self, store, whole):
        rng = np.random.default_rng(5)
        queries = (whole.vectors[:QUESTIONS] + 0.1 * rng.normal(size=(QUESTIONS, 16))).astype(np.float32) * 3
        self._agree(store.search(queries, 7), queries, whole.ids, whole.vectors, 7)
        store.begin(ORIGIN)
        run(store, set())
        new = moved(whole.vectors)
        self._agree(store.search(moved(queries), 7, "next"), moved(queries), whole.ids, new, 7)
        self._agree(store.search(queries, 3), queries, whole.ids, whole.vectors, 3)
        store.switch()
        found = store.search(moved(queries), 7)
        self._agree(found, moved(queries), whole.ids, new, 7)
        if self.row_models:
            assert {model for row in found.models for model in row} == {"old→new"}
        few = store.search(moved(queries)[:1], 10 * ROWS)
        assert len(few.ids[0]) == len(few.scores[0]) == len(few.models[0]) == len(whole)
        with pytest.raises(DimensionError):
            store.search(queries, 3)

    def _agree(self, found, queries, ids, vectors, count):
        """Exact search, but for what scores the same within rounding."""
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = queries / np.linalg.norm(queries, axis=1, keepdims=True) @ unit.T
        row = {id_: number for number, id_ in enumerate(ids)}
        for number, near in enumerate(found.ids):
            best = np.sort(cosines[number])[::-1][:count]
            for scores in (found.scores[number], cosines[number][[row[id_] for id_ in near]]):
                np.testing.assert_allclose(scores, best, atol=2e-6 if self.exact else 2e-3)

    def test_rows_are_replaced_before_and_after_the_switch(self, store, whole):
        store.begin(ORIGIN)
        run(store, set())
        ids = [whole.ids[5], "nobody", whole.ids[200], whole.ids[3]]
        new = Templates(ids, templates(24, ids, seed=7).vectors, ["new"] * 4)
        assert store.replace(new, "next") == 3
        wanted = expected(whole) | {id_: row.tobytes() for id_, row in zip(ids, new.vectors, strict=True) if id_ != "nobody"}
        assert vectors_in(store, "next") == wanted
        store.complete()
        store.switch()
        assert vectors_in(store) == wanted
        if self.row_models:
            models = {id_: row[1] for id_, row in read_all(store.scan()).items()}
            assert {id_ for id_, model in models.items() if model == "new"} == set(ids) - {"nobody"}
            assert set(models.values()) == {"new", "old→new"}
        later = Templates([whole.ids[9]], np.ones((1, 24), np.float32), ["new"])
        assert store.replace(later, "current") == 1
        assert vectors_in(store)[whole.ids[9]] == later.vectors.tobytes()
        if self.row_models:
            found = store.search(later.vectors, 1)
            assert (found.ids, found.models) == (((whole.ids[9],),), (("new",),))
        with pytest.raises(DimensionError):
            store.replace(Templates([whole.ids[9]], np.ones((1, 3), np.float32)), "current")
        assert vectors_in(store, "old") == {id_: row.tobytes() for id_, row in zip(whole.ids, whole.vectors, strict=True)}
        store.back()
        assert vectors_in(store) == {id_: row.tobytes() for id_, row in zip(whole.ids, whole.vectors, strict=True)}

    def test_nothing_is_warned_of(self, store):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            store.info()
            list(store.scan())
