"""Weekly digests: posted once a week to the log channels of the servers that want them."""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.domain.caps import CapConfig
from bot.domain.digests import Digest, last_whole_week, next_digest
from bot.domain.errors import InvalidMessageError, NoAccessError, RetryableError
from bot.domain.leases import lease_until
from bot.services.credits.digests import read_digest
from bot.services.delivery.routes import is_deduplicated
from bot.services.ports import Clock, Messenger
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.transitions import message_log_context
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

ATTEMPTS = 30
"""Attempts, over about two hours, after which a week has no digest."""


@dataclass(frozen=True, slots=True)
class DigestMessages:
    """The posting of digests; a server's outbox message is due again in the next week."""

    store: Store
    messenger: Messenger
    caps: CapConfig
    clock: Clock
    leases: LeaseTimings

    async def post(self, message: OutboxMessage) -> tuple[str | None, datetime | None]:
        """Post the digest of the last whole week, unless it was posted.

        Return the week, for the outbox, and when the next digest is due; None: the server wants none.

        Raises:
            ConflictError: another dispatcher has leased the message since.
            RetryableError: Discord did not accept it now.
        """
        now = self.clock()
        week = last_whole_week(now)
        found = await self.store.read(read_digest, message.source_id, week, self.caps, now)
        if found is None:
            return message.sent, None
        digest, channel_id = found
        if message.sent != digest.week:
            await self._post(message, digest, channel_id, now)
        return digest.week, next_digest(message.source_id, now)

    async def _post(self, message: OutboxMessage, digest: Digest, channel_id: int, now: datetime) -> None:
        """Post the digest; give it up when nobody can tell whether it was posted: rather none than two."""
        facts, tried_at = message_log_context(message), _tried_at(message, digest.week)
        if tried_at is not None and not is_deduplicated(tried_at, now):
            log.info("nobody can tell whether a digest was posted; it is not repeated", extra=facts)
            return
        claim = partial(self._record, message, f"{digest.week} {(tried_at or now).isoformat()}")
        try:
            await self.messenger.post_digest(channel_id, digest, claim=claim)
        except RetryableError as error:
            if tried_at is None and error.not_taken:
                await self._record(message, None)
            if message.attempts + 1 < ATTEMPTS:
                raise
            log.warning("a digest could not be posted: %s", error.cause, extra=facts)
        except (NoAccessError, InvalidMessageError) as error:
            log.warning("a digest can't be posted to the log channel: %r", error, extra=facts)

    async def _record(self, message: OutboxMessage, attempt: str | None) -> None:
        until = lease_until(self.clock(), self.leases.message_s)
        await self.store.write(_record_attempt, message, attempt, until)


def _tried_at(message: OutboxMessage, week: str) -> datetime | None:
    """Return when the digest of this week was first sent; None: it certainly was not."""
    tried_week, _, at = (message.attempt or "").partition(" ")
    return datetime.fromisoformat(at) if tried_week == week else None


@unit_of_work("digests.record_attempt")
def _record_attempt(uow: UnitOfWork, message: OutboxMessage, attempt: str | None, until: datetime) -> None:
    uow.outbox.extend_lease(message, until=until)
    uow.outbox.record_attempt(message, attempt)
