import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import aiohttp
import pytest

from sandbox.discord import Bucket, Limits, LocalDiscord
from sandbox.discord.gateway.sessions import MAX_REPLAYED
from sandbox.discord.payloads import Payload, as_payload, entry, text
from tests.harness.clock import FakeClock


class Socket:
    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw

    async def send(self, op: int, payload: object = None) -> None:
        await self.raw.send_json({"op": op, "d": payload})

    async def hear(self) -> Payload:
        return as_payload(json.loads((await self.raw.receive()).data))

    async def closed_with(self) -> int:
        while (message := await self.raw.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE
        return int(message.data)


@asynccontextmanager
async def connected(discord: LocalDiscord, query: str = "") -> AsyncIterator[Socket]:
    async with aiohttp.ClientSession() as session, session.ws_connect(discord.gateway_url + query) as raw:
        yield Socket(raw)


def identify(discord: LocalDiscord, **more: object) -> Payload:
    return {"token": discord.token, "intents": 1, "properties": {}, **more}


@pytest.fixture
async def discord() -> AsyncIterator[LocalDiscord]:
    limits = Limits(
        gateway_commands=Bucket(requests=3, per_s=60),
        identifies=Bucket(requests=3, per_s=60),
        identify_window_s=0,
    )
    async with LocalDiscord(limits=limits) as running:
        yield running


async def test_hello_ready_and_guilds_in_this_order(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        hello = await socket.hear()
        assert (hello["op"], entry(hello, "d")["heartbeat_interval"]) == (10, 41_250)
        await socket.send(1)
        assert (await socket.hear())["op"] == 11
        await socket.send(2, identify(discord))
        ready, guild = await socket.hear(), await socket.hear()
        assert (ready["t"], ready["s"]) == ("READY", 1)
        assert entry(ready, "d")["resume_gateway_url"] == discord.gateway_url
        assert (guild["t"], entry(guild, "d")["name"]) == ("GUILD_CREATE", "Songwriters")


INVALID: Payload = {"op": 9, "d": False, "s": None, "t": None}
CLOSING: list[tuple[Callable[[LocalDiscord], Payload], int]] = [
    (lambda discord: identify(discord, token="wrong"), 4004),
    (lambda discord: identify(discord, intents=1 << 40), 4013),
    (lambda discord: identify(discord, intents=1 << 15), 4014),
    (lambda discord: identify(discord, shard=[2, 2]), 4010),
]


@pytest.mark.parametrize(("asked", "code"), CLOSING)
async def test_a_wrong_identify_closes(
    discord: LocalDiscord, asked: Callable[[LocalDiscord], Payload], code: int
) -> None:
    async with connected(discord) as socket:
        await socket.send(2, asked(discord))
        assert await socket.closed_with() == code


async def test_what_a_client_may_not_say_closes(discord: LocalDiscord) -> None:
    for line, code in (("{", 4002), ('{"op": 99}', 4001), ('{"op": 3, "d": {}}', 4003), ("x" * 5000, 4002)):
        async with connected(discord) as socket:
            await socket.raw.send_str(line)
            assert await socket.closed_with() == code


async def test_identifying_twice_and_talking_too_much_close(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        await socket.send(2, identify(discord))
        await socket.send(2, identify(discord))
        assert await socket.closed_with() == 4005
    async with connected(discord) as socket:
        await socket.send(2, identify(discord))
        for _ in range(3):
            await socket.send(3, {})
        assert await socket.closed_with() == 4008


async def test_heartbeats_count_as_talk(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        await socket.send(2, identify(discord))
        for _ in range(3):
            await socket.send(1)
        assert await socket.closed_with() == 4008


async def test_a_client_has_120_commands_a_minute() -> None:
    clock = FakeClock()
    async with LocalDiscord(clock=clock) as discord, connected(discord) as socket:
        await started(discord, socket)
        for wait_s in (0, 60):
            clock.advance(wait_s)
            for _ in range(118):
                await socket.send(3, {})
            await socket.send(1)
            assert await acknowledged(socket)
        await socket.send(3, {})
        await socket.send(3, {})
        assert await socket.closed_with() == 4008


async def test_too_many_sessions_cost_the_token(discord: LocalDiscord) -> None:
    for _ in range(3):
        async with connected(discord) as socket:
            await socket.send(2, identify(discord))
            await socket.hear()
    async with connected(discord) as socket:
        await socket.send(2, identify(discord))
        assert await socket.closed_with() == 4004
    assert not discord.state.credentials.accepted


async def test_a_resumed_session_hears_what_it_missed(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        await socket.hear()
        await socket.send(2, identify(discord))
        ready = await socket.hear()
        await socket.hear()
        discord.gateway.drop(code=None)
        assert (await socket.raw.receive()).type is not aiohttp.WSMsgType.TEXT
    discord.add.channel(discord.guild, name="later")
    session_id = text(entry(ready, "d"), "session_id")
    async with connected(discord) as socket:
        await socket.hear()
        await socket.send(6, {"token": discord.token, "session_id": session_id, "seq": 2})
        missed, resumed = await socket.hear(), await socket.hear()
        assert [(missed["t"], missed["s"]), (resumed["t"], resumed["s"])] == [
            ("CHANNEL_CREATE", 3),
            ("RESUMED", 4),
        ]
        discord.gateway.ask_to_reconnect()
        assert (await socket.hear())["op"] == 7


async def test_after_an_outage_the_session_goes_on_at_the_same_address() -> None:
    discord = LocalDiscord()
    async with aiohttp.ClientSession() as session:
        async with discord:
            address = discord.gateway_url
            before = Socket(await session.ws_connect(address))
            await before.hear()
            await before.send(2, identify(discord))
            session_id = text(entry(await before.hear(), "d"), "session_id")
        async with discord, connected(discord) as socket:
            assert discord.gateway_url == address
            await socket.hear()
            await socket.send(6, {"token": discord.token, "session_id": session_id, "seq": 2})
            assert (await socket.hear())["t"] == "RESUMED"


async def test_an_unknown_session_is_invalid(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        await socket.hear()
        await socket.send(6, {"token": discord.token, "session_id": "none", "seq": 1})
        assert await socket.hear() == INVALID


async def test_a_zlib_stream_is_one_stream_over_all_messages(discord: LocalDiscord) -> None:
    async with connected(discord, "/?compress=zlib-stream") as socket:
        stream = zlib.decompressobj()
        hello = (await socket.raw.receive()).data
        assert hello.endswith(b"\x00\x00\xff\xff")
        assert as_payload(json.loads(stream.decompress(hello)))["op"] == 10
        await socket.send(1)
        assert as_payload(json.loads(stream.decompress((await socket.raw.receive()).data)))["op"] == 11


async def test_a_zstd_stream_is_sent_where_python_has_it(discord: LocalDiscord) -> None:
    zstd = pytest.importorskip("compression.zstd")
    async with connected(discord, "/?compress=zstd-stream") as socket:
        stream = zstd.ZstdDecompressor()
        assert as_payload(json.loads(stream.decompress((await socket.raw.receive()).data)))["op"] == 10


async def test_a_guild_belongs_to_one_shard(discord: LocalDiscord) -> None:
    other = discord.add.guild("Other", owner=discord.state.world.owner, guild_id=discord.guild.id + (1 << 22))
    heard = {}
    for shard in range(2):
        async with connected(discord) as socket:
            await socket.hear()
            await socket.send(2, identify(discord, shard=[shard, 2]))
            ready, guild = await socket.hear(), await socket.hear()
            assert entry(ready, "d")["shard"] == [shard, 2]
            heard[shard] = entry(guild, "d")["id"]
    assert heard == {(guild.id >> 22) % 2: str(guild.id) for guild in (discord.guild, other)}


async def test_a_silent_client_times_out() -> None:
    async with (
        LocalDiscord(limits=Limits(heartbeat_interval_s=0.02)) as discord,
        connected(discord) as socket,
    ):
        assert await socket.closed_with() == 4009


async def test_the_bot_hears_of_threads_that_it_sees(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        await socket.hear()
        await socket.send(2, identify(discord))
        await socket.hear()
        await socket.hear()
        ada, general = discord.member("Ada").user, discord.channel("general")
        discord.add.thread(general, name="hidden", owner=ada, private=True)
        thread = discord.add.thread(general, name="aside", owner=ada)
        discord.disruptions.archive(thread)
        discord.disruptions.delete_channel(thread)
        heard = [await socket.hear() for _ in range(3)]
        assert [one["t"] for one in heard] == ["THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE"]
        assert [entry(one, "d")["id"] for one in heard] == [str(thread.id)] * 3
        assert entry(heard[0], "d")["newly_created"] is True
        assert entry(entry(heard[1], "d"), "thread_metadata")["archived"] is True


async def started(discord: LocalDiscord, socket: Socket, **more: object) -> str:
    await socket.hear()
    await socket.send(2, identify(discord, **more))
    return text(entry(await socket.hear(), "d"), "session_id")


async def acknowledged(socket: Socket) -> bool:
    while (await socket.hear())["op"] != 11:
        pass
    return True


async def resume(discord: LocalDiscord, socket: Socket, session_id: str, *, sequence: int = 2) -> None:
    await socket.hear()
    await socket.send(6, {"token": discord.token, "session_id": session_id, "seq": sequence})


async def test_a_resume_ahead_of_its_session_closes_and_the_session_stays(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        session_id = await started(discord, socket)
        discord.gateway.drop(code=4000)
    async with connected(discord) as socket:
        await resume(discord, socket, session_id, sequence=99)
        assert await socket.closed_with() == 4007
    async with connected(discord) as socket:
        await resume(discord, socket, session_id)
        assert (await socket.hear())["t"] == "RESUMED"
        await socket.send(6, {"token": discord.token, "session_id": session_id, "seq": 2})
        assert await socket.closed_with() == 4005


async def test_a_session_expires_while_nobody_is_connected() -> None:
    clock = FakeClock()
    async with LocalDiscord(clock=clock) as discord:
        async with connected(discord) as socket:
            session_id = await started(discord, socket)
            clock.advance(10_000)
            discord.gateway.drop(code=4000)
        clock.advance(179)
        async with connected(discord) as socket:
            await resume(discord, socket, session_id)
            assert (await socket.hear())["t"] == "RESUMED"
            discord.gateway.drop(code=4000)
        clock.advance(181)
        async with connected(discord) as socket:
            await resume(discord, socket, session_id)
            assert await socket.hear() == INVALID


async def test_events_that_are_no_longer_kept_cannot_be_resumed(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        session_id = await started(discord, socket)
        discord.gateway.drop(code=4000)
    for _ in range(MAX_REPLAYED + 1):
        discord.gateway.dispatch("TYPING_START", payload={})
    async with connected(discord) as socket:
        await resume(discord, socket, session_id)
        assert await socket.hear() == INVALID


Turns: TypeAlias = tuple[tuple[int, float], ...]
"""Which shard begins a session, and how many seconds after the one before it."""
TURNS: list[tuple[Limits, Turns, list[int]]] = [
    (Limits(), ((0, 0), (1, 0), (1, 4.9), (1, 0.1), (0, 0)), [0, 9, 9, 0, 9]),
    (Limits(max_concurrency=2), ((0, 0), (1, 0), (2, 0), (2, 5)), [0, 0, 9, 0]),
    (Limits(max_concurrency=16), ((0, 0), (3, 0), (0, 0)), [0, 0, 9]),
    (Limits(identify_window_s=0), ((0, 0), (1, 0), (0, 0)), [0, 0, 0]),
]


@pytest.mark.parametrize(("limits", "turns", "heard"), TURNS)
async def test_shards_take_turns_to_identify(limits: Limits, turns: Turns, heard: list[int]) -> None:
    clock = FakeClock()
    answers = []
    async with LocalDiscord(limits=limits, clock=clock) as discord:
        for shard, wait_s in turns:
            clock.advance(wait_s)
            async with connected(discord) as socket:
                await socket.hear()
                await socket.send(2, identify(discord, shard=[shard, 4]))
                answers.append((await socket.hear())["op"])
    assert answers == heard


async def test_a_connection_that_had_to_wait_identifies_again_on_the_same_socket() -> None:
    clock = FakeClock()
    async with (
        LocalDiscord(clock=clock) as discord,
        connected(discord) as first,
        connected(discord) as second,
    ):
        await started(discord, first)
        await second.hear()
        await second.send(2, identify(discord))
        assert await second.hear() == INVALID
        clock.advance(5)
        await second.send(2, identify(discord))
        assert (await second.hear())["t"] == "READY"


async def test_a_session_that_another_connection_resumes_leaves_the_old_one(discord: LocalDiscord) -> None:
    async with connected(discord) as old, connected(discord) as new:
        session_id = await started(discord, old)
        await resume(discord, new, session_id)
        assert (await new.hear())["t"] == "RESUMED"
        assert await old.closed_with() == 4000
        discord.add.channel(discord.guild, name="later")
        assert (await new.hear())["t"] == "CHANNEL_CREATE"
        assert len(discord.gateway.connected) == 1


async def test_a_shard_with_too_many_guilds_needs_more_shards() -> None:
    async with LocalDiscord(limits=Limits(shard_guilds=1, identify_window_s=0)) as discord:
        other_id = discord.guild.id + (1 << 22)
        discord.add.guild("Other", owner=discord.state.world.owner, guild_id=other_id)
        async with connected(discord) as socket:
            await socket.send(2, identify(discord))
            assert await socket.closed_with() == 4011
        async with connected(discord) as socket:
            assert await started(discord, socket, shard=[0, 2])


async def test_only_version_ten_is_spoken(discord: LocalDiscord) -> None:
    async with connected(discord, "/?v=10&encoding=json") as socket:
        assert (await socket.hear())["op"] == 10
    async with connected(discord, "/?v=5&encoding=json") as socket:
        assert await socket.closed_with() == 4012


async def test_only_json_is_spoken(discord: LocalDiscord) -> None:
    for encoding in ("etf", "xml", "JSON"):
        async with connected(discord, f"/?v=10&encoding={encoding}") as socket:
            assert await socket.closed_with() == 4002
    assert discord.unimplemented == ["gateway encoding etf"]


async def test_json_in_binary_frames_is_understood(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        hello = await socket.hear()
        assert (hello["s"], hello["t"]) == (None, None)
        await socket.raw.send_bytes(json.dumps({"op": 1, "d": None}).encode())
        assert await socket.hear() == {"op": 11, "d": None, "s": None, "t": None}
        await socket.raw.send_bytes(b"\xff")
        assert await socket.closed_with() == 4002


async def test_the_bot_hears_of_its_own_roles_and_not_of_others(discord: LocalDiscord) -> None:
    async with connected(discord) as socket:
        await started(discord, socket)
        await socket.hear()
        role = discord.moderators
        discord.add.assign(discord.member("Ada").member, roles=(role,))
        discord.add.assign(discord.guild.members[discord.application_id], roles=(role,))
        heard = await socket.hear()
        assert heard["t"] == "GUILD_MEMBER_UPDATE"
        assert entry(heard, "d")["roles"] == [str(role.id)]
        assert entry(entry(heard, "d"), "user")["id"] == str(discord.application_id)
