"""The queueing of what awaits approval in servers that need none any more, a few requests at a time."""

from datetime import datetime

from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.services.audit_log import run_action
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

AT_ONCE = 10
"""The most requests in one unit of work: about 5 ms."""


async def queue_unapproved(store: Store, guild_id: int) -> int:
    """Queue all requests that await approval in the server, if it needs none; return how many."""
    queued = 0
    while some := await run_action(store, _queue_some, guild_id, store.clock()):
        queued += some
    return queued


async def resume_queueing(store: Store) -> int:
    """Do it in all servers, where a process may have been cut off; return how many requests were queued."""
    return sum([await queue_unapproved(store, guild_id) for guild_id in await store.read(_without_approval)])


@reads(Share.WORKERS)
def _without_approval(uow: UnitOfWork) -> list[int]:
    awaiting = uow.requests.per_guild(State.AWAITING)
    return [guild_id for guild_id in awaiting if uow.guilds.settings(guild_id).approval_channel_id is None]


@unit_of_work("approvals.queue")
def _queue_some(uow: UnitOfWork, guild_id: int, now: datetime) -> int:
    if uow.guilds.get_for_share(guild_id).approval_channel_id is not None:
        return 0
    awaiting = uow.requests.of_guild(guild_id, State.AWAITING, limit=AT_ONCE)
    for request in awaiting:
        apply_transition(uow, request, Transition.APPROVE, now=now)
    return len(awaiting)
