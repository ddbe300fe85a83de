"""Checks of requests and answers against Discord's own schema, with jsonschema-rs, which only tests have."""

import json
from functools import cache

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from sandbox.discord.extract_schemas import EXTRACT
from sandbox.discord.payloads import Payload, as_payload, entry

_TEXT, _NOTHING = {"type": "string"}, {"type": "array", "maxItems": 0}
_AUDIT_LOG_ENTRY: Payload = {
    "type": "object",
    "required": ["id", "action_type", "user_id", "target_id"],
    "properties": {
        "id": _TEXT,
        "action_type": {"type": "integer"},
        "user_id": _TEXT,
        "target_id": _TEXT,
    },
    "additionalProperties": False,
}
_AUDIT_LOG: Payload = {
    "audit_log_entries": {"type": "array", "items": _AUDIT_LOG_ENTRY},
    "users": {"type": "array", "items": {"$ref": "#/components/schemas/UserResponse"}},
    **dict.fromkeys(("application_commands", "auto_moderation_rules", "guild_scheduled_events"), _NOTHING),
    **dict.fromkeys(("integrations", "threads", "webhooks"), _NOTHING),
}
OF_REFERENCE: Payload = {
    "GET /guilds/{guild_id}/audit-logs": {
        "answers": {"200": {"type": "object", "required": [*_AUDIT_LOG], "properties": _AUDIT_LOG}}
    },
}
"""Routes that are newer here than the file, with schemas made by Discord's reference ("Audit Log Object")."""


class SchemaChecker:
    """A checker for the local Discord that keeps what it finds in `problems`."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.checked = 0

    def request(self, route: str, *, body: object) -> None:
        """Check a request's body; `problems` tells what is wrong."""
        if body is not None:
            self._check(route, part="request", body=body)

    def response(self, route: str, *, status: int, body: object) -> None:
        """Check an answer's body; `problems` tells what is wrong."""
        if body is not None:
            self._check(route, part=str(status), body=body)

    def _check(self, route: str, *, part: str, body: object) -> None:
        validator = _validator(route, part)
        if validator is None:
            self.problems.append(f"{route} {part}: Discord's file has no schema for it")
            return
        self.checked += 1
        if not validator.is_valid(body):
            error = max(map(_deepest, validator.iter_errors(body)), key=_depth)
            where = "/".join(map(str, error.instance_path))
            self.problems.append(f"{route} {part} at {where}: {error.message[:400]}")


@cache
def _validator(route: str, part: str) -> Draft202012Validator | None:
    """Return the schema of a route's request, or of its answer of that status; None if there is none."""
    extract = _extract()
    shape = entry(entry(extract, "routes") | OF_REFERENCE, route)
    schema = entry(shape, "request") if part == "request" else entry(entry(shape, "answers"), part)
    if not schema:
        return None
    # The file knows replies alone; forwards are in the reference, "Message Reference Types".
    schemas = entry(entry(extract, "components"), "schemas") | {"MessageReferenceType": {"enum": [0, 1]}}
    if part == "request":
        # The file says text, yet Discord takes ids as numbers too, and discord.py sends them so.
        schemas = schemas | {"SnowflakeType": {"type": ["string", "integer"]}}
    whole: Payload = {**schema, "components": {"schemas": schemas}}
    return Draft202012Validator(whole, validate_formats=True, offline=True)


@cache
def _extract() -> Payload:
    return as_payload(json.loads(EXTRACT.read_text(encoding="utf-8")))


def _deepest(error: ValidationError) -> ValidationError:
    """Return what is wrong inside the alternative that fits best, if none of several fits."""
    match error.kind:
        case ValidationErrorKind.AnyOf(context) | ValidationErrorKind.OneOfNotValid(context):
            return max((_deepest(one) for errors in context for one in errors), key=_depth, default=error)
        case _:
            return error


def _depth(error: ValidationError) -> int:
    return len(error.instance_path)
