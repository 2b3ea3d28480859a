"""Arrays and paths are taken where sets, lists of pairs and maps are, by every public function; the rest is our error."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest

import facespace as fs
from facespace.datasets import BlufrProtocol, BlufrSplit, person_templates
from facespace.embeddings import EmbeddingSet
from facespace.errors import FacespaceError, FileFormatError, GuessWarning, InputError
from facespace.given import takes

N, P, Q = 240, 12, 10
RNG = np.random.default_rng(0)
PERSON = np.repeat(np.arange(N // 4), 4)
X = (RNG.normal(size=(N // 4, P))[PERSON] + 0.4 * RNG.normal(size=(N, P))).astype(np.float32)
Y = (X @ RNG.normal(size=(P, Q)) + 0.1 * RNG.normal(size=(N, Q))).astype(np.float32)
IDS = [f"p{person}/{n}" for n, person in enumerate(PERSON)]
OLD, NEW = EmbeddingSet(X, IDS, model="old"), EmbeddingSet(Y, IDS, model="new")
PAIRS = fs.PairProtocol(
    "made", IDS[::2] * 2, IDS[1::2] + [IDS[(i + 9) % N] for i in range(0, N, 2)],
    [True] * (N // 2) + [False] * (N // 2), [i % 4 for i in range(N // 2)] * 2,
)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The sets, the pairs and a map as files."""
    folder = tmp_path_factory.mktemp("files")
    rows = zip(PAIRS.left, PAIRS.right, PAIRS.same, PAIRS.fold, strict=True)
    lines = [f"{left},{right},{int(same)},{fold}" for left, right, same, fold in rows]
    (folder / "pairs.csv").write_text("\n".join(["id1,id2,same,fold", *lines]) + "\n")
    for faces in (OLD, NEW):
        faces.save(folder / f"{faces.model}.parquet")
    EmbeddingSet(X, IDS).save(folder / "old.npz")
    fs.fit_map(OLD, NEW, "ridge").save(folder / "map.safetensors")
    return folder


def test_sets_are_taken_from_files(files):
    fitted = fs.fit_map(str(files / "old.parquet"), files / "new.parquet", "ridge")
    assert np.array_equal(fitted.weight, fs.fit_map(OLD, NEW, "ridge").weight)
    assert np.array_equal(fs.fit_map(files / "old.npz", NEW, "ridge").weight, fitted.weight)


def test_everything_is_taken_from_files(files):
    old, new, pairs, fitted = (str(files / name) for name in ("old.parquet", "new.parquet", "pairs.csv", "map.safetensors"))
    by_paths = fs.verify(old, new, protocol=pairs, map=fitted)
    by_objects = fs.verify(OLD, NEW, protocol=PAIRS, map=fs.load_map(files / "map.safetensors"))
    assert by_paths.accuracy.mean == by_objects.accuracy.mean
    assert by_paths.auc == by_objects.auc


def test_pairs_are_made_of_files_and_frames_too(files):
    made = fs.person_pairs(OLD, NEW)
    by_paths = fs.person_pairs(files / "old.parquet", str(files / "new.parquet"))
    assert [by_paths.left.tolist(), by_paths.right.tolist()] == [made.left.tolist(), made.right.tolist()]
    assert fs.verify(str(files / "old.parquet")).pairs == len(fs.person_pairs(OLD.to_frame()))
    for wrong in (3, X, [1, 2], object(), {"a": 1}):
        with pytest.raises(InputError, match="pairs are made of a set or of the ids of images"):
            fs.person_pairs(wrong)
    with pytest.raises(FileFormatError, match="no such file"):
        fs.person_pairs("no such file.parquet")
    with pytest.raises(InputError, match="no System"):
        fs.compare_systems(OLD, NEW)


def test_rows_of_arrays_are_paired_by_position_and_it_is_said():
    with pytest.warns(
        GuessWarning, match="paired by position; nobody is known in them, so each row counts as its own person"
    ):
        fitted = fs.fit_map(X, Y, "ridge", judge=False)
    assert np.allclose(fitted.weight, fs.fit_map(OLD, NEW, "ridge", judge=False).weight, atol=1e-6)
    with pytest.warns(GuessWarning, match="the rows of target have no ids: source and target are paired by position$"):
        half = fs.fit_map(OLD, Y, "ridge")
    assert np.array_equal(half.weight, fs.fit_map(OLD, NEW, "ridge").weight)
    assert half.facts["subjects"] == N // 4
    with pytest.raises(InputError, match="source 240 and target 100 rows are not as many"):
        fs.fit_map(X, Y[:100])


