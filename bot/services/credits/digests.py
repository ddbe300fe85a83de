"""The weekly digest of a server, for its moderators: what the last whole week came to."""

from datetime import date, datetime

from bot.domain.caps import CapConfig
from bot.domain.digests import Digest, WeekSum
from bot.domain.personal_data import NOBODY_ID
from bot.domain.requests import State
from bot.services.credits.limits import shared_limits
from bot.services.credits.reports import read_report
from bot.services.repositories.usage import UsageKind
from bot.services.unit_of_work import Share, UnitOfWork, reads

DAYS = 7
ASKED_MOST = 5
"""The members that a digest names."""
MAX_COUNTED = 1000
"""The most requests that await approval and are counted."""


@reads(Share.REPORTS)
def read_digest(
    uow: UnitOfWork, guild_id: int, week: tuple[str, date], caps: CapConfig, now: datetime
) -> tuple[Digest, int] | None:
    """Return the digest of a week, given by its key and last day, and the channel; None: it is off."""
    settings, (key, last) = uow.guilds.settings(guild_id), week
    if not settings.weekly_digest or settings.log_channel_id is None:
        return None
    report = read_report(uow, guild_id, DAYS, last)
    failures = uow.usage.by_key(guild_id, UsageKind.FAILURE, report.starts_on, last)
    members = uow.usage.by_member(guild_id, report.starts_on, last)
    asked = ((user_id, use.requests) for user_id, use in members.items() if user_id != NOBODY_ID)
    digest = Digest(
        guild_id=guild_id,
        week=key,
        starts_on=report.starts_on,
        ends_on=last,
        total=WeekSum(report.requests, report.songs, report.credits),
        before=WeekSum(report.requests_before, report.songs_before, report.credits_before),
        failures={kind: use.requests for kind, use in failures.items()},
        asked_most=tuple(sorted(asked, key=lambda one: (-one[1], one[0]))[:ASKED_MOST]),
        awaiting=len(uow.requests.of_guild(guild_id, State.AWAITING, limit=MAX_COUNTED)),
        limits=shared_limits(uow, guild_id, settings, caps, now),
    )
    return digest, settings.log_channel_id
