"""The connection to Discord: while it is refused, songs go on and it is retried."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.supervisor import ConnectionTimings
from bot.domain.errors import StoreError
from bot.domain.requests import State
from bot.domain.retry_policy import RetryPolicy
from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.gateway.sessions import Gateway
from sandbox.discord.limits import Bucket, Limits
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload
from sandbox.discord.state import RequestRecord
from tests.harness.bot import LONG_S, PLENTY, STOP_S, UNHURRIED, BotHarness

READY = TITLES[State.DELIVERED]
ME, APPLICATION = "GET /users/@me", "GET /oauth2/applications/@me"
GATEWAY, COMMANDS = "GET /gateway/bot", "* /applications/*/commands"


@pytest.fixture(autouse=True)
def quick(local: BotHarness) -> None:
    """The bot's pauses between two tries are short."""
    policy = RetryPolicy(first_s=0.02, max_s=0.1, max_retry_after_s=0.1)
    timings = ConnectionTimings(connecting=policy, syncing=policy, login_s=0.5, first_sync_s=0.5)
    local.hurry(
        {"connection": timings, "work.retries.message.first_s": 0.05, "work.retries.message.max_s": 0.2}
    )


REFUSALS = {
    "503 at login": Fault(kind=FaultKind.STATUS, on=ME, status=503, times=None),
    "Cloudflare's ban at login": Fault(kind=FaultKind.RATE_LIMITED_AT_EDGE, on=ME, times=None),
    "reset at login": Fault(kind=FaultKind.RESET, on=ME, times=None),
    "no answer at login": Fault(kind=FaultKind.HANG, on=ME, times=None, after_s=LONG_S),
    "too many requests at login": Fault(kind=FaultKind.RATE_LIMITED, on=ME, times=None, after_s=120.0),
    "503 for the application": Fault(kind=FaultKind.STATUS, on=APPLICATION, status=503, times=None),
    "503 for the gateway's address": Fault(kind=FaultKind.STATUS, on=GATEWAY, status=503, times=None),
    "Cloudflare's ban everywhere": Fault(kind=FaultKind.RATE_LIMITED_AT_EDGE, on="GET *", times=None),
}


async def song_under_way(local: BotHarness) -> Message:
    """Place a song in an earlier process."""
    local.song_takes(1.0)
    async with local.bot(default_allowance=PLENTY):
        status = await local.place()
        await local.provider.wait_for(lambda provider: provider.running > 0, timeout_s=LONG_S)
    return status


async def asked_about(local: BotHarness) -> None:
    """Wait for the bot's next poll."""
    before = len(local.polls)
    await local.provider.wait_for(lambda _: len(local.polls) > before, timeout_s=LONG_S)


