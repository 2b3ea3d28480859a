"""Do the tests bite? Change one thing in a source file at a time, and see whether a test of its room fails.

    python -m venv …; pip install mutmut            (3.8; it is no dependency of facespace)
    python scripts/mutation_run.py --tests tests/metrics --sample 60 src/facespace/metrics/roc.py …

The mutators are mutmut's for numbers (n + 1), operators, comparisons, booleans, keywords, conditional expressions, and ours
for what decides terms of second order: n − 1, min and max, sides of a search, rounding, and keyword arguments left out
(ddof, axis, side). Left alone: types, imports, docstrings, messages, and what mutmut changes into None, which fails anyway.
mutmut's own runner passes over decorated functions (properties) and constants, so mutants are made and run here: in a copy
of src/ and tests/, one fork for each, which has the heavy libraries loaded already.

With --sample N, N mutants of a file drawn with --seed, else all; with --again those that an earlier run has in its --json as
not killed, for new tests and unchanged sources. A mutant costs 1 to 15 seconds, as long as the tests given
take up to the first that fails; killed ones are quick where the quickest tests are given first. Prints a line per file and
every survivor, and writes all verdicts to --json.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

LOADED = ("numpy", "scipy.stats", "scipy.optimize", "scipy.sparse", "scipy.linalg", "sklearn.metrics", "pyarrow.parquet")
SWAPS = (
    "min max",
    "minimum maximum",
    "argmin argmax",
    "floor ceil",
    "ppf isf",
    "cdf sf",
    "sum mean",
    "var std",
    "'left' 'right'",
)
SWAPPED = {a: b for pair in map(str.split, SWAPS) for a, b in (pair, pair[::-1])}
SKIPPED = (cst.Annotation, cst.Import, cst.ImportFrom, cst.Raise, cst.FormattedString, cst.ConcatenatedString, cst.Decorator)
THEIRS = (
    (cst.BaseNumber, mutators.operator_number),
    (cst.Name, mutators.operator_name),
    (cst.UnaryOperation, mutators.operator_remove_unary_ops),
    (cst.AugAssign, mutators.operator_augmented_assignment),
    (cst.IfExp, mutators.operator_if_exp),
    (cst.CSTNode, mutators.operator_keywords),
    (cst.CSTNode, mutators.operator_swap_op),
)


def ours(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Integer):
        yield cst.parse_expression(f"({node.evaluated_value - 1})")
    elif isinstance(node, cst.Name | cst.SimpleString) and (other := SWAPPED.get(node.value.replace('"', "'"))):
        yield node.with_changes(value=other)
    elif isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        yield node.expression
    elif isinstance(node, cst.Call):
        for i, argument in enumerate(node.args):
            if argument.keyword is not None and argument.keyword.value not in ("dtype", "out", "strict"):
                yield node.with_changes(args=[*node.args[:i], *node.args[i + 1 :]])


class Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.found: list[tuple[cst.CSTNode, cst.CSTNode, int]] = []
        self.keywords: set[cst.Name] = set()  # of arguments: names, not values

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Arg) and node.keyword is not None:
            self.keywords.add(node.keyword)
        if node in self.keywords:
            return False
        if isinstance(node, SKIPPED) or (isinstance(node, cst.FunctionDef) and node.name.value == "__repr__"):
            return False
        if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString):
            return False
        changed = [new for kind, operator in THEIRS if isinstance(node, kind) for new in operator(node)]
        line = self.get_metadata(PositionProvider, node).start.line if changed or list(ours(node)) else 0
        self.found += [(node, new, line) for new in (*changed, *ours(node))]
        return True


def mutants(source: str) -> list[tuple[int, str, str, str]]:
    """(line, the line before, after, whole mutated source) of every change that is still Python."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    finder = Finder()
    wrapper.visit(finder)
    before, found, seen = source.splitlines(), [], {source}
    for old, new, line in finder.found:
        text = wrapper.module.deep_replace(old, new).code
        try:
            compile(text, "mutant", "exec")
        except SyntaxError:
            continue
        if text not in seen:
            seen.add(text)
            gone = [a.strip() for a in before if a not in text.splitlines()]
            came = [b.strip() for b in text.splitlines() if b not in before]
            found.append((line, " ⏎ ".join(gone), " ⏎ ".join(came), text))
    return found


