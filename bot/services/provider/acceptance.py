"""The acceptance of provider tasks, also for requests that were marked uncertain meanwhile."""

from datetime import datetime, timedelta

from bot.domain.caps import CapConfig
from bot.domain.errors import RequestNotFoundError, StoreError, TooLateError
from bot.domain.guild_settings import GuildSettings
from bot.domain.personal_data import NOBODY_ID
from bot.domain.polling import PollLimits, interval_s
from bot.domain.provider_tasks import TaskProgress
from bot.domain.requests import NewRequest, Request, State
from bot.domain.transitions import Transition
from bot.services.credits.holds import hold_credits, payment_of
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.unit_of_work import UnitOfWork, unit_of_work


def accept(uow: UnitOfWork, request: Request, task_id: str, limits: PollLimits, now: datetime) -> Request:
    """Record that the provider accepted the request as this task, and schedule its first poll."""
    durations = uow.durations.get(request.spec.model)
    first_s = interval_s(0.0, first_clip_age_s=None, durations=durations, in_flight=1, limits=limits)
    return apply_transition(
        uow,
        request,
        Transition.ACCEPT,
        now=now,
        task_id=task_id,
        accepted_at=now,
        progress=TaskProgress(progress_at=now),
        next_at=now + timedelta(seconds=first_s),
    )


@unit_of_work("late_tasks.attach")
def attach(
    uow: UnitOfWork, request_id: int, task_id: str, limits: PollLimits, caps: CapConfig, now: datetime
) -> Request | None:
    """Attach a task to its request, whose state was changed meanwhile, and poll it.

    The credits of an uncertain request are released, and a hold ends once. So its song continues as a new
    request, whose id is that of the status message that both share; no interaction has that id.

    Returns the request that has the task now; None if one had a task already.

    Raises:
        RefusalError: the member's limits or credits forbid it, or the member placed another request since;
            roll the unit of work back.
        StoreError: to be retried; also while the status message is unknown.
    """
    request = get_request(uow, request_id)
    settings = uow.guilds.get_for_share(request.guild_id)
    if request.state is State.SUBMITTING:
        return accept(uow, request, task_id, limits, now)
    if request.state is not State.UNCERTAIN or request.task_id is not None:
        return None
    # if two workers try this at once, only one passes this transition
    apply_transition(uow, request, Transition.ATTACH, now=now, task_id=task_id)
    new_request = _place_again(uow, request, settings, caps, now)
    uow.outbox.drop(request_id)  # both share one status message: it must not show the first one's end again
    return accept(
        uow, apply_transition(uow, new_request, Transition.CLAIM, now=now, next_at=now), task_id, limits, now
    )


@unit_of_work("late_tasks.keep")
def keep(uow: UnitOfWork, request_id: int, task_id: str, now: datetime) -> None:
    """Record the task of an uncertain request without polling it."""
    request = get_request(uow, request_id)
    if request.state is State.UNCERTAIN and request.task_id is None:
        apply_transition(uow, request, Transition.ATTACH, now=now, task_id=task_id)


def _place_again(
    uow: UnitOfWork, request: Request, settings: GuildSettings, caps: CapConfig, now: datetime
) -> Request:
    """Place the same request once more and hold its credits, if its member has placed none since its end.

    Raises:
        StoreError: the status message is not known yet.
        RefusalError: the member's limits or credits forbid it, or the member placed another request since.
    """
    message_id = _status_message_of(request, now)
    policy = request.policy
    member = uow.members.add_active_request(
        request.guild_id, request.user_id, limit=policy.max_active, cooldown_s=0, now=now
    )
    since = max(request.ended_at or now, request.placed_at)  # the clock may have been set back
    if uow.requests.has_ordered(request.guild_id, request.user_id, since=since):
        raise TooLateError(request.state)
    new_request = uow.requests.add(
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
    payment = payment_of(uow, new_request, member=member, settings=settings, caps=caps, now=now)
    hold_credits(uow, new_request.id, payment, now)
    return new_request


def _status_message_of(request: Request, now: datetime) -> int:
    """Return the id of the status message of a request whose member is still known, or raise."""
    message_id = request.address.message_id
    if message_id is None and request.address.valid_token(now) is not None:
        raise StoreError("its status message is not known yet")  # the next edit by the token returns its id
    if message_id is None or request.user_id == NOBODY_ID:
        raise RequestNotFoundError
    return message_id