def test_arrays_of_all_kinds_are_taken():
    torch = pytest.importorskip("torch")
    frames = pytest.importorskip("pandas")
    wanted = fs.fit_map(OLD, NEW, "ols", judge=False).weight
    for one, other in ((X.tolist(), Y.tolist()), (torch.tensor(X), torch.tensor(Y)), (X.astype(np.float64), list(Y))):
        with pytest.warns(GuessWarning):
            assert np.allclose(fs.fit_map(one, other, "ols", judge=False).weight, wanted, atol=1e-5)
    assert isinstance(OLD.to_frame(), frames.DataFrame)
    assert np.array_equal(fs.fit_map(OLD.to_frame(), NEW.to_frame(), "ols", judge=False).weight, wanted)


def test_a_map_moves_arrays_and_files(files):
    fitted = fs.load_map(files / "map.safetensors")
    moved = fitted.apply(X)
    assert np.array_equal(moved.vectors, fitted.apply(OLD).vectors)
    assert np.array_equal(fitted.apply(str(files / "old.parquet")).vectors, moved.vectors)
    assert np.array_equal(fitted.apply(EmbeddingSet.open(files / "old.parquet")).vectors, moved.vectors)
    assert np.array_equal(fitted.transform(OLD), moved.vectors)
    assert np.array_equal(fitted.transform(X.tolist()), moved.vectors)
    both = fs.fit_map(OLD, NEW, "joint", regularization=0.1)
    assert np.array_equal(both.apply(X, "source").vectors, both.apply(OLD).vectors)
    hub = fs.CanonicalSpace.fit({"old": files / "old.parquet", "new": NEW})
    assert np.array_equal(hub.apply("old", X).vectors, hub.apply("old", OLD).vectors)


def test_several_rates_give_several_thresholds():
    fitted = fs.fit_map(OLD, NEW, "ridge")
    one = fs.transfer_threshold(fitted, OLD, NEW, far=1e-1)
    several = fs.transfer_threshold(fitted, OLD, NEW, far=[1e-1, 0.2])
    assert several[0] == one
    assert [found.far for found in several] == [0.1, 0.2]
    assert fs.transfer_threshold(fitted, OLD, NEW, np.float64(0.1)) == one
    for wrong in ("0.1x", None, [None], {"a"}):
        with pytest.raises(InputError, match="fars must be a rate or a list of rates"):
            fs.transfer_threshold(fitted, OLD, NEW, far=wrong)


def test_rows_of_arrays_that_are_not_paired_are_different_images():
    """Were row 3 of both one image, a pair of it would be left out, and identify would refuse it on both sides."""
    fitted = fs.fit_map(OLD, NEW, "ridge")
    found = fs.transfer_threshold(fitted, X, Y, 0.1, genuine_share=0.0)
    assert found.pairs == N * N
    with pytest.raises(InputError, match="nothing says who is in the images of the gallery"):
        fs.identify(Y, X, map=fitted)


def test_a_system_takes_paths(files):
    by_paths = fs.compare_systems(fs.System(files / "old.parquet"), fs.System(str(files / "new.parquet")), protocol=PAIRS)
    assert by_paths == fs.compare_systems(fs.System(OLD), fs.System(NEW), protocol=PAIRS)
    with pytest.raises(InputError, match="no System"):
        fs.compare_systems(OLD, NEW, protocol=PAIRS)


