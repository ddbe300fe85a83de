"""The command that makes `openapi_extract.json`: `python -m sandbox.discord.extract_schemas FILE`."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from sandbox.discord.payloads import Payload, as_payload, entry, text
from sandbox.discord.server import LocalDiscord

EXTRACT = Path(__file__).with_name("openapi_extract.json")
SOURCE = "https://github.com/discord/discord-api-spec"
LICENSE = """MIT License

Copyright (c) Discord

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
"""The terms of Discord's file, which names them in its `info.license`."""
LEFT_OUT = frozenset({"description", "title", "x-discord-union"})


def extract(document: Payload, *, routes: list[str], taken_on: str) -> Payload:
    """Return the request and answer schemas of the routes, with all they refer to and without prose."""
    shapes: Payload = {}
    for name in routes:
        method, _, template = name.partition(" ")
        operation = entry(entry(entry(document, "paths"), template), method.lower())
        if operation:
            shapes[name] = _shape(operation)
    known = entry(entry(document, "components"), "schemas")
    needed: Payload = {}
    waiting = list(_references(shapes))
    while waiting:
        reference = waiting.pop()
        if reference not in needed:
            needed[reference] = without_prose(known[reference])
            waiting += _references(needed[reference])
    return {
        "source": SOURCE,
        "taken_on": taken_on,
        "license": LICENSE,
        "routes": shapes,
        "components": {"schemas": dict(sorted(needed.items()))},
    }


def without_prose(value: object) -> object:
    """Return the schema without what only people read; a property can well be called `title`."""
    if isinstance(value, dict):
        return {
            str(key): without_prose(item)
            for key, item in value.items()
            if key not in LEFT_OUT or not isinstance(item, str)
        }
    return [without_prose(item) for item in value] if isinstance(value, list) else value


def _shape(operation: Payload) -> Payload:
    body = entry(entry(entry(operation, "requestBody"), "content"), "application/json")
    answers: Payload = {}
    for status, answer in entry(operation, "responses").items():
        content = entry(entry(as_payload(answer), "content"), "application/json")
        if status.startswith("2") and "schema" in content:
            answers[status] = without_prose(content["schema"])
    return {"request": without_prose(body.get("schema")), "answers": answers}


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if reference := text(value, "$ref"):
            yield reference.rpartition("/")[2]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def main() -> None:
    """Write the extract again from the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="Discord's openapi.json")
    parser.add_argument("--taken-on", required=True, help="the date of the file, for example 2026-07-18")
    arguments = parser.parse_args()
    document = as_payload(json.loads(arguments.file.read_text(encoding="utf-8")))
    names = [route.name for route in LocalDiscord().routes()]
    made = extract(document, routes=names, taken_on=arguments.taken_on)
    EXTRACT.write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
