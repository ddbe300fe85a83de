import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
FROZEN = "versions"
"""The folder of the migrations, which are never edited."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    """Yield each function of the product, with its place."""
    for folder in ("bot", "cogs"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent.name != FROZEN:
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, Function):
                        yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def overrides(function: Function) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "override" for one in function.decorator_list)


def test_what_a_method_promises_stands_at_its_port_alone() -> None:
    again = [place for place, one in functions() if overrides(one) and ast.get_docstring(one)]
    assert again == []


def test_no_docstring_stands_twice_for_one_name() -> None:
    seen: dict[tuple[str, str], str] = {}
    twice = []
    for place, one in functions():
        text = ast.get_docstring(one)
        if text is not None and seen.setdefault((one.name, text), place) != place:
            twice.append(f"{place}: as {seen[one.name, text]}")
    assert twice == []
