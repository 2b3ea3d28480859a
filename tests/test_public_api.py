"""The public names, and what importing them costs."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import facespace

ROOT = Path(facespace.__file__).parent
HEAVY = ("sklearn", "scipy", "pyarrow", "torch", "cv2", "onnxruntime", "onnx", "altair", "vl_convert", "typer", "rich")
OPTIONAL = ("onnx", "openvino", "dlib", "dlib_bin", "face_recognition_models", "torch")


def _python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def _imports(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Full names of the modules that `tree`, in a module of `package`, imports; below TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            if node.level and not node.module:
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _modules() -> list[tuple[Path, str, tuple[str, ...]]]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        room = parts[0] if len(parts) > 1 else path.stem
        found.append((path, room, ("facespace", *parts[:-1])))
    return found


MODULES = _modules()
NAMES = [path.relative_to(ROOT).as_posix() for path, _, _ in MODULES]


@pytest.mark.parametrize("name", facespace.__all__)
def test_every_public_name_is_there(name):
    assert getattr(facespace, name) is not None
    assert name in dir(facespace)


def test_public_names_are_sorted_once_and_known_to_type_checkers():
    assert list(facespace.__all__) == sorted(set(facespace.__all__))
    tree = ast.parse((ROOT / "__init__.py").read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    named = {a.name for node in checked.body if isinstance(node, ast.ImportFrom) for a in node.names}
    assert named | {"__version__"} == set(facespace.__all__)
    assert (ROOT / "py.typed").exists()


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'embedd'"):
        facespace.embedd  # noqa: B018


def test_a_public_name_is_the_one_of_its_room():
    from facespace.embeddings import EmbeddingSet
    from facespace.studies import cross_model_study

    assert facespace.EmbeddingSet is EmbeddingSet
    assert facespace.cross_model_study is cross_model_study


def test_import_is_fast_and_loads_nothing_heavy():
    def seconds(script: str) -> float:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            _python(script)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    _python("import facespace")  # byte code is compiled once
    assert seconds("import facespace") - seconds("pass") < 0.5
    loaded = json.loads(_python("import sys, json, facespace; print(json.dumps(list(sys.modules)))"))
    assert {name.split(".")[0] for name in loaded} & {*HEAVY, "numpy"} == set()


def test_the_set_and_help_need_no_network_runtime():
    script = "import sys, json; from facespace import EmbeddingSet; print(json.dumps(list(sys.modules)))"
    assert {name.split(".")[0] for name in json.loads(_python(script))} & set(HEAVY) == set()


@pytest.mark.parametrize(("path", "room", "package"), MODULES, ids=NAMES)
def test_optional_packages_are_imported_inside_functions_only(path, room, package):
    """At module level they may stand below TYPE_CHECKING alone."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                assert not set(_imports(decorator, package)) & set(OPTIONAL)
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        tops = {name.split(".")[0] for name in _imports(node, package)}
        assert not tops & set(OPTIONAL)


def test_report_knows_no_face_recognition():
    """It may be taken out and used for anything: none of the field's words names a thing in it."""
    words = re.compile(r"embedding|impostor_|genuine_|cosine|facespace\.(?!report)", re.IGNORECASE)
    for path in (ROOT / "report").glob("*.py"):
        names = {n.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Name)}
        assert not [name for name in names if words.search(name)], path.name