class Hypothesis:
    """The same examples for every mutant, and none made smaller once one fails."""

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile("mutants", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
        settings.load_profile("mutants")


def run_tests(tree: Path, tests: list[str], log: Path, limit: float, *, write_bytecode: bool = False) -> tuple[str, float]:
    """ "killed", "survived" or "timeout", and seconds, of the tests in a fork of this process."""
    start = time.monotonic()
    if (child := os.fork()) == 0:
        os.setsid()
        sys.dont_write_bytecode = not write_bytecode
        os.chdir(tree)
        sys.path.insert(0, str(tree / "src"))
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        import pytest

        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--tb=line", *tests], plugins=[Hypothesis()])
        here = str(sys.modules["facespace"].__file__).startswith(str(tree)) if "facespace" in sys.modules else True
        os._exit(int(code) if here else 99)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        took = time.monotonic() - start
        if done:
            code = os.waitstatus_to_exitcode(status)
            if code == 99:
                raise SystemExit("the tests imported another facespace than the copy's")
            return ("survived" if code == 0 else "killed"), took
        if took > limit:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timeout", took
        time.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tests", nargs="+", required=True, help="files or folders, the quickest first")
    parser.add_argument("--sample", type=int, help="mutants of each file, drawn at random; by default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="add a line for each mutant to this file")
    parser.add_argument("--again", type=Path, help="such a file: only the mutants that were not killed there")
    parser.add_argument("--count", action="store_true", help="only count the mutants")
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in LOADED:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        tree, log = Path(folder, "tree"), Path(folder, "log")
        for name in ("src", "tests"):
            shutil.copytree(name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy("pyproject.toml", tree)
        usual = 0.0
        if not options.count:
            verdict, usual = run_tests(tree, options.tests, log, 1200, write_bytecode=True)
            if verdict != "survived":
                raise SystemExit(f"the tests fail without a change:\n{log.read_text()[-2000:]}")
            print(f"the tests alone take {usual:.1f} s", flush=True)
        for path in options.files:
            one_file(path, options, tree, log, 5 * usual + 10)


def one_file(path: Path, options: argparse.Namespace, tree: Path, log: Path, limit: float) -> None:
    every = mutants(path.read_text())
    if options.again is not None:
        rows = [json.loads(row) for row in options.again.read_text().splitlines()]
        drawn = [row["mutant"] for row in rows if row["file"] == str(path) and row["verdict"] != "killed"]
    else:
        count = min(options.sample or len(every), len(every))
        drawn = sorted(random.Random(f"{options.seed}{path.name}").sample(range(len(every)), count))
    if options.count:
        print(path, len(every))
        return
    target, tally, survivors = tree / path, Counter[str](), []
    for number in drawn:
        line, before, after, text = every[number]
        target.write_text(text)
        for compiled in target.parent.glob(f"__pycache__/{target.stem}.*.pyc"):
            compiled.unlink()
        verdict, took = run_tests(tree, options.tests, log, limit)
        tally[verdict] += 1
        by = next(
            (row.split()[1] for row in log.read_text(errors="replace").splitlines() if row.startswith(("FAILED", "ERROR"))),
            "",
        )
        row = {"file": str(path), "mutant": number, "line": line, "before": before, "after": after}
        row |= {"verdict": verdict, "by": by, "seconds": round(took, 1)}
        if options.json is not None:
            with options.json.open("a") as lines:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        if verdict == "survived":
            survivors.append(f"  {line}: {before}\n     → {after}")
    target.write_text(path.read_text())
    print(f"{path}: {len(every)} mutants, {len(drawn)} run: {dict(tally)}", *survivors, sep="\n", flush=True)


if __name__ == "__main__":
    main()
