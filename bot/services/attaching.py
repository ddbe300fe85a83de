"""An accepted task finds its request, also one that was given up as uncertain meanwhile."""

from datetime import datetime, timedelta

from bot.domain.errors import RequestNotFoundError, StoreError, TooLateError
from bot.domain.guild_settings import GuildSettings
from bot.domain.people import NOBODY_ID
from bot.domain.polling import Pace, interval_s
from bot.domain.requests import Move, NewRequest, Request, State
from bot.domain.tasks import Watch
from bot.services.moves import existing, make_move
from bot.services.spending import hold_credits, purse_of
from bot.services.work import Work, unit_of_work


def accept(work: Work, request: Request, task_id: str, pace: Pace, now: datetime) -> Request:
    """Note that the provider has taken the request as this task, and follow it."""
    durations = work.timings.of(request.spec.model)
    first_s = interval_s(0.0, first_clip_age_s=None, durations=durations, in_flight=1, pace=pace)
    return make_move(
        work,
        request,
        Move.ACCEPT,
        now=now,
        task_id=task_id,
        accepted_at=now,
        watch=Watch(progress_at=now),
        next_at=now + timedelta(seconds=first_s),
    )


@unit_of_work("late_tasks.attach")
def attach(work: Work, request_id: int, task_id: str, pace: Pace, now: datetime) -> Request | None:
    """Follow a task whose request was moved meanwhile; gives the request that has it now, None if one had.

    An uncertain request has its credits back, and a hold ends once: so its song goes on as a request of its
    own, under the id of the status message that both have, which is no interaction's.

    Raises:
        RefusalError: the member can't have it any more, or has ordered again; the unit must not go on.
        StoreError: try again soon, also while nobody knows the status message.
    """
    request = existing(work, request_id)
    settings = work.guilds.share(request.guild_id)
    if request.state is State.SUBMITTING:
        return accept(work, request, task_id, pace, now)
    if request.state is not State.UNCERTAIN or request.task_id is not None:
        return None
    make_move(work, request, Move.ATTACH, now=now, task_id=task_id)  # of those who race, one gets past this
    again = _order_again(work, request, settings, now)
    work.notices.drop(request_id)  # both have one message, which must not go back to the end of the first
    return accept(work, make_move(work, again, Move.TAKE, now=now, next_at=now), task_id, pace, now)


@unit_of_work("late_tasks.keep")
def keep(work: Work, request_id: int, task_id: str, now: datetime) -> None:
    """Remember the task of an uncertain request, which nobody follows."""
    request = existing(work, request_id)
    if request.state is State.UNCERTAIN and request.task_id is None:
        make_move(work, request, Move.ATTACH, now=now, task_id=task_id)


def _order_again(work: Work, request: Request, settings: GuildSettings, now: datetime) -> Request:
    """Place the same request anew and hold its credits, if its member has ordered nothing since its end."""
    message_id = request.address.message_id
    if message_id is None and request.address.token_at(now) is not None:
        raise StoreError("its status message is not known yet")  # whoever edits it by the token learns it
    if message_id is None or request.user_id == NOBODY_ID:
        raise RequestNotFoundError
    policy = request.policy
    standing = work.members.take_slot(
        request.guild_id, request.user_id, limit=policy.max_active, cooldown_s=0, now=now
    )
    since = max(request.ended_at or now, request.placed_at)  # the clock may have been set back
    if work.requests.has_ordered(request.guild_id, request.user_id, since=since):
        raise TooLateError(request.state)
    again = work.requests.add(
        NewRequest(
            id=message_id,
            guild_id=request.guild_id,
            user_id=request.user_id,
            spec=request.spec,
            cost=request.cost,
            policy=policy,
            address=request.address,
            placed_at=now,
            delivery_channel_id=request.delivery_channel_id,
        )
    )
    hold_credits(
        work,
        again.id,
        cost=again.cost,
        purse=purse_of(again.guild_id, again.user_id, standing=standing, policy=policy, now=now),
        policy=policy,
        settings=settings,
        now=now,
    )
    return again
