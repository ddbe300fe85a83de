"""The showcase: much-loved songs, forwarded to a channel, each with a message beside it for its buttons."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Self

from bot.domain.errors import (
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
)
from bot.domain.leases import lease_until
from bot.domain.songs import Song
from bot.services.cards import ResultCard, result_card
from bot.services.delivery.routes import is_deduplicated
from bot.services.ports import Claim, Clock, MessageRef, Messenger
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.transitions import get_request, log_context
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

ATTEMPTS = 30
"""Attempts, over about two hours, after which a song stays out of the showcase."""


@dataclass(frozen=True, slots=True)
class ShowcasePosts:
    """A song's posts in the showcase, as far as they are known."""

    channel_id: int
    forward_id: int = 0
    """The forwarded result; 0: it is not posted yet."""
    buttons_id: int = 0
    """The message with the buttons; 0: it is not posted yet."""
    tried_at: datetime | None = None
    """When the next of the two was first sent; None: it certainly was not."""

    @classmethod
    def parse(cls, words: str) -> Self:
        """Parse what `str` wrote."""
        channel_id, forward_id, buttons_id, *at = words.split(" ")
        tried_at = datetime.fromisoformat(at[0]) if at else None
        return cls(int(channel_id), int(forward_id), int(buttons_id), tried_at)

    def __str__(self) -> str:
        """Return the posts as the outbox stores them."""
        at = f" {self.tried_at.isoformat()}" if self.tried_at else ""
        return f"{self.channel_id} {self.forward_id} {self.buttons_id}{at}"

    @property
    def forward(self) -> MessageRef:
        """Return where the forwarded result is."""
        return MessageRef(self.channel_id, self.forward_id)


@dataclass(frozen=True, slots=True)
class ShowcaseMessages:
    """The forwarding of songs to the showcase, and the end of their posts there."""

    store: Store
    messenger: Messenger
    clock: Clock
    leases: LeaseTimings

    async def show(self, message: OutboxMessage) -> str | None:
        """Post a song, or delete its posts once it was removed; return what is posted, for the outbox.

        Raises:
            ConflictError: another dispatcher has leased the message since.
            RetryableError: Discord did not accept a post now, or the channel is closed to the bot.
        """
        song, channel_id = await self.store.read(_view, message.source_id)
        known = message.attempt or message.sent
        posts = ShowcasePosts.parse(known) if known else None
        removed = song.request.removed_at is not None
        try:
            if removed:
                await self._delete(song, posts)
                return None
            if message.sent or song.post is None or (posts is None and channel_id is None):
                return message.sent
            return str(await self._post(message, song, posts or ShowcasePosts(channel_id or 0)))
        except MessageGoneError:
            log.info("a song is not forwarded, because its post is gone", extra=log_context(song.request))
        except MessengerError as error:
            self._retry(message, song, error)
        return None if removed or posts is None else str(posts)

    def _retry(self, message: OutboxMessage, song: Song, error: MessengerError) -> None:
        """Raise, so that the message is tried again, or log that it is given up."""
        facts = log_context(song.request)
        if isinstance(error, NoAccessError) and not message.attempts:  # log it once
            log.warning("OPERATOR: the bot can't use a showcase channel: %r", error, extra=facts)
        if message.attempts + 1 < ATTEMPTS:
            if isinstance(error, RetryableError):
                raise error
            raise RetryableError(repr(error), not_taken=True) from error
        log.error("OPERATOR: a song's posts in the showcase are given up: %r", error, extra=facts)

    async def _post(self, message: OutboxMessage, song: Song, posts: ShowcasePosts) -> ShowcasePosts:
        """Make the posts that are missing, each once; record the first before the second is made."""
        if not posts.forward_id:
            source, name = _result(song), song.request.id
            forward = await self._post_once(
                message,
                posts,
                source,
                lambda claim: self.messenger.forward_result(posts.channel_id, source, name, claim=claim),
            )
            posts = ShowcasePosts(posts.channel_id, forward.message_id)
            await self._record(message, posts)
        card, beside = _card(song), posts.forward
        buttons = await self._post_once(
            message, posts, beside, lambda claim: self.messenger.post_showcase(beside, card, claim=claim)
        )
        return replace(posts, buttons_id=buttons.message_id, tried_at=None)

    async def _post_once(
        self,
        message: OutboxMessage,
        posts: ShowcasePosts,
        to: MessageRef,
        post: Callable[[Claim], Awaitable[MessageRef]],
    ) -> MessageRef:
        """Make a post that refers `to` another message, or find that of an earlier attempt.

        Raises:
            NoAccessError: also if nobody can tell whether it was posted: then it never is again.
        """
        now = self.clock()
        is_new = posts.tried_at is None
        if posts.tried_at is not None and not is_deduplicated(posts.tried_at, now):
            if found := await self.messenger.find_reference(posts.channel_id, to):
                return found
            is_new = True
        tried = replace(posts, tried_at=now) if is_new else posts
        try:
            return await post(partial(self._record, message, tried))
        except MessengerError as error:
            if is_new and (not isinstance(error, RetryableError) or error.not_taken):
                await self._record(message, replace(posts, tried_at=None) if posts.forward_id else None)
            raise

    async def _record(self, message: OutboxMessage, posts: ShowcasePosts | None) -> None:
        until = lease_until(self.clock(), self.leases.message_s)
        await self.store.write(_record_posts, message, posts, until)

    async def _delete(self, song: Song, posts: ShowcasePosts | None) -> None:
        """Delete what is posted, as far as it can be found."""
        if posts is None:
            return
        found = [MessageRef(posts.channel_id, one) for one in (posts.buttons_id, posts.forward_id) if one]
        if posts.tried_at is not None:
            to = posts.forward if posts.forward_id else _result(song)
            tried = await self.messenger.find_reference(posts.channel_id, to)
            found += [tried] if tried else []
        for one in found:
            await self.messenger.delete_post(one)


def _result(song: Song) -> MessageRef:
    """Return where the song's result is."""
    channel_id, message_id = song.post or (0, 0)
    return MessageRef(channel_id, message_id)


def _card(song: Song) -> ResultCard:
    """Return the contents of the message with the song's buttons, which has no links."""
    return result_card(song.request, [None] * len(song.request.clips), offered=str, loves=song.loves)


@reads(Share.WORKERS)
def _view(uow: UnitOfWork, request_id: int) -> tuple[Song, int | None]:
    """Return the song, and its server's showcase channel."""
    request = get_request(uow, request_id)
    song = Song(request, uow.library.loves(request_id))
    return song, uow.guilds.settings(request.guild_id).showcase_channel_id


@unit_of_work("showcase.record_posts")
def _record_posts(
    uow: UnitOfWork, message: OutboxMessage, posts: ShowcasePosts | None, until: datetime
) -> None:
    """Record what is posted, and what is about to be; None if nothing is."""
    uow.outbox.extend_lease(message, until=until)
    uow.outbox.record_attempt(message, str(posts) if posts else None)
