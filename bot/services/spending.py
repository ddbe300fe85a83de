"""What the servers spend in the current period of the caps, for the bot's owner."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.caps import CapConfig, CapRecord
from bot.domain.quotas import Window, window_of
from bot.domain.served_guilds import ServedGuilds
from bot.domain.spending import PeriodSpending, ServerSpending, Spending, in_period
from bot.services.pagination import Page, fetch_page
from bot.services.privacy.guild_membership import VisibleGuilds
from bot.services.repositories.usage import NO_USE
from bot.services.served_guilds import load_served
from bot.services.unit_of_work import Share, UnitOfWork, reads

PAGE_SIZE = 10
NONE_SPENT = Spending()
NO_CAP = CapRecord()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServersPage:
    """One page of all servers, the most expensive first."""

    together: PeriodSpending
    page: Page[ServerSpending]


def period_spending(uow: UnitOfWork, config: CapConfig, now: datetime) -> PeriodSpending:
    """Return what all servers together spend in the current period."""
    window = window_of(config.period, now)
    return in_period(config.period, window, _spending(uow, window).values())


@reads(Share.REPORTS)
def servers_page(
    uow: UnitOfWork,
    number: int,
    visible: VisibleGuilds,
    config: CapConfig,
    configured: ServedGuilds,
    now: datetime,
) -> ServersPage:
    """Return a page of the servers that the bot is or was in, of which this process sees some."""
    window = window_of(config.period, now)
    spending = _spending(uow, window)
    known, turned_at, own = uow.guilds.known(), uow.guilds.last_turns(), uow.caps.own()
    served = load_served(uow, configured)

    def server(guild_id: int) -> ServerSpending:
        spent = spending.get(guild_id, NONE_SPENT)
        last = [at for at in (spent.last_at, turned_at.get(guild_id)) if at is not None]
        is_missing = visible.is_missing(guild_id) and guild_id not in turned_at
        return ServerSpending(
            guild_id=guild_id,
            songs=spent.songs,
            credits=spent.credits,
            cap=own.get(guild_id, NO_CAP).limit(guild_id, config),
            has_own_cap=guild_id in own,
            last_used_at=max(last, default=None),
            has_left=known.get(guild_id) is not None or is_missing,
            is_served=served.includes(guild_id),
        )

    def fetch(size: int, offset: int) -> list[ServerSpending]:
        ordered = sorted(map(server, found), key=_expensive_first)
        return ordered[offset : offset + size]

    found = {*visible.guild_ids, *known, *spending, *own}
    return ServersPage(
        together=in_period(config.period, window, spending.values()),
        page=fetch_page(len(found), number, size=PAGE_SIZE, fetch=fetch),
    )


def _spending(uow: UnitOfWork, window: Window) -> dict[int, Spending]:
    """Return what each server used in the window, with what it requested in it and has on hold."""
    used = uow.usage.by_guild(window.starts_at.date())
    held = uow.requests.on_hold(since=window.starts_at)
    return {
        guild_id: Spending(
            songs=used.get(guild_id, NO_USE).songs + held.get(guild_id, NONE_SPENT).songs,
            credits=used.get(guild_id, NO_USE).credits + held.get(guild_id, NONE_SPENT).credits,
            last_at=held.get(guild_id, NONE_SPENT).last_at,
        )
        for guild_id in {*used, *held}
    }


def _expensive_first(server: ServerSpending) -> tuple[int, float, int]:
    last_s = server.last_used_at.timestamp() if server.last_used_at else 0.0
    return -server.credits, -last_s, server.guild_id
