"""A reader of the YAML that this repository has: blocks, scalars, lists of scalars. It refuses the rest."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PAIR = re.compile(r"""((?:[\w./$-]|"[^"]*")+):(?: +(.+))?""")
_COMMENT = re.compile(r"(?:^|\s+)#.*")
_QUOTED = re.compile(r'"[^"]*"')
_REFUSED = tuple("&*!{@`%>")
"""What begins anchors, aliases, tags, flow mappings and reserved forms."""
_WORDS = {"true": True, "false": False, "null": None, "~": None}


@dataclass(frozen=True, slots=True)
class Line:
    """A line's text without its indentation."""

    indent: int
    text: str


def documents(path: Path) -> list[dict[str, Any]]:
    """The mappings that the file has."""
    return [_mapping(text) for text in re.split(r"(?m)^---$", path.read_text(encoding="utf-8"))]


def document(path: Path) -> dict[str, Any]:
    """The one mapping that the file has."""
    (only,) = documents(path)
    return only


def _mapping(text: str) -> dict[str, Any]:
    lines = list(_lines(text))
    found = _block(lines)
    if lines or not isinstance(found, dict):
        raise ValueError(f"not understood: {lines[:1] or found}")
    return found


def _lines(text: str) -> Iterator[Line]:
    literal: int | None = None
    for raw in text.splitlines():
        indent = len(raw) - len(raw.lstrip(" "))
        if literal is not None and (indent > literal or not raw.strip()):
            yield Line(indent, raw.strip())
            continue
        if "\t" in raw:
            raise ValueError(f"not understood: {raw}")
        text = _without_comment(raw)
        if text.strip():
            literal = indent if text.endswith((" |", " >-")) else None
            yield Line(indent, text.strip())


def _without_comment(raw: str) -> str:
    masked = _QUOTED.sub(lambda found: "x" * len(found[0]), raw)
    comment = _COMMENT.search(masked)
    return raw[: comment.start()] if comment else raw


def _block(lines: list[Line]) -> object:
    """Read the block that begins with the first line, and remove its lines."""
    indent = lines[0].indent
    if lines[0].text.startswith("- "):
        return list(_items(lines, indent))
    block: dict[str, object] = {}
    while lines and lines[0].indent == indent and not lines[0].text.startswith("- "):
        line = lines.pop(0)
        pair = _PAIR.fullmatch(line.text)
        if pair is None or pair[1].strip('"') in block:
            raise ValueError(f"no pair, or twice: {line.text}")
        block[pair[1].strip('"')] = _value(pair[2], lines, indent)
    return block


def _items(lines: list[Line], indent: int) -> Iterator[object]:
    while lines and lines[0].indent == indent and lines[0].text.startswith("- "):
        text = lines.pop(0).text[2:]
        if _PAIR.fullmatch(text):
            lines.insert(0, Line(indent + 2, text))
            yield _block(lines)
        else:
            yield _scalar(text)


def _value(text: str | None, lines: list[Line], indent: int) -> object:
    if text in {"|", ">-"}:
        inner = []
        while lines and (lines[0].indent > indent or not lines[0].text):
            inner.append(lines.pop(0).text)
        return ("\n" if text == "|" else " ").join(inner).strip()
    if text is not None:
        return _scalar(text)
    deeper = lines and (lines[0].indent > indent or (lines[0].indent == indent and lines[0].text[:2] == "- "))
    return _block(lines) if deeper else None


def _scalar(text: str) -> object:
    if text.startswith("["):
        return [_scalar(part.strip()) for part in text.strip("[]").split(",") if part.strip()]
    if text.startswith('"'):
        return json.loads(text)
    if text.startswith("'"):
        return text.strip("'").replace("''", "'")
    if text.startswith(_REFUSED) and text != "{}":
        raise ValueError(f"not understood: {text}")
    if text == "{}":
        return {}
    return int(text) if re.fullmatch(r"-?\d+", text) else _WORDS.get(text, text)
