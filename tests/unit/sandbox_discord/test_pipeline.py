from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from sandbox.discord import Bucket, Fault, FaultKind, Limits, LocalDiscord
from sandbox.discord.payloads import Payload, as_payload
from tests.harness.clock import FakeClock
from tests.unit.sandbox_discord.conftest import COMMANDS, Api, command


class Client:
    def __init__(self, discord: LocalDiscord, session: aiohttp.ClientSession) -> None:
        self.discord = discord
        self.session = session

    async def ask(
        self, method: str, path: str, *, body: object = None, token: str | None = None
    ) -> tuple[aiohttp.ClientResponse, Payload]:
        headers = {"Authorization": f"Bot {self.discord.token if token is None else token}"}
        url = self.discord.api_url + path
        async with self.session.request(method, url, json=body, headers=headers) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            return response, as_payload(await response.json()) if is_json else {}

    async def post(self, content: str = "x") -> tuple[aiohttp.ClientResponse, Payload]:
        path = f"/channels/{self.discord.channel('general').id}/messages"
        return await self.ask("POST", path, body={"content": content})


@asynccontextmanager
async def served(limits: Limits | None = None, clock: FakeClock | None = None) -> AsyncIterator[Client]:
    discord = LocalDiscord(limits=limits, clock=clock or FakeClock())
    async with discord, aiohttp.ClientSession() as session:
        yield Client(discord, session)


async def test_an_answer_is_json_without_a_charset_and_came_via_the_edge() -> None:
    async with served() as client:
        response, body = await client.ask("GET", "/users/@me")
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Via"]
        assert body["id"] == str(client.discord.application_id)
        record = client.discord.requests[-1]
        assert (record.method, record.route, record.status) == ("GET", "/users/@me", 200)


async def test_a_wrong_token_is_unauthorized_and_counts_as_invalid() -> None:
    async with served() as client:
        response, body = await client.ask("GET", "/users/@me", token="wrong")
        assert (response.status, body) == (401, {"message": "401: Unauthorized", "code": 0})
        client.discord.disruptions.reject_bot_token()
        response, _ = await client.ask("GET", "/users/@me")
        assert response.status == 401
        assert client.discord.invalid_requests == 2


async def test_too_many_invalid_requests_are_turned_away_at_the_edge() -> None:
    async with served(Limits(invalid_requests=Bucket(requests=2, per_s=600))) as client:
        for _ in range(2):
            await client.ask("GET", "/users/@me", token="wrong")
        response, _ = await client.ask("GET", "/users/@me")
        assert response.status == 429
        assert "Via" not in response.headers


async def test_what_is_not_implemented_is_refused_loudly_and_remembered() -> None:
    async with served() as client:
        response, _ = await client.ask("GET", "/voice/regions")
        assert response.status == 501
        response, _ = await client.ask(
            "POST", f"/channels/{client.discord.channel('general').id}/messages", body={"poll": {"a": 1}}
        )
        assert response.status == 501
        assert len(client.discord.unimplemented) == 2