#: Every public function's arguments that are sets, lists and maps, and good ones for those it needs.
GOOD = {
    "a": OLD, "b": NEW, "source": OLD, "target": NEW, "first": OLD, "second": NEW, "faces": OLD, "gallery": OLD,
    "probes": OLD, "sets": [OLD, NEW], "protocol": PAIRS, "map": None, "start": None, "exclude": None, "cohort": None,
    "mapping": None,
}  # fmt: skip
TAKEN = {
    "audit_linkage": "source target", "compare_capacity": "sets", "plan_capacity": "faces cohort",
    "audit_attributes": "faces", "audit_mixture": "faces reference", "audit_labels": "sets",
    "check_pairs": "source target protocol exclude",
    "audit_protections": "faces others protocol", "audit_privacy": "sets protocol reference",
    "cross_model_study": "sets protocol", "estimate_capacity": "faces",
    "explain_black_box": "mapping", "explain_pair": "mapping", "fit_map": "source target protocol exclude start",
    "gallery_size": "faces", "hiding_game": "protocol", "hub_study": "sets protocol",
    "identify": "gallery probes map cohort", "match_probes": "gallery probes map cohort",
    "pairs_needed": "source target protocol", "pool_templates": "faces protocol",
    "rank_study": "source target protocol", "refine_map": "start source target",
    "sensitivity_study": "source target protocol", "study_agreement": "first second", "template_study": "sets protocol",
    "transfer_threshold": "map source target", "verify": "a b protocol map cohort", "verify_blufr": "a b protocol map",
    "verify_templates": "a b protocol map cohort", "compare_systems": "protocol",
}  # fmt: skip
TEMPLATES = person_templates(OLD)
LISTS = {
    "pool_templates": TEMPLATES, "verify_templates": TEMPLATES, "template_study": TEMPLATES,
    "verify_blufr": BlufrProtocol("made", OLD.ids, PERSON, (BlufrSplit(*[np.arange(N)] * 4),)),
}  # fmt: skip


def test_the_list_of_functions_is_whole():
    """Whoever adds a public function that takes a set, a list of pairs or a map, lets it take the other forms too."""
    found = {}
    for name in fs.__all__:
        function = getattr(fs, name)
        if inspect.isfunction(function):
            names = [
                parameter for parameter, given in inspect.signature(function).parameters.items()
                if any(word in str(given.annotation) for word in ("Set", "PairProtocol", "TemplateProtocol", "BlufrProtocol",
                                                                 "PairMap", "LinearMap", "Cohort", "ProtocolLike",
                                                                 "MapFile"))
                and "str | Path" not in str(given.annotation)
            ]  # fmt: skip
            if names:
                found[name] = " ".join(names)
    assert found.pop("compare_systems") == "protocol"
    assert found == {name: told for name, told in TAKEN.items() if name != "compare_systems"}


@pytest.mark.parametrize(("name", "argument"), [(name, one) for name, told in TAKEN.items() for one in told.split()])
@pytest.mark.parametrize("wrong", [3, 2.5, b"bytes", {"a": 1}, ["x"], object(), "no such file.parquet", lambda: 0])
def test_what_is_none_is_our_error_and_says_what_to_give(name, argument, wrong):
    function = getattr(fs, name)
    parameters = inspect.signature(function).parameters
    needed = [p for p, given in parameters.items() if given.default is inspect.Parameter.empty and p != "options"]
    values = {p: GOOD.get(p) for p in needed} | {argument: wrong}
    fitted = fs.fit_map(OLD, NEW, "ols", judge=False)
    others = {"start": fitted, "map": fitted, "far": 0.1, "protocol": LISTS.get(name, PAIRS)}
    values |= {one: value for one, value in others.items() if one in needed and one != argument}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessWarning)
        with pytest.raises(FacespaceError) as caught:
            function(**values)
    assert caught.value.message
    assert caught.value.hint
    if wrong not in ("no such file.parquet", ["x"]):  # of a file its name is told
        assert argument in caught.value.message


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileFormatError, match="no such file"):
        fs.fit_map("old.parquet", NEW)
    with pytest.raises(FileFormatError, match="no such file"):
        fs.verify(OLD, protocol="no-pairs.csv")


def test_calls_that_are_wrong_stay_pythons_errors():
    with pytest.raises(TypeError, match="target"):
        fs.fit_map(OLD)
    with pytest.raises(TypeError, match="multiple values"):
        fs.fit_map(OLD, NEW, source=OLD)
    with pytest.raises(TypeError, match="unexpected keyword"):
        fs.fit_map(OLD, NEW, sorce=OLD)


def test_what_is_wrapped_keeps_its_name_and_signature():
    assert fs.fit_map.__name__ == "fit_map"
    assert list(inspect.signature(fs.fit_map).parameters)[:3] == ["source", "target", "method"]
    assert "Fit the map from" in fs.fit_map.__doc__


def test_a_large_file_stays_one(files, monkeypatch):
    import facespace.given as module

    monkeypatch.setattr(module, "_IN_MEMORY", 100)
    seen = {}

    @takes(faces=module.ANY, small=module.FACES)
    def look(faces, small):
        seen.update(faces=faces, small=small)

    look(Path(files / "old.parquet"), files / "new.parquet")
    assert type(seen["faces"]).__name__ == "StoredSet"
    assert isinstance(seen["small"], EmbeddingSet)
