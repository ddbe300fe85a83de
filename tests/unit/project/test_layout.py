import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[3]
PACKAGES = ("bot", "cogs", "sandbox", "tests", "benchmarks")
MAX_MODULES, MAX_LINES, MAX_FUNCTION_LINES = 14, 400, 40
FLAT = {"bot/domain", "bot/storage/migrations/versions", "tests/unit/domain"}
"""Folders with any number of modules: they have no features to be sorted by."""


def modules(package: str) -> list[Path]:
    return [path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_has_too_many_modules(package: str) -> None:
    counts = Counter(name_of(path.parent) for path in modules(package))
    assert {folder: n for folder, n in counts.items() if n > MAX_MODULES and folder not in FLAT} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_has_too_many_lines(package: str) -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(package)}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_function_has_too_many_lines(package: str) -> None:
    lengths = {
        f"{name_of(path)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in modules(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


def test_the_files_that_are_run_first_are_there() -> None:
    assert LONGEST - {path.stem for path in modules("tests")} == set()
