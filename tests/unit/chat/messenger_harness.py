from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import discord

from bot.chat.connection.endpoints import point_at
from bot.chat.delivery.messenger import DiscordMessenger
from bot.chat.delivery.status_message import TITLES
from bot.domain.errors import (
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import ReplyAddress, State
from bot.services.ports import DirectMessageTarget
from sandbox.discord import Fault, FaultKind, LocalDiscord
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from tests.fakes.messenger import FakeMessenger, Post
from tests.harness.message_readers import titles


@dataclass(frozen=True, slots=True)
class Seen:
    message_id: int
    channel_id: int
    sizes: list[int]


class FakeMessengerHarness:
    def __init__(self) -> None:
        self.messenger = FakeMessenger()
        self.member_id, self.guild_id = 5, 6
        self.address = ReplyAddress(
            application_id=1,
            channel_id=2,
            message_id=3,
            token="token",
            token_until=datetime.now(UTC) + timedelta(minutes=14),
            attachment_limit=10_000,
        )

    def shown(self) -> list[State]:
        return [edit.card.state for edit in self.messenger.edits]

    def approvals(self) -> list[tuple[int, int]]:
        return [(posted.message_id, len(cards)) for posted, cards in self.messenger.approvals.values()]

    def decisions(self) -> list[int]:
        return [posted.message_id for _, posted in self.messenger.changes.values()]

    def posts(self) -> list[Seen]:
        posts = [*self.messenger.results, *self.messenger.endings]
        return [_seen(post) for post in posts if not isinstance(post.target, DirectMessageTarget)]

    def direct_messages(self) -> list[Seen]:
        return [
            _seen(post) for post in self.messenger.results if isinstance(post.target, DirectMessageTarget)
        ]

    def delete_status(self) -> None:
        self._fail(MessageGoneError())

    def close_channel(self) -> None:
        self._fail(NoAccessError("missing access"))

    def delete_channel(self) -> None:
        self._fail(NoAccessError("unknown channel", gone=True))

    def close_direct_messages(self) -> None:
        self._fail(NoAccessError("takes no direct messages"))

    def end_token(self) -> None:
        self._fail(TokenExpiredError())

    def refuse_once(self, retry_after_s: float) -> None:
        self._fail(RetryableError("429", retry_after_s))

    def lose_reply_once(self) -> None:
        self.messenger.lose_replies = True
        self._fail(RetryableError("reset"))

    def _fail(self, error: MessengerError) -> None:
        self.messenger.failures.append(error)


def _seen(post: Post) -> Seen:
    sizes = [len(media.data) for media in post.files if media]
    return Seen(post.posted.message_id, post.posted.channel_id, sizes)


class DiscordMessengerHarness:
    def __init__(self, local: LocalDiscord, client: discord.Client, invocation: Invocation) -> None:
        self.local = local
        self.client = client
        self.invocation = invocation
        self.messenger = DiscordMessenger(client)
        self.member = local.member("Ada")
        self.member_id, self.guild_id = self.member.id, local.guild.id
        self.address = ReplyAddress(
            application_id=local.application_id,
            channel_id=self.channel.id,
            message_id=self.status.id,
            token=invocation.interaction.token,
            token_until=datetime.now(UTC) + timedelta(minutes=14),
            attachment_limit=10_000,
        )

    @property
    def channel(self) -> discord.abc.Snowflake:
        return discord.Object(self.invocation.interaction.channel.id)

    @property
    def status(self) -> Message:
        assert self.invocation.original is not None
        return self.invocation.original

    @property
    def messages(self) -> list[Message]:
        return [one for one in self.local.channel("songs").messages if one is not self.status]

    def shown(self) -> list[State]:
        by_title = {title: state for state, title in TITLES.items()}
        return [by_title[one] for one in titles(self.status) if one in by_title]

    def posts(self) -> list[Seen]:
        return [_read(message) for message in self.messages]

    def approvals(self) -> list[tuple[int, int]]:
        return [(message.id, len(message.states)) for message in self.messages]

    def decisions(self) -> list[int]:
        return [message.id for message in self.messages]

    def direct_messages(self) -> list[Seen]:
        return [_read(message) for message in self.member.direct_messages]

    def delete_status(self) -> None:
        self.local.disruptions.delete_message(self.status)

    def close_channel(self) -> None:
        self.local.disruptions.hide(self.local.channel("songs"))

    def delete_channel(self) -> None:
        self.local.disruptions.delete_channel(self.local.channel("songs"))

    def close_direct_messages(self) -> None:
        self.local.disruptions.close_direct_messages(self.member)

    def end_token(self) -> None:
        self.local.disruptions.end_token(self.invocation)

    def refuse_once(self, retry_after_s: float) -> None:
        self.local.faults.add(Fault(kind=FaultKind.RATE_LIMITED, after_s=retry_after_s))

    def lose_reply_once(self) -> None:
        self.local.faults.add(Fault(kind=FaultKind.RESET_AFTER))


def _read(message: Message) -> Seen:
    return Seen(message.id, message.channel_id, [len(one.content) for one in message.attachments])


@asynccontextmanager
async def logged_in(local: LocalDiscord) -> AsyncIterator[discord.Client]:
    point_at(local.api_url, None)
    client = discord.Client(intents=discord.Intents(guilds=True), max_ratelimit_timeout=30.0)
    try:
        await client.login(local.token)
        yield client
    finally:
        await client.close()


async def begun(local: LocalDiscord, client: discord.Client) -> Invocation:
    """Use a command in #songs whose first answer is a public message."""
    command = {"name": "inspire", "type": 1, "description": "Make a song"}
    async with aiohttp.ClientSession() as session:
        url = f"{local.api_url}/applications/{local.application_id}/commands"
        headers = {"Authorization": f"Bot {local.token}"}
        async with session.put(url, json=[command], headers=headers) as reply:
            assert reply.status == 200
        invocation = await local.member("Ada").slash("songs", "inspire")
        token = invocation.interaction.token
        url = f"{local.api_url}/interactions/{invocation.id}/{token}/callback"
        async with session.post(url, json={"type": 4, "data": {"content": "placed"}}) as reply:
            assert reply.status == 204
    return invocation
