import json

import aiohttp
import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.chat.api_errors import API_ERRORS, REFUSALS, messenger_error
from bot.domain.errors import (
    InvalidMessageError,
    MalformedError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)

KINDS = {403: discord.Forbidden, 404: discord.NotFound}


async def refusal(status: int, code: int, *, retry_after: str | None = None) -> discord.HTTPException:
    """discord.py's error for an answer that a server really gave."""

    async def serve(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": retry_after} if retry_after else {})

    app = web.Application()
    app.router.add_get("/", serve)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as session,
        session.get(server.make_url("/")) as got,
    ):
        return KINDS.get(status, discord.HTTPException)(got, {"code": code, "message": "words"})


@pytest.mark.parametrize(
    ("status", "code", "by_token", "kind"),
    [
        (404, 10008, True, MessageGoneError),
        (404, 10003, False, NoAccessError),
        (403, 50001, False, NoAccessError),
        (403, 50013, True, NoAccessError),
        (403, 50007, False, NoAccessError),
        (403, 99999, False, InvalidMessageError),
        (400, 99999, False, InvalidMessageError),
        (404, 99999, False, NoAccessError),
        (403, 40003, False, RetryableError),
        (403, 40004, False, RetryableError),
        (503, 130000, False, RetryableError),
        (400, 200000, False, InvalidMessageError),
        (400, 240000, True, InvalidMessageError),
        (400, 400001, False, InvalidMessageError),
        (404, 10015, False, NoAccessError),
        (401, 50027, True, TokenExpiredError),
        (401, 0, True, TokenExpiredError),
        (404, 10015, True, TokenExpiredError),
        (401, 0, False, RetryableError),
        (400, 50035, False, MalformedError),
        (400, 50035, True, MalformedError),
        (400, 50109, False, MalformedError),
        (400, 0, False, MalformedError),
        (405, 0, False, MalformedError),
        (415, 0, True, MalformedError),
        (403, 20001, False, MalformedError),
        (413, 40005, False, InvalidMessageError),
        (404, 0, False, RetryableError),
        (403, 0, False, RetryableError),
        (503, 0, False, RetryableError),
        (429, 30046, False, RetryableError),
        (400, 30046, False, RetryableError),
    ],
)
async def test_a_refusal_says_what_to_do_next(
    status: int, code: int, by_token: bool, kind: type[MessengerError]
) -> None:
    assert type(messenger_error(await refusal(status, code), by_token=by_token)) is kind


async def test_the_log_names_the_fields_of_what_is_malformed_and_not_their_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = await refusal(400, 50035)
    error.text = "Invalid Form Body\nIn embeds.0.title: Must not be 'a secret waltz'\nIn nonce: Too long"
    announced = messenger_error(error, by_token=False)
    assert isinstance(announced, InvalidMessageError)
    assert "fields: embeds.0.title, nonce" in caplog.text
    assert "waltz" not in caplog.text + announced.cause


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [("1.5", 1.5), (None, None), ("soon", None), ("-1", None), ("nan", None), ("99999", None)],
)
async def test_a_pause_is_kept_if_it_can_be_believed(header: str | None, pause_s: float | None) -> None:
    error = messenger_error(await refusal(429, 0, retry_after=header), by_token=True)
    assert isinstance(error, RetryableError)
    assert error.retry_after_s == pause_s


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        aiohttp.ServerDisconnectedError(),
        json.JSONDecodeError("", "", 0),
    ],
)
def test_trouble_on_the_way_is_tried_later(error: Exception) -> None:
    assert isinstance(error, API_ERRORS)
    assert isinstance(messenger_error(error, by_token=False), RetryableError)


def test_a_long_wait_that_discord_py_will_not_take_is_passed_on() -> None:
    error = messenger_error(discord.RateLimited(40.0), by_token=False)
    assert isinstance(error, RetryableError)
    assert error.retry_after_s == 40


async def test_only_an_unknown_channel_is_gone_with_all_that_stood_in_it() -> None:
    refused = {code: messenger_error(await refusal(404, code), by_token=False) for code in REFUSALS}
    gone = [code for code, error in refused.items() if isinstance(error, NoAccessError) and error.gone]
    assert gone == [10003]


async def test_what_surely_was_not_taken_is_told_from_what_may_have_been() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await session.get(f"http://127.0.0.1:{unused_port()}/")
    refused = raised.value
    sure = [await refusal(429, 0), refused, discord.RateLimited(40.0)]
    unsure = [await refusal(503, 0), ConnectionResetError(), TimeoutError()]
    taken = [messenger_error(error, by_token=True) for error in [*sure, *unsure]]
    assert [getattr(error, "not_taken", None) for error in taken] == [True] * 3 + [False] * 3


def test_closed_places_are_told_in_words() -> None:
    assert all(meaning for _, meaning in REFUSALS.values())


@pytest.mark.parametrize(
    ("status", "code", "is_too_large"),
    [(413, 40005, True), (413, 0, True), (400, 40005, True), (400, 50035, False)],
)
async def test_what_would_do_without_a_file_is_told_from_what_would_not(
    status: int, code: int, is_too_large: bool
) -> None:
    error = messenger_error(await refusal(status, code), by_token=False)
    assert isinstance(error, InvalidMessageError)
    assert error.is_too_large == is_too_large
