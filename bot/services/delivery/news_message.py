"""What moderators decided for a member, as a direct message, where the server wants that."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.domain.errors import ConflictError, InvalidMessageError, NoAccessError, RetryableError
from bot.domain.leases import lease_until
from bot.services.audit_log import current_news
from bot.services.delivery.routes import is_deduplicated
from bot.services.ports import Clock, Messenger
from bot.services.repositories.outbox import OutboxMessage
from bot.services.requests.transitions import message_log_context
from bot.services.runtime.timings import LeaseTimings
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

ATTEMPTS = 30
"""Attempts, over about two hours, after which the member is told at the next command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsAttempt:
    """A direct message whose outcome is unknown, and the entries in it."""

    at: datetime
    """When it was first sent."""
    ids: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "NewsAttempt":
        """Parse the stored text."""
        at, *ids = text.split(" ")
        return cls(at=datetime.fromisoformat(at), ids=tuple(map(int, ids)))

    def __str__(self) -> str:
        """Return the text that is stored."""
        return " ".join((self.at.isoformat(), *map(str, self.ids)))


@dataclass(frozen=True, slots=True)
class NewsMessages:
    """The direct messages about news; a member has each entry from one of them, or at a command."""

    store: Store
    messenger: Messenger
    clock: Clock
    leases: LeaseTimings

    async def send(self, message: OutboxMessage) -> None:
        """Tell the member all news; what Discord does not take is told at the next command.

        Raises:
            ConflictError: another dispatcher has leased the message since, or a command tells the news.
            RetryableError: Discord did not accept it now.
        """
        before = None if message.attempt is None else NewsAttempt.parse(message.attempt)
        facts = message_log_context(message)
        if before is not None and not is_deduplicated(before.at, self.clock()):
            log.info("nobody can tell whether news have arrived; they are not repeated", extra=facts)
            return
        user_id, news = await self.store.read(_view, message.source_id, before)
        if not news:
            return
        taken: list[AuditEntry] = []

        async def claim() -> None:
            taken.extend(await self._claim(message, news, before))

        try:
            await self.messenger.post_news(user_id, news, claim=claim)
        except (NoAccessError, InvalidMessageError) as error:
            log.info("a member reads news at the next command: %r", error, extra=facts)
            await self._put_back(message, taken)
        except RetryableError as error:
            if error.not_taken:
                await self._put_back(message, taken)
            if message.attempts + 1 < ATTEMPTS:
                raise
            log.warning("news could not be sent: %s", error.cause, extra=facts)

    async def _claim(
        self, message: OutboxMessage, news: Sequence[AuditEntry], before: NewsAttempt | None
    ) -> Sequence[AuditEntry]:
        now = self.clock()
        attempt = before or NewsAttempt(at=now, ids=tuple(entry.id for entry in news))
        await self.store.write(
            _record_attempt, message, news, attempt, lease_until(now, self.leases.message_s), before is None
        )
        return news

    async def _put_back(self, message: OutboxMessage, taken: Sequence[AuditEntry]) -> None:
        if taken:
            await self.store.write(_put_back, message, taken)


def _view(uow: UnitOfWork, entry_id: int, before: NewsAttempt | None) -> tuple[int, Sequence[AuditEntry]]:
    """Return the member and what is told now: the same as in the attempt before, or all news."""
    entry = uow.audit_log.find(entry_id)
    if entry is None or entry.subject_id is None or not uow.guilds.settings(entry.guild_id).tells_at_once:
        return 0, ()
    if before is None:
        return entry.subject_id, current_news(uow, uow.audit_log.news(entry.guild_id, entry.subject_id))
    found = (uow.audit_log.find(one) for one in before.ids)
    return entry.subject_id, [one for one in found if one and one.subject_id == entry.subject_id]


@unit_of_work("news.record_attempt")
def _record_attempt(
    uow: UnitOfWork,
    message: OutboxMessage,
    news: Sequence[AuditEntry],
    attempt: NewsAttempt,
    until: datetime,
    is_first: bool,  # noqa: FBT001 - units take their arguments in order
) -> None:
    """Record that the news are about to be sent, and that nobody else tells them.

    Raises:
        ConflictError: a command has told some of them, or there are others since.
    """
    uow.outbox.extend_lease(message, until=until)
    uow.outbox.record_attempt(message, str(attempt))
    if (
        is_first
        and current_news(uow, uow.audit_log.take_news(news[0].guild_id, news[0].subject_id or 0)) != news
    ):
        raise ConflictError("The member's news have changed.")


@unit_of_work("news.put_attempt_back")
def _put_back(uow: UnitOfWork, message: OutboxMessage, news: Sequence[AuditEntry]) -> None:
    """Let the news be told later: the member certainly did not get them."""
    uow.outbox.record_attempt(message, None)
    for entry in news:
        uow.audit_log.put_back_news(entry.id)
