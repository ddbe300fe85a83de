"""Thousands of requests under way, as if the bot had run for a while: in its database and outside."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.outside import Seat
from bot.config import Settings
from bot.domain.guild_settings import GuildSettings
from bot.domain.polling import PRIOR_MEDIAN_S
from bot.domain.provider_tasks import TaskProgress
from bot.domain.requests import NewRequest, ReplyAddress, Request
from bot.domain.song_options import SongSpec
from bot.domain.transitions import Transition
from bot.service_configs import song_config
from bot.services.credits.holds import funding_accounts, hold_credits
from bot.services.delivery.cards import QUARTERS
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.placement import SongConfig
from bot.services.unit_of_work import UnitOfWork
from bot.storage.schema import migrate
from bot.storage.store import open_store, utc_now
from sandbox.cqtai import PLAYLISTS

BATCH = 500
QUARTER_S = PRIOR_MEDIAN_S / QUARTERS
ATTACHMENT_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Some requests to be written in one unit of work."""

    seats: Sequence[Seat]
    rules: SongConfig
    now: datetime


async def write_in_flight(settings: Settings, seats: Sequence[Seat]) -> None:
    """The database has a request for each seat: in the making if the seat has a task, else waiting.

    Those in the making were taken within the last minute, evenly spread, and are due to be asked for; their
    statuses are due at the next quarter of the usual time.
    """
    url = settings.database_url.get_secret_value()
    await asyncio.to_thread(migrate, url)
    rules = song_config(settings)
    async with open_store(url) as store:
        for start in range(0, len(seats), BATCH):
            await store.write(_write, Batch(seats[start : start + BATCH], rules, utc_now()))


def _write(work: UnitOfWork, batch: Batch) -> None:
    for number, seat in enumerate(batch.seats):
        request = _placed(work, seat, batch)
        age_s = 60.0 * number / len(batch.seats)
        if seat.task_id:
            _taken(work, request, seat.task_id, batch.now - timedelta(seconds=age_s), batch.now)


def _placed(work: UnitOfWork, seat: Seat, batch: Batch) -> Request:
    rules, now = batch.rules, batch.now
    policy = rules.policy
    new = NewRequest(
        id=seat.interaction_id,
        guild_id=seat.guild_id,
        user_id=seat.user_id,
        spec=SongSpec(playlist_id=PLAYLISTS[0].id, model=rules.default_model),
        cost=rules.cost,
        policy=policy,
        address=ReplyAddress(
            application_id=seat.application_id,
            channel_id=seat.channel_id,
            message_id=seat.message_id,
            token=seat.token,
            token_until=now + timedelta(seconds=rules.token_life_s),
            attachment_limit=ATTACHMENT_LIMIT,
        ),
        placed_at=now,
    )
    place = (seat.guild_id, seat.user_id)
    standing = work.members.acquire_slot(*place, limit=policy.max_active, cooldown_s=0, now=now)
    request = work.requests.add(new)
    purse = funding_accounts(*place, member=standing, policy=policy, now=now)
    nothing_settled = GuildSettings()
    hold_credits(work, new.id, cost=new.cost, funding=purse, policy=policy, settings=nothing_settled, now=now)
    look_at = now + timedelta(seconds=QUARTER_S)
    work.outbox.create(new.id, MessageKind.STATUS, fingerprint="waiting", not_before=now, next_at=look_at)
    return request


def _taken(work: UnitOfWork, request: Request, task_id: str, accepted_at: datetime, now: datetime) -> None:
    taken = work.requests.transition(request, Transition.CLAIM, next_at=now)
    watch = TaskProgress(progress_at=now)
    work.requests.transition(
        taken, Transition.ACCEPT, task_id=task_id, accepted_at=accepted_at, progress=watch, next_at=now
    )
    passed = int((now - accepted_at).total_seconds() / QUARTER_S)
    look_at = accepted_at + timedelta(seconds=QUARTER_S * (passed + 1))
    work.outbox.mark_due(request.id, MessageKind.STATUS, due_at=look_at)
