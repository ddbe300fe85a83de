"""Thousands of pending requests, in the database and in the local servers, as in a bot that runs for long."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.harness.local_servers import PendingRequest
from bot.config import Settings
from bot.domain.guild_settings import GuildSettings
from bot.domain.polling import PRIOR_MEDIAN_S
from bot.domain.provider_tasks import TaskProgress
from bot.domain.requests import NewRequest, ReplyAddress, Request
from bot.domain.song_options import SongSpec
from bot.domain.transitions import Transition
from bot.service_configs import song_config
from bot.services.cards import QUARTERS
from bot.services.credits.holds import hold_credits, payment_of
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.placement import SongConfig
from bot.services.unit_of_work import UnitOfWork
from bot.storage.schema import migrate
from bot.storage.sqlite.store import utc_now
from bot.storage.store import open_store
from sandbox.cqtai import PLAYLISTS

BATCH = 500
QUARTER_S = PRIOR_MEDIAN_S / QUARTERS
ATTACHMENT_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests that are written in one unit of work."""

    pending: Sequence[PendingRequest]
    config: SongConfig
    now: datetime


async def write_in_flight(settings: Settings, pending: Sequence[PendingRequest]) -> None:
    """Write a request for each pending request to the database: running if it has a task, else queued.

    The running ones were accepted within the last minute, evenly spread, and are due to be polled; their
    status messages are due at the next quarter of the usual duration.
    """
    url = settings.database_url.get_secret_value()
    await asyncio.to_thread(migrate, url)
    config = song_config(settings)
    async with open_store(url) as store:
        for start in range(0, len(pending), BATCH):
            await store.write(_write, Batch(pending[start : start + BATCH], config, utc_now()))


def _write(work: UnitOfWork, batch: Batch) -> None:
    for number, one in enumerate(batch.pending):
        request = _place(work, one, batch)
        age_s = 60.0 * number / len(batch.pending)
        if one.task_id:
            _accept(work, request, one.task_id, batch.now - timedelta(seconds=age_s), batch.now)


def _place(work: UnitOfWork, pending: PendingRequest, batch: Batch) -> Request:
    config, now = batch.config, batch.now
    policy = config.policy
    new = NewRequest(
        id=pending.interaction_id,
        guild_id=pending.guild_id,
        user_id=pending.user_id,
        spec=SongSpec(playlist_id=PLAYLISTS[0].id, model=config.default_model),
        cost=config.cost,
        policy=policy,
        address=ReplyAddress(
            application_id=pending.application_id,
            channel_id=pending.channel_id,
            message_id=pending.message_id,
            token=pending.token,
            token_until=now + timedelta(seconds=config.token_life_s),
            attachment_limit=ATTACHMENT_LIMIT,
        ),
        placed_at=now,
    )
    membership = (pending.guild_id, pending.user_id)
    member = work.members.add_active_request(*membership, limit=policy.max_active, cooldown_s=0, now=now)
    request = work.requests.add(new)
    payment = payment_of(work, request, member=member, settings=GuildSettings(), caps=config.caps, now=now)
    hold_credits(work, new.id, payment, now)
    due_at = now + timedelta(seconds=QUARTER_S)
    work.outbox.create(new.id, MessageKind.STATUS, fingerprint="waiting", not_before=now, next_at=due_at)
    return request


def _accept(work: UnitOfWork, request: Request, task_id: str, accepted_at: datetime, now: datetime) -> None:
    claimed = work.requests.transition(request, Transition.CLAIM, next_at=now)
    progress = TaskProgress(progress_at=now)
    work.requests.transition(
        claimed, Transition.ACCEPT, task_id=task_id, accepted_at=accepted_at, progress=progress, next_at=now
    )
    passed = int((now - accepted_at).total_seconds() / QUARTER_S)
    due_at = accepted_at + timedelta(seconds=QUARTER_S * (passed + 1))
    work.outbox.mark_due(request.id, MessageKind.STATUS, due_at=due_at)