async def test_songs_go_on_while_discord_refuses_the_bot(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    faults = local.discord.faults
    for name, refusal in REFUSALS.items():
        with subtests.test(name):
            status, made = await song_under_way(local), len(local.results())
            faults.add(refusal)
            async with local.bot(connected=False, default_allowance=PLENTY) as app:
                await local.discord.wait_for(lambda: faults.struck, timeout_s=LONG_S)
                await asked_about(local)
                assert "not connected to Discord" in str(await app.readiness())
                faults.clear()
                await local.shows(status, READY)
                await local.discord.wait_for(lambda: local.discord.gateway.connected, timeout_s=LONG_S)
                assert len(local.results()) == made + 1
            faults.struck.clear()


async def test_commands_that_discord_refuses_keep_nobody_waiting(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot():
        registered = local.discord.registrations()
    for refusal in (
        Fault(kind=FaultKind.STATUS, on=COMMANDS, status=503, times=None),
        Fault(kind=FaultKind.RATE_LIMITED, on=COMMANDS, after_s=120.0, times=None),
        Fault(kind=FaultKind.RATE_LIMITED_AT_EDGE, on=COMMANDS, times=None),
        Fault(kind=FaultKind.HANG, on=COMMANDS, after_s=LONG_S, times=None),
    ):
        with subtests.test(str(refusal.kind)):
            local.discord.faults.add(refusal)
            async with local.bot(default_allowance=PLENTY) as app:
                await local.placed_result()
                if refusal.kind is not FaultKind.HANG:
                    assert "Discord was not told the commands" in str(await app.readiness())
                local.discord.faults.clear()
                if refusal.kind is not FaultKind.HANG:
                    await until(lambda: app.connection.missing is None)
    assert local.discord.registrations() == registered


async def test_a_connection_that_ends_for_no_known_reason_is_made_again(local: BotHarness) -> None:
    gateway = local.discord.gateway
    async with local.bot(operator_guild_id=local.discord.guild.id, default_allowance=PLENTY) as app:
        for shard_count, identifies in ((2, 3), (1, 4)):  # the pause asked for can become shorter
            app.connection._fixed_shards = shard_count
            for socket in tuple(gateway.sockets):
                socket.send_line("nothing that Discord says")
            await until(partial(has_begun, gateway, identifies))
            await app.client.wait_until_ready()
            await until(lambda: app.connection.missing is None)
            assert await app.readiness() is None
            await local.placed_result()


def has_begun(gateway: Gateway, sessions: int) -> bool:
    """Whether so many sessions have been begun so far."""
    return gateway.identifies == sessions


async def test_a_login_that_somebody_else_answers_is_tried_again(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    faults = local.discord.faults
    for body in ("{}", "[]", "not JSON"):
        with subtests.test(body):
            faults.struck.clear()
            faults.add(Fault(kind=FaultKind.STRANGE, on="GET /users/@me", words=body))
            async with local.bot() as app:
                assert await app.readiness() is None
            assert len(faults.struck) == 1


async def test_a_database_that_is_away_does_not_end_the_connection(local: BotHarness) -> None:
    faults = local.faulty_store()
    faults.fail("_get", error=StoreError("the database does not answer"), times=2)
    async with local.bot() as app:
        await until(lambda: app.connection.missing is None)
        assert faults.times == 0
        assert local.discord.gateway.identifies == 1


async def test_too_many_new_commands_today_keep_nobody_waiting(local: BotHarness) -> None:
    local.discord.state.commands.limits = Limits(command_creates=Bucket(requests=0, per_s=86_400.0))
    async with local.bot() as app:
        assert app.connection.missing == "Discord was not told the commands: status 400, code 30034"
        local.discord.state.commands.limits = Limits()
        await until(lambda: app.connection.missing is None)
        await local.placed_result()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until the condition holds, by polling."""
    async with asyncio.timeout(LONG_S):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def test_the_last_sessions_of_a_day_are_not_used_up(
    local: BotHarness, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    gateway, state = local.discord.gateway, local.discord.state
    for total, used in ((1000, 951), (1000, 1000), (1, 1), (100, 98)):
        with subtests.test(f"{total - used} of {total}"):
            state.limits = Limits(identifies=Bucket(requests=total, per_s=0.1))
            gateway.identifies = used
            async with local.bot(connected=False) as app:
                await until(lambda: "sessions are left" in str(app.connection.missing))
                assert gateway.identifies == used
                assert (
                    f"OPERATOR: few connections to Discord are left: {total - used} of {total}" in caplog.text
                )
                state.limits, gateway.identifies = UNHURRIED, 0
                await app.client.wait_until_ready()
                await until(lambda: app.connection.missing is None)
                assert await app.readiness() is None


async def test_a_bot_that_is_killed_again_and_again_connects_less_often(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    local.hurry({"sessions.first_s": LONG_S})
    local.faulty_store().fail("sessions.delete", error=StoreError("as if the process was killed"))
    for _ in range(4):
        async with local.bot():
            pass
    status = await song_under_way(local)
    assert "within an hour" not in caplog.text
    async with local.bot(connected=False) as app:
        await until(lambda: "connected 5 times within an hour" in str(app.connection.missing))
        await local.shows(status, READY)
    assert "OPERATOR: the bot has connected to Discord 5 times within an hour: it waits" in caplog.text
    assert local.discord.gateway.identifies == 5


async def test_an_orderly_stop_is_no_reason_to_wait(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(8):
        async with local.bot():
            pass
    assert "within an hour" not in caplog.text


async def test_a_gateway_of_ones_own_is_used_for_every_connection(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    gateway = local.discord.gateway
    ends: dict[str, Callable[[], None]] = {
        "closed": gateway.drop,
        "reset": partial(gateway.drop, code=None),
        "asked to reconnect": gateway.ask_to_reconnect,
        "invalid, to be resumed": partial(gateway.invalidate, resumable=True),
        "invalid": gateway.invalidate,
    }
    gateway.url = "ws://127.0.0.1:9"  # what Discord advises, for sessions and for resuming them
    async with local.bot(default_allowance=PLENTY) as app:
        for name, end in ends.items():
            with subtests.test(name):
                before = gateway.identifies, gateway.resumes
                end()
                await until(partial(is_connected_anew, gateway, before))
                is_new = name == "invalid"
                assert (gateway.identifies, gateway.resumes) == (before[0] + is_new, before[1] + (not is_new))
                await until(lambda: app.connection.missing is None)
                await local.placed_result()


def is_connected_anew(gateway: Gateway, before: tuple[int, int]) -> bool:
    """Whether a session was begun or resumed, after so many of both."""
    return (gateway.identifies, gateway.resumes) != before


async def test_commands_that_another_program_changed_are_told_again(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    commands = local.discord.state.commands
    changes: dict[str, Callable[[list[Payload]], list[Payload]]] = {
        "nothing": lambda known: known,
        "all gone": lambda _: [],
        "one gone": lambda known: known[1:],
        "one more": lambda known: [*known, known[0] | {"name": "other", "id": "1"}],
        "one described otherwise": lambda known: [known[0] | {"description": "Other"}, *known[1:]],
        "for everybody": lambda known: [one | {"default_member_permissions": None} for one in known],
    }
    async with local.bot():
        assert local.discord.registrations() == 1
    for told, (name, change) in enumerate(changes.items(), 1):
        with subtests.test(name):
            commands.by_guild[None] = change(commands.by_guild[None])
            creates = len(puts(local))
            async with local.bot(default_allowance=PLENTY):
                assert local.discord.registrations() == told
                assert len(puts(local)) == creates + (name != "nothing")
                await local.placed_result()


def puts(local: BotHarness) -> list[RequestRecord]:
    """The calls by which commands were told."""
    return [call for call in local.discord.requests if call.method == "PUT"]


async def test_a_former_operators_server_has_no_commands_any_more(local: BotHarness) -> None:
    first, second = (
        local.discord.guild,
        local.discord.add.guild("Second", owner=local.discord.state.world.owner),
    )
    commands = local.discord.state.commands.by_guild
    for setting, has in (
        (first.id, [first.id]),
        (second.id, [second.id]),
        (None, []),
        (first.id, [first.id]),
    ):
        async with local.bot(operator_guild_id=setting) as app:
            await until(lambda: app.connection.missing is None)
            assert [guild_id for guild_id, known in commands.items() if known and guild_id] == has
    async with local.bot(operator_guild_id=first.id):
        local.discord.disruptions.remove_bot(first)
    async with local.bot() as app:  # the bot is not there to remove them
        await until(lambda: app.connection.missing is None)


async def test_an_operators_server_without_the_bot_is_a_warning(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(operator_guild_id=12345) as app:
        await until(lambda: app.connection.missing is None)
        await local.placed_result()
        assert "OPERATOR: OPERATOR_GUILD_ID names a server that the bot is not in" in caplog.text
        assert await app.readiness() is None


async def test_a_stop_waits_for_no_connection(local: BotHarness, subtests: pytest.Subtests) -> None:
    faults, loop = local.discord.faults, asyncio.get_running_loop()
    for on in (ME, APPLICATION, GATEWAY, COMMANDS):
        for kind in (FaultKind.HANG, FaultKind.STATUS, FaultKind.RATE_LIMITED):
            with subtests.test(f"{kind} {on}"):
                faults.add(Fault(kind=kind, on=on, status=503, times=None, after_s=LONG_S))
                async with local.bot(connected=False):
                    await local.discord.wait_for(lambda: faults.struck, timeout_s=LONG_S)
                    began_s = loop.time()
                assert loop.time() - began_s < STOP_S
                faults.clear()
                faults.struck.clear()
