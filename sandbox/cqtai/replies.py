"""Replies before they become HTTP: the provider's envelope, its refusals and its other shapes."""

import json
from dataclasses import dataclass, field, replace

from aiohttp import web

from sandbox.cqtai.effects import Envelope, Page, Refuse
from sandbox.cqtai.inspiration import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP status and its body text."""

    status: int
    text: str
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def to_response(self) -> web.Response:
        """Return the reply as aiohttp sends it."""
        body = self.text.encode()
        return web.Response(
            status=self.status,
            body=body,
            content_type=self.content_type,
            charset="utf-8",
            headers=self.headers,
        )


def success(content: JsonValue, *, shape: Envelope | None = None) -> Reply:
    """Return `{"code": 200, "msg": "success", "data": ...}`, or another shape of it."""
    shape = shape or Envelope()
    envelope: JsonObject = {
        "code": shape.code,
        shape.text_key: "success",
        "data": None if shape.data_null else content,
    }
    if shape.with_unknown_fields:
        envelope |= {"traceId": "c0ffee", "cost": {"credits": 30}}
    return Reply(shape.http_status, json.dumps(envelope, ensure_ascii=False))


def refusal(refuse: Refuse) -> Reply:
    """Return the refusal as an HTTP status, or as HTTP 200 with a code, as the effect says."""
    code = str(refuse.code) if refuse.code_as_text else refuse.code
    envelope: JsonObject = {"code": code, refuse.text_key: refuse.msg, "data": None}
    reply = Reply(refuse.code if refuse.http else 200, json.dumps(envelope, ensure_ascii=False))
    if refuse.retry_after_s is None:
        return reply
    return replace(reply, headers={"Retry-After": str(refuse.retry_after_s)})


def page(effect: Page) -> Reply:
    """Return a reply without an envelope."""
    return Reply(effect.status, effect.body, effect.content_type)
