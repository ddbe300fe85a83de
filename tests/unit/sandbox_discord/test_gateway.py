import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from sandbox.discord import Bucket, Limits, LocalDiscord
from sandbox.discord.payloads import Payload, as_payload, entry, text


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
    limits = Limits(gateway_commands=Bucket(requests=3, per_s=60), identifies=Bucket(requests=3, per_s=60))
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
        assert await socket.hear() == {"op": 9, "d": False}


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
        discord.mishaps.archive(thread)
        discord.mishaps.delete_channel(thread)
        heard = [await socket.hear() for _ in range(3)]
        assert [one["t"] for one in heard] == ["THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE"]
        assert [entry(one, "d")["id"] for one in heard] == [str(thread.id)] * 3
        assert entry(heard[0], "d")["newly_created"] is True
        assert entry(entry(heard[1], "d"), "thread_metadata")["archived"] is True
