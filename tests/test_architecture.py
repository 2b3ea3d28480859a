"""The arrows of ARCHITECTURE.md: its table is read here, and every import in src/ is held against it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import facespace

ROOT = Path(facespace.__file__).parent
PAGE = ROOT.parent.parent / "ARCHITECTURE.md"
if not PAGE.exists():
    pytest.skip("not a checkout", allow_module_level=True)

FREE = {"__init__", "_version"}  # the public names; the number of the version, which anybody may print
KNOW_THE_REPORT = {"studies", "cli"}
MOST_FILES = 14  # in one folder


def _table() -> dict[str, set[str]]:
    """Room → rooms it may import, from the rows `| `room` | holds | `a`, `b` |` of ARCHITECTURE.md."""
    rows = re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)`", allowed)) for room, allowed in rows}


def _name(path: Path) -> str:
    parts = ("facespace", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_name(path): path for path in sorted(ROOT.rglob("*.py"))}
PACKAGES = {name for name, path in FILES.items() if path.name == "__init__.py"}
ALLOWED = _table()
#: What each package's __init__ takes from its modules; such a name may be that of a module too (models.embed).
GIVEN = {
    name: {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for name in PACKAGES
}


def _folder(module: str) -> str:
    return module if module in PACKAGES else module.rpartition(".")[0]


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def _imports(module: str, *, typing: bool = True) -> Iterator[str]:
    """Our modules that `module` imports, anywhere in it; below TYPE_CHECKING only with `typing`."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    skipped: set[int] = set()
    if not typing:
        blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
        skipped = {id(inner) for block in blocks for statement in block.body for inner in ast.walk(statement)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        elif isinstance(node, ast.ImportFrom):
            above = _folder(module).split(".")
            above = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                if name in FILES and alias.name not in GIVEN.get(base, ()):
                    yield name
                elif base in FILES:
                    yield base


def test_the_table_has_every_room_and_no_other():
    assert set(ALLOWED) == {_room(module) for module in FILES if FILES[module].parent != ROOT / "data"} - FREE


def test_the_table_has_no_circle():
    left = dict(ALLOWED)
    while left:
        free = {room for room, needed in left.items() if not needed & set(left)}
        assert free, f"these rooms import each other: {sorted(left)}"
        left = {room: needed for room, needed in left.items() if room not in free}


@pytest.mark.parametrize("module", FILES)
def test_a_file_imports_only_what_its_row_allows(module):
    room = _room(module)
    if room in FREE:
        return
    used = {_room(found) for found in _imports(module)} - FREE - {room}
    assert used <= ALLOWED[room]
    if room not in KNOW_THE_REPORT and not module.endswith(("report", "_figures", f".{room}")):
        assert "report" not in used


@pytest.mark.parametrize("module", FILES)
def test_another_folder_is_entered_through_its_init(module):
    """From below, a folder's own modules are at hand; from anywhere else only what its __init__ gives."""
    home = _folder(module)
    for found in _imports(module):
        inside = home == _folder(found) or home.startswith(_folder(found) + ".") or _folder(found) == "facespace"
        assert inside or found in PACKAGES, f"{module} reaches into {found}"


@pytest.mark.parametrize("module", FILES)
def test_private_modules_serve_their_own_folder(module):
    for found in _imports(module):
        if found.rpartition(".")[2].startswith("_") and _room(found) not in FREE:
            assert _folder(found) == _folder(module), f"{module} uses {found}"


def test_nothing_imports_in_a_circle():
    """Lazy imports count; a package's __init__ does not, since its folder's modules are imported through it."""
    left = {
        module: {found for found in _imports(module, typing=False) if found not in PACKAGES}
        for module in FILES
        if module not in PACKAGES
    }
    while left:
        free = {module for module, needed in left.items() if not needed & set(left)}
        assert free, f"these files import each other, or are imported by such: {sorted(left)}"
        left = {module: needed for module, needed in left.items() if module not in free}


def test_no_folder_is_crowded():
    crowd = Counter(path.parent.relative_to(ROOT).as_posix() for path in FILES.values())
    assert {folder: count for folder, count in crowd.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("module", FILES)
def test_modules_stay_readable(module):
    assert len(FILES[module].read_text(encoding="utf-8").splitlines()) <= 320


def test_rooms_say_what_is_public():
    for module in PACKAGES - {"facespace"}:
        tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
        listed = [n for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "__all__"]
        imported = [n for n in tree.body if isinstance(n, ast.ImportFrom)]
        assert listed or not imported, f"{module} re-exports without saying so"
