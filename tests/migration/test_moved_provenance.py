"""What a moved gallery says of where it comes from, and who may judge it."""

import numpy as np
import pytest
from two_networks import world

from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.gallery.stores import open_gallery
from facespace.mapping import load_map
from facespace.migration import Migration, make_plan


@pytest.fixture
def planned(scene):
    make_plan(scene.url, scene.map, *scene.check, far=0.01, margin=0.2).save(scene.folder / "plan.json")
    return scene


def migration(scene) -> Migration:
    return Migration(scene.folder / "plan.json")


def test_a_set_that_was_moved_says_so(scene):
    """Whoever reads the gallery's files sees what brought the vectors there, and whom the map was fitted on."""
    fitted = world(150, seed=1)[0].take(np.arange(9))
    both = type(fitted)(
        np.concatenate([scene.gallery[0].vectors, fitted.vectors]), [*scene.gallery[0].ids, *fitted.ids], model="old"
    )
    path = scene.folder / "faces.parquet"
    both.save(path)
    plan = make_plan(str(path), scene.map, *scene.check, far=0.01, margin=0.2)
    assert plan.maps["templates"]["fitted_in_gallery"] == 9
    plan.save(scene.folder / "plan.json")
    one = migration(scene)
    one.run()
    one.verify()
    one.switch()
    moved = EmbeddingSet.load(path)
    assert moved.model == "new<-old"
    assert moved.space == "new"
    assert moved.mapped["fitted"] == 9
    assert {key: moved.mapped[key] for key in ("method", "source", "target")} == {
        "method": "ridge", "source": "old", "target": "new",
    }  # fmt: skip
    applied = load_map(scene.map).apply(both)
    assert applied.mapped["map"] == moved.mapped["map"]
    one.back()
    assert EmbeddingSet.load(path).mapped is None


@pytest.mark.parametrize("kind", ["sqlite", "parquet", "lancedb", "postgresql"])
def test_a_copy_of_a_moved_gallery_says_that_it_was_moved(planned, kind, request):
    one = migration(planned)
    for step in ("run", "verify", "switch"):
        getattr(one, step)()
    info = open_gallery(planned.url).info()
    assert (info.model, info.mapped["source"], info.mapped["target"]) == ("new", "old", "new")
    folder = planned.folder
    if kind == "lancedb":
        pytest.importorskip("lance")
    url = {"sqlite": f"sqlite:{folder}/copy.db#faces", "parquet": f"{folder}/first.parquet"}
    url["lancedb"] = f"lancedb:{folder}/l#faces"
    between = f"{request.getfixturevalue('postgres')}#copied_faces" if kind == "postgresql" else url[kind]
    open_gallery(between).write_all(open_gallery(planned.url).scan(), info.model, info.mapped)
    told = open_gallery(between).info()
    assert told.mapped["map"] == info.mapped["map"]
    out = folder / "out.parquet"
    open_gallery(str(out)).write_all(open_gallery(between).scan(), told.model, told.mapped)
    moved = EmbeddingSet.load(out)
    assert (moved.model, moved.space, moved.mapped["map"]) == ("new<-old", "new", info.mapped["map"])


def test_fresh_people_are_others_than_those_of_map_and_plan(planned):
    migration(planned).run()
    with pytest.raises(InputError, match="whom map or plan have seen"):
        migration(planned).verify(planned.check)
    with pytest.raises(InputError, match="whom map or plan have seen"):
        migration(planned).verify(world(150, seed=1))
    both = [
        EmbeddingSet(np.concatenate([a.vectors, b.vectors]), [*a.ids, *b.ids], model=a.model)
        for a, b in zip(planned.check, planned.fresh, strict=True)
    ]
    assert migration(planned).verify(tuple(both)).fresh["people"] == 120
