"""Welcomes: posted once in each server that the bot joins."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.domain.errors import InvalidMessageError, NoAccessError, RetryableError
from bot.domain.guild_settings import policy_for
from bot.domain.leases import lease_until
from bot.domain.welcomes import WelcomeCard
from bot.services.delivery.routes import is_deduplicated
from bot.services.ports import ChannelTarget, Clock, DirectMessageTarget, Messenger, Target
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.placement import SongConfig
from bot.services.runtime.timings import LeaseTimings
from bot.services.served_guilds import load_served
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

ATTEMPTS = 30
"""Attempts, over about two hours, after which a server is not welcomed."""


@dataclass(frozen=True, slots=True)
class WelcomeMessages:
    """The posting of welcomes."""

    store: Store
    messenger: Messenger
    config: SongConfig
    clock: Clock
    leases: LeaseTimings

    async def post(self, message: OutboxMessage) -> None:
        """Post the welcome in the first place that takes it; give it up if none does.

        Raises:
            ConflictError: another dispatcher has leased the message since.
            RetryableError: Discord did not accept it now.
        """
        card = await self.store.read(_view, message.source_id, self.config)
        if card is None:
            return
        first = 0
        if message.attempt is not None:
            first, tried_at = _parse(message.attempt)
            if not is_deduplicated(tried_at, self.clock()) and await self._may_be_posted(
                card, first, tried_at
            ):
                return
        if not await self._post(message, card, first=first):
            log.info("a server could not be welcomed: nobody is told", extra={"guild": message.source_id})

    async def _post(self, message: OutboxMessage, card: WelcomeCard, *, first: int) -> bool:
        """Post the welcome in the first place that takes it, beginning with this one; False if none does.

        Raises:
            ConflictError, RetryableError
        """
        for number in range(first, len(card.welcome.channel_ids) + 1):
            claim = partial(self._record, message, number)
            try:
                target = await self._target(card, number)
                if target is not None:
                    await self.messenger.post_welcome(target, card, claim=claim)
                    return True
            except (NoAccessError, InvalidMessageError):
                continue
            except RetryableError:
                if message.attempts + 1 < ATTEMPTS:
                    raise
                break
        return False

    async def _target(self, card: WelcomeCard, number: int) -> Target | None:
        """Return where the welcome goes at this try: after all channels, to the one who added the bot."""
        channels = card.welcome.channel_ids
        if number < len(channels):
            return ChannelTarget(channels[number])
        inviter_id = await self.messenger.find_inviter(card.welcome.guild_id)
        return None if inviter_id is None else DirectMessageTarget(inviter_id)

    async def _may_be_posted(self, card: WelcomeCard, number: int, tried_at: datetime) -> bool:
        """Return True unless an attempt that Discord no longer detects certainly posted nothing."""
        channels = card.welcome.channel_ids
        if number >= len(channels):
            return True
        try:
            return await self.messenger.find_welcome(channels[number], since=tried_at) is not None
        except (NoAccessError, InvalidMessageError):
            return True

    async def _record(self, message: OutboxMessage, number: int) -> None:
        now = self.clock()
        until = lease_until(now, self.leases.message_s)
        await self.store.write(_record_attempt, message, f"{number} {now.isoformat()}", until)


def _parse(attempt: str) -> tuple[int, datetime]:
    number, _, tried_at = attempt.partition(" ")
    return int(number), datetime.fromisoformat(tried_at)


@reads(Share.WORKERS)
def _view(uow: UnitOfWork, guild_id: int, config: SongConfig) -> WelcomeCard | None:
    """Return the server's welcome; None if the bot has left it, or does not serve it."""
    welcome = uow.guilds.welcome(guild_id)
    if welcome is None or not load_served(uow, config.served).includes(guild_id):
        return None
    policy = policy_for(config.policy, uow.guilds.settings(guild_id))
    return WelcomeCard(welcome=welcome, cost=config.cost, policy=policy)


@unit_of_work("welcomes.record_attempt")
def _record_attempt(uow: UnitOfWork, message: OutboxMessage, attempt: str, until: datetime) -> None:
    uow.outbox.extend_lease(message, until=until)
    uow.outbox.record_attempt(message, attempt)
