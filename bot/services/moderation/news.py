"""What moderators decided for a member, told to the member once, at the next command or before."""

import asyncio
from collections.abc import Sequence

from bot.domain.audit import AuditEntry
from bot.services.audit_log import current_news
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work


class MemberNews:
    """The decisions of which members have to be told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._one_at_a_time = asyncio.Lock()
        """Kept for the look for news: it follows an answer, and must not take connections from others'."""

    async def take(self, guild_id: int, user_id: int) -> Sequence[AuditEntry]:
        """Return what the member has to be told, oldest first; nobody else gets it, in any process.

        Raises:
            StoreError: the database cannot be used.
        """
        async with self._one_at_a_time:
            has_news = await self._store.read(_has_news, guild_id, user_id)
        if not has_news:
            return []
        return await self._store.write(_take, guild_id, user_id)

    async def put_back(self, news: Sequence[AuditEntry]) -> None:
        """Tell these entries later: the member did not get them."""
        await self._store.write(_put_back, news)


def _has_news(uow: UnitOfWork, guild_id: int, user_id: int) -> bool:
    return bool(uow.audit_log.news(guild_id, user_id))


@unit_of_work("news.take")
def _take(uow: UnitOfWork, guild_id: int, user_id: int) -> list[AuditEntry]:
    return current_news(uow, uow.audit_log.take_news(guild_id, user_id))


@unit_of_work("news.put_back")
def _put_back(uow: UnitOfWork, news: Sequence[AuditEntry]) -> None:
    for entry in news:
        uow.audit_log.put_back_news(entry.id)
