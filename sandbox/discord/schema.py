"""Checking requests and answers against Discord's own schema; needs jsonschema, which only tests have."""

import json
from datetime import datetime

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from sandbox.discord.extract_schemas import EXTRACT
from sandbox.discord.payloads import Payload, as_payload, entry

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """Whether a string is a time with a zone; anything else is left to the type."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class SchemaChecker:
    """A checker for the local Discord that keeps what it finds in `problems`."""

    def __init__(self) -> None:
        self._extract = as_payload(json.loads(EXTRACT.read_text(encoding="utf-8")))
        self._validators: dict[tuple[str, str], Draft202012Validator | None] = {}
        self.problems: list[str] = []
        self.checked = 0

    def request(self, route: str, *, body: object) -> None:
        """A request's body has been checked; `problems` tells what was wrong."""
        if body is not None:
            self._check(route, part="request", body=body)

    def response(self, route: str, *, status: int, body: object) -> None:
        """An answer's body has been checked; `problems` tells what was wrong."""
        if body is not None:
            self._check(route, part=str(status), body=body)

    def _check(self, route: str, *, part: str, body: object) -> None:
        key = (route, part)
        if key not in self._validators:
            self._validators[key] = self._validator(route, part=part)
        validator = self._validators[key]
        if validator is None:
            self.problems.append(f"{route} {part}: Discord's file has no schema for it")
            return
        self.checked += 1
        if error := best_match(validator.iter_errors(body)):
            self.problems.append(f"{route} {part} at {error.json_path}: {error.message[:400]}")

    def _validator(self, route: str, *, part: str) -> Draft202012Validator | None:
        shape = entry(entry(self._extract, "routes"), route)
        schema = entry(shape, "request") if part == "request" else entry(entry(shape, "answers"), part)
        if not schema:
            return None
        schemas = entry(entry(self._extract, "components"), "schemas")
        if part == "request":
            # The file says text, yet Discord takes ids as numbers too, and discord.py sends them so.
            schemas["SnowflakeType"] = {"type": ["string", "integer"]}
        whole: Payload = {**schema, "components": {"schemas": schemas}}
        return Draft202012Validator(whole, format_checker=formats)
