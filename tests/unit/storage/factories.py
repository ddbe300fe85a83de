"""Factories of requests and credits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.errors import InsufficientFundsError
from bot.domain.leases import Lease
from bot.domain.ledger import Account, Leg, allowance_account
from bot.domain.provider_tasks import Clip, ClipStage, TaskProgress
from bot.domain.quotas import Period, Policy, Window, window_of
from bot.domain.requests import NewRequest, ReplyAddress, Request, State
from bot.domain.song_options import SongSpec
from bot.domain.transitions import Transition
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork

NOW = datetime(2026, 11, 18, 12, 0, 0, 123456, tzinfo=UTC)
GUILD, USER = 900_000_000_000_000_001, 1_300_000_000_000_000_002
COST = 30
POLICY = Policy(allowance=90, period=Period.WEEK, max_active=3, cooldown_s=0)
WINDOW = window_of(Period.WEEK, NOW)
SPEC = SongSpec(
    playlist_id="0b8dbbf0-0000-4000-8000-000000000001",
    model="v55",
    prompt="a song with an emoji 🎵",
    style_weight=0.55,
    weirdness=0.0,
    persona_id="persona_1",
)
CLIP = Clip(
    id="c0ffee00-0000-4000-8000-000000000001",
    stage=ClipStage.STREAMING,
    title="Rain",
    duration_s=125.5,
    tags=("lo-fi", "rain"),
    audio_url="https://media.example/1.mp3",
)
PROGRESS = TaskProgress(
    progress_at=NOW, fingerprint="running", clips=(CLIP,), first_clip_at=NOW, empty_replies=1
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def lease(owner: str = "worker-1", *, until_s: float = 60) -> Lease:
    return Lease(owner, after(until_s))


def new_request(
    request_id: int = 1, *, guild: int = GUILD, user: int = USER, cost: int = COST, placed_s: float = 0
) -> NewRequest:
    return NewRequest(
        id=request_id,
        guild_id=guild,
        user_id=user,
        spec=SPEC,
        cost=cost,
        policy=POLICY,
        address=ReplyAddress(
            application_id=11,
            channel_id=12,
            token="interaction-token",
            token_until=after(870),
            attachment_limit=10_485_760,
        ),
        placed_at=after(placed_s),
    )


def account_of(user: int = USER, window: Window = WINDOW) -> Account:
    return allowance_account(GUILD, user, f"m{user}", window)


def awaiting(uow: UnitOfWork, request_id: int) -> Request:
    """Add a request without credits that a moderator has to approve."""
    return uow.requests.add(replace(new_request(request_id), approve_by=after(60)))


def add(uow: UnitOfWork, *request_ids: int) -> list[Request]:
    """Add requests without credits, placed in this order."""
    return [uow.requests.add(new_request(n, placed_s=i)) for i, n in enumerate(request_ids)]


def open_account(uow: UnitOfWork, amount: int = 90, user: int = USER, window: Window = WINDOW) -> None:
    uow.ledger.set_granted_total(account_of(user, window), target=amount, now=NOW)


def hold(uow: UnitOfWork, request_id: int, amount: int = COST, user: int = USER) -> bool:
    """Hold credits; return False if the account has too few."""
    try:
        uow.ledger.hold(request_id, [Leg(account_of(user).id, amount)], now=NOW)
    except InsufficientFundsError:
        return False
    return True


def place(uow: UnitOfWork, request_id: int, user: int = USER, allowance: int = 90) -> Request:
    """Place a request as the services do: counted, recorded, paid for."""
    uow.members.add_active_request(GUILD, user, limit=1000, cooldown_s=0, now=NOW)
    request = uow.requests.add(new_request(request_id, user=user))
    open_account(uow, allowance, user)
    assert hold(uow, request_id, user=user)
    return request


def submit(uow: UnitOfWork, request: Request) -> Request:
    """Submit a request."""
    taken = apply_transition(uow, request, Transition.CLAIM, now=NOW, lease=lease(), next_at=NOW)
    return apply_transition(
        uow,
        taken,
        Transition.ACCEPT,
        now=NOW,
        task_id="task-1",
        accepted_at=NOW,
        progress=PROGRESS,
        next_at=after(5),
    )


async def placed(store: Store, *request_ids: int) -> list[Request]:
    return await store.write(NamedUnit("tests.add", add), *request_ids)


def brought_to(uow: UnitOfWork, request: Request, state: State) -> Request:
    """Bring the request to a state by the transitions that lead there."""
    way = {
        State.WAITING: Transition.CLAIM,
        State.SUBMITTING: Transition.ACCEPT,
        State.MAKING: Transition.FINISH,
    }
    if state is State.UNCERTAIN:
        way[State.SUBMITTING] = Transition.MARK_UNCERTAIN
    while request.state is not state:
        request = uow.requests.transition(request, way[request.state])
    return request