async def test_a_body_that_is_no_json_is_refused() -> None:
    async with served() as client:
        url = f"{client.discord.api_url}/channels/{client.discord.channel('general').id}/messages"
        headers = {"Authorization": f"Bot {client.discord.token}"}
        async with client.session.post(url, data=b"{", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_a_channel_takes_five_messages_in_five_seconds() -> None:
    clock = FakeClock()
    async with served(clock=clock) as client:
        answers = [await client.post() for _ in range(6)]
        assert [response.status for response, _ in answers] == [200] * 5 + [429]
        assert [response.headers["X-RateLimit-Remaining"] for response, _ in answers] == [*"43210", "0"]
        refused, body = answers[-1]
        assert (body["retry_after"], body["global"]) == (1.0, False)
        assert (refused.headers["X-RateLimit-Scope"], refused.headers["Retry-After"]) == ("user", "1")
        assert refused.headers["X-RateLimit-Reset-After"] == "5.000"
        assert client.discord.rate_limited == 1
        clock.advance(1)
        assert [(await client.post())[0].status for _ in range(2)] == [200, 429]


async def test_the_bot_has_fifty_requests_a_second_but_answers_are_not_counted() -> None:
    async with served(Limits(bot_requests=Bucket(requests=2, per_s=1))) as client:
        for _ in range(2):
            assert (await client.ask("GET", "/users/@me"))[0].status == 200
        response, body = await client.ask("GET", "/gateway/bot")
        assert (response.status, body["global"]) == (429, True)
        assert response.headers["X-RateLimit-Global"] == "true"
        Api(client.discord).ask(COMMANDS, body=[command("do")])
        used = await client.discord.member("Ada").slash("general", "do")
        path = f"/interactions/{used.id}/{used.interaction.token}/callback"
        response, _ = await client.ask("POST", path, body={"type": 5})
        assert response.status == 204
        hook = f"/webhooks/{client.discord.application_id}/{used.interaction.token}"
        edits = [
            await client.ask("PATCH", f"{hook}/messages/@original", body={"content": str(number)})
            for number in range(6)
        ]
        assert [response.status for response, _ in edits] == [200] * 5 + [429]


async def test_a_channel_takes_thirty_follow_ups_a_minute_from_all_interactions() -> None:
    async with served(Limits(channel_webhook=Bucket(requests=1, per_s=60))) as client:
        Api(client.discord).ask(COMMANDS, body=[command("do")])
        statuses = []
        for _ in range(2):
            used = await client.discord.member("Ada").slash("general", "do")
            Api(client.discord).callback(used.interaction.token, kind=4, data={"content": "x"})
            hook = f"/webhooks/{client.discord.application_id}/{used.interaction.token}"
            response, _ = await client.ask("POST", hook, body={"content": "y"})
            statuses.append((response.status, response.headers.get("X-RateLimit-Scope")))
        assert statuses == [(204, None), (429, "shared")]
        assert client.discord.state.buckets.take("invalid:", rule=Bucket(requests=1, per_s=600)).allowed


@pytest.mark.parametrize(
    ("fault", "took_effect"),
    [
        (Fault(kind=FaultKind.STATUS, status=503), False),
        (Fault(kind=FaultKind.STATUS_AFTER, status=502), True),
        (Fault(kind=FaultKind.RATE_LIMITED, after_s=1), False),
        (Fault(kind=FaultKind.RATE_LIMITED_AT_EDGE), False),
        (Fault(kind=FaultKind.UNKNOWN_MESSAGE), False),
        (Fault(kind=FaultKind.HANG, after_s=0.01), True),
    ],
)
async def test_a_fault_strikes_once(fault: Fault, took_effect: bool) -> None:
    async with served() as client:
        client.discord.faults.add(fault)
        response, _ = await client.post()
        expected = {"status": fault.status, "status after": fault.status, "unknown message": 404, "hang": 200}
        assert response.status == expected.get(fault.kind, 429)
        assert ("Via" in response.headers) is (fault.kind in ("rate limited", "unknown message", "hang"))
        assert bool(client.discord.channel("general").messages) is took_effect
        assert (await client.post())[0].status == 200


BUCKET_HEADERS = {"Limit", "Remaining", "Reset", "Reset-After", "Bucket"}


@pytest.mark.parametrize(
    ("kind", "scope", "named"),
    [
        (FaultKind.RATE_LIMITED, "shared", BUCKET_HEADERS | {"Scope"}),
        (FaultKind.RATE_LIMITED_GLOBALLY, "global", {"Global", "Scope"}),
        (FaultKind.RATE_LIMITED_AT_EDGE, None, set[str]()),
    ],
)
async def test_an_injected_429_carries_the_headers_of_a_real_one(
    kind: FaultKind, scope: str | None, named: set[str]
) -> None:
    async with served() as client:
        usual, _ = await client.post()
        client.discord.faults.add(Fault(kind=kind, after_s=1.5))
        response, body = await client.post()
        assert response.headers["Retry-After"] == "2"
        assert response.headers.get("X-RateLimit-Scope") == scope
        assert {name.removeprefix("X-RateLimit-") for name in response.headers if "Rate" in name} == named
        if kind is FaultKind.RATE_LIMITED:
            assert response.headers["X-RateLimit-Bucket"] == usual.headers["X-RateLimit-Bucket"]
            assert (response.headers["X-RateLimit-Remaining"], body["retry_after"]) == ("0", 1.5)


async def test_the_429_of_an_old_message_carries_headers_too() -> None:
    clock = FakeClock()
    async with served(Limits(old_message_edits=Bucket(requests=1, per_s=60)), clock) as client:
        _, made = await client.post()
        clock.advance(3601)
        path = f"/channels/{made['channel_id']}/messages/{made['id']}"
        edits = [await client.ask("PATCH", path, body={"content": text}) for text in "ab"]
        response, body = edits[-1]
        assert (response.status, body["code"], response.headers["Retry-After"]) == (429, 30046, "60")
        assert response.headers["Via"]
        assert response.headers["X-RateLimit-Scope"] == "user"


@pytest.mark.parametrize(("kind", "took_effect"), [(FaultKind.RESET, False), (FaultKind.RESET_AFTER, True)])
async def test_a_reset_strikes_before_or_after_the_effect(kind: FaultKind, took_effect: bool) -> None:
    async with served() as client:
        client.discord.faults.add(Fault(kind=kind, on="POST /channels/*"))
        assert (await client.ask("GET", "/users/@me"))[0].status == 200
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await client.post()
        assert bool(client.discord.channel("general").messages) is took_effect


async def test_a_fault_with_a_rate_strikes_the_same_requests_for_the_same_seed() -> None:
    async def struck() -> list[int]:
        async with served() as client:
            client.discord.faults.add(Fault(kind=FaultKind.STATUS, times=None, rate=0.5))
            return [(await client.ask("GET", "/users/@me"))[0].status for _ in range(12)]

    first = await struck()
    assert first == await struck()
    assert {200, 500} == set(first)


async def test_files_are_served_until_their_message_is_gone() -> None:
    async with served() as client:
        form = aiohttp.FormData()
        form.add_field("payload_json", "{}")
        form.add_field("files[0]", b"sound", filename="a.mp3", content_type="application/octet-stream")
        url = f"{client.discord.api_url}/channels/{client.discord.channel('general').id}/messages"
        headers = {"Authorization": f"Bot {client.discord.token}"}
        async with client.session.post(url, data=form, headers=headers) as response:
            address = (await response.json())["attachments"][0]["url"]
        async with client.session.get(address) as response:
            assert (response.content_type, await response.read()) == ("audio/mpeg", b"sound")
        client.discord.disruptions.delete_message(client.discord.channel("general").messages[0])
        async with client.session.get(address) as response:
            assert response.status == 404


async def test_a_form_says_what_it_says_with_or_without_files_and_json() -> None:
    async with served() as client:
        url = f"{client.discord.api_url}/channels/{client.discord.channel('general').id}/messages"
        headers = {"Authorization": f"Bot {client.discord.token}"}
        plain = aiohttp.FormData()
        plain.add_field("content", "three")
        plain.add_field("file", b"sound", filename="a.mp3")
        for data in ({"payload_json": '{"content": "one"}'}, {"content": "two"}, plain):
            async with client.session.post(url, data=data, headers=headers) as response:
                assert response.status == 200
        async with client.session.post(url, data={"payload_json": "{"}, headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (400, 50109)
        messages = client.discord.channel("general").messages
        assert [message.content for message in messages] == ["one", "two", "three"]
        assert [file.filename for file in messages[-1].attachments] == ["a.mp3"]
