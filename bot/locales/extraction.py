"""Extraction of commands' descriptions, which are their docstrings; run by `make locales`."""

import ast
from collections.abc import Iterator
from typing import IO


def extract_commands(
    file: IO[bytes],
    keywords: object,  # noqa: ARG001 - Babel's signature
    comment_tags: object,  # noqa: ARG001 - Babel's signature
    options: object,  # noqa: ARG001 - Babel's signature
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield line, function, text and comments of each command's description, as discord.py reads it."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.AsyncFunctionDef) and any(map(_is_command, node.decorator_list)):
            paragraph = (ast.get_docstring(node) or "").split("\n\n")[0]
            yield node.lineno, "gettext", " ".join(paragraph.split()), []


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "command"
