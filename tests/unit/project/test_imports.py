"""Every module can be the first of the product that a process imports: no import leads back to its module."""

import ast
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def modules() -> dict[str, Path]:
    files = (path for package in ("bot", "cogs") for path in (ROOT / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files
    }


def imports(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """What is imported with the module itself, and not only once its functions run or for its types."""
    for statement in statements:
        match statement:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                assert level == 0
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case ast.If(ast.Name("TYPE_CHECKING"), _, otherwise):
                yield from imports(otherwise)
            case _:
                for part in ("body", "orelse", "finalbody"):
                    yield from imports(getattr(statement, part, ()))
                for handler in getattr(statement, "handlers", ()):
                    yield from imports(handler.body)


def packages(module: str) -> set[str]:
    """The packages that the module is in, which are imported before it."""
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def import_graph(files: dict[str, Path]) -> dict[str, set[str]]:
    """The modules that each one imports, with their packages but for those that it is in itself."""
    graph = {}
    for module, path in files.items():
        imported = {
            name if name in files else name.rpartition(".")[0]
            for name in imports(ast.parse(path.read_text()).body)
        }
        others = set[str]().union(*map(packages, imported)) - packages(module) - {module}
        graph[module] = (imported | others) & files.keys()
    return graph


def test_every_module_can_be_imported_first() -> None:
    graph = import_graph(modules())
    assert "bot.services.ports" in graph["bot.app"] | graph["bot.services.unit_of_work"]
    TopologicalSorter(graph).prepare()


def test_a_circle_of_imports_is_found(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.py" for name in ("one", "two", "three")}
    files["one"].write_text("import two")
    files["two"].write_text("try:\n    from three import x\nexcept ImportError:\n    x = 1")
    files["three"].write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import one")
    TopologicalSorter(import_graph(files)).prepare()
    files["three"].write_text("class X:\n    from one import y")
    with pytest.raises(CycleError):
        TopologicalSorter(import_graph(files)).prepare()
