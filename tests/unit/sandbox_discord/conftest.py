from collections.abc import Mapping

import pytest

from sandbox.discord import LocalDiscord
from sandbox.discord.errors import ApiError
from sandbox.discord.payloads import Payload, as_payload
from sandbox.discord.rest.endpoint import Call
from sandbox.discord.rules.messages import Upload
from tests.harness.clock import FakeClock


class Api:
    """The routes without HTTP: an answer is its JSON, a refusal its status and code."""

    def __init__(self, discord: LocalDiscord) -> None:
        self.discord = discord
        self.routes = {route.name: route for route in discord.routes()}

    def answer(
        self,
        name: str,
        *,
        body: object = None,
        files: dict[int, Upload] | None = None,
        query: dict[str, str] | None = None,
        at: Mapping[str, object] | None = None,
    ) -> object:
        known = {"application_id": self.discord.application_id, "webhook_id": self.discord.application_id}
        texts = {key: str(value) for key, value in {**known, **(at or {})}.items()}
        strict = self.discord.state.strict
        call = Call(ids=texts, query=query or {}, body=body, files=files or {}, strict=strict)
        return self.routes[name].handle(call).payload

    def ask(
        self,
        name: str,
        *,
        body: object = None,
        files: dict[int, Upload] | None = None,
        query: dict[str, str] | None = None,
        at: Mapping[str, object] | None = None,
    ) -> Payload:
        return as_payload(self.answer(name, body=body, files=files, query=query, at=at))

    def refused(
        self,
        name: str,
        *,
        body: object = None,
        files: dict[int, Upload] | None = None,
        at: Mapping[str, object] | None = None,
    ) -> tuple[int, int]:
        with pytest.raises(ApiError) as refusal:
            self.answer(name, body=body, files=files, at=at)
        return refusal.value.status, refusal.value.code

    def callback(self, token: str, *, kind: int, data: Payload | None = None) -> Payload:
        interaction = self.discord.state.interactions.by_token[token]
        answered = self.answer(
            "POST /interactions/{interaction_id}/{interaction_token}/callback",
            body={"type": kind, "data": data or {}},
            query={"with_response": "1"},
            at={"interaction_id": interaction.id, "interaction_token": token},
        )
        return as_payload(answered)


POST = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
GET = "GET /channels/{channel_id}/messages/{message_id}"
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
FOLLOW_UP = "POST /webhooks/{webhook_id}/{webhook_token}"
EDIT_ORIGINAL = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
DELETE_ORIGINAL = "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original"
COMMANDS = "PUT /applications/{application_id}/commands"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def discord(clock: FakeClock) -> LocalDiscord:
    return LocalDiscord(clock=clock)


@pytest.fixture
def api(discord: LocalDiscord) -> Api:
    return Api(discord)


def option(name: str, kind: int, **more: object) -> Payload:
    return {"name": name, "type": kind, "description": "what it is", **more}


def command(name: str, *options: Payload, **more: object) -> Payload:
    return {"name": name, "type": 1, "description": "what it does", "options": list(options), **more}
