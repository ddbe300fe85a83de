"""Members with requests in several servers, and readers of every stored value."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert, text, update

from bot.domain.audit import Action
from bot.domain.quotas import Period, window_of
from bot.domain.requests import Request
from bot.domain.song_options import SongOptions
from bot.domain.transitions import Transition
from bot.services.audit_log import Actor, record_action
from bot.services.privacy.retention import RetentionConfig
from bot.services.privacy.service import PrivacyService
from bot.services.requests.placement import RequestContext, SongConfig, place
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from bot.storage.tables import METADATA, outbox, playlists
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.unit.storage.factories import CLIP, GUILD, NOW, POLICY, PROGRESS, USER, lease

OTHER, ELSEWHERE = USER + 1, GUILD + 1
PLAYLIST = "119573ff-8e48-4c1d-9a1b-0123456789ab"
PROMPT = "a waltz for one mouse"
RULES = SongConfig(
    models=("v55",),
    default_model="v55",
    cost=30,
    policy=POLICY,
    slots=2,
    token_life_s=870,
    edit_spacing_s=4,
)
WEEK_END = window_of(Period.WEEK, NOW).ends_at
MONTH_END = window_of(Period.MONTH, NOW).ends_at


def connected(uow: UnitOfWork) -> SqlUnitOfWork:
    assert isinstance(uow, SqlUnitOfWork)
    return uow


def asked(number: int, *, user: int = USER, guild: int = GUILD) -> RequestContext:
    return RequestContext(
        interaction_id=number,
        guild_id=guild,
        user_id=user,
        channel_id=12,
        application_id=11,
        token=f"token-{number}",
        attachment_limit=10_485_760,
    )


def waiting(
    uow: UnitOfWork, number: int, *, user: int = USER, guild: int = GUILD, now: datetime = NOW
) -> Request:
    order = SongOptions(playlist=PLAYLIST, prompt=PROMPT)
    request = place(uow, order, asked(number, user=user, guild=guild), RULES, now).request
    assert request is not None
    return request


def delivered(
    uow: UnitOfWork, number: int, *, user: int = USER, guild: int = GUILD, now: datetime = NOW
) -> None:
    """Add a song that was posted, with its final status message."""
    taken = apply_transition(
        uow, waiting(uow, number, user=user, guild=guild, now=now), Transition.CLAIM, now=now, lease=lease()
    )
    making = apply_transition(
        uow, taken, Transition.ACCEPT, now=now, task_id=f"task-{number}", progress=PROGRESS
    )
    ready = apply_transition(uow, making, Transition.FINISH, now=now, clips=(replace(CLIP, lyrics=PROMPT),))
    apply_transition(
        uow, ready, Transition.DELIVER, now=now, result_channel_id=12, result_message_id=number + 1
    )
    told(uow, number)


def told(uow: UnitOfWork, number: int) -> None:
    quiet = update(outbox).where(outbox.c.source_id == number).values(due_at=None, sent=PROMPT)
    connected(uow).connection.execute(quiet)


def cancelled(uow: UnitOfWork, number: int) -> None:
    cancel(uow, waiting(uow, number))


def cancel(uow: UnitOfWork, request: Request) -> None:
    apply_transition(uow, request, Transition.CANCEL, now=NOW)
    told(uow, request.id)


def loved(uow: UnitOfWork, number: int, *, user: int) -> None:
    assert uow.library.press_heart(number, 1, user, press_id=10**18, now=NOW)


def saved(uow: UnitOfWork, *, by: int) -> None:
    row = {
        "guild_id": GUILD,
        "key": "waltz",
        "name": "Waltz",
        "playlist_id": PLAYLIST,
        "added_by": by,
        "added_at": NOW,
    }
    connected(uow).connection.execute(insert(playlists), row)


def decided(
    uow: UnitOfWork,
    number: int,
    action: Action,
    *,
    by: int = OTHER,
    about: int | None = USER,
    guild: int = GUILD,
) -> None:
    record_action(
        uow,
        Actor(interaction_id=number, guild_id=guild, actor_id=by),
        action,
        subject_id=about,
        before={"credits": 3, "why": "words"},
        after={"who": USER, "request": 7},
        reason=f"because of {USER}",
        now=NOW,
    )


def blocked(uow: UnitOfWork, *, user: int = USER, guild: int = GUILD) -> None:
    record = uow.members.get_for_update(guild, user)
    uow.members.update(guild, user, replace(record, blocked="enough"))


def full_life(uow: UnitOfWork) -> None:
    """Store a member with one of everything, in two servers, beside another member."""
    delivered(uow, 101)
    cancelled(uow, 102)
    delivered(uow, 103, guild=ELSEWHERE)
    delivered(uow, 104, user=OTHER)
    loved(uow, 101, user=OTHER)
    loved(uow, 104, user=USER)
    saved(uow, by=USER)
    decided(uow, 201, Action.GRANT)
    decided(uow, 202, Action.PAUSE, by=USER, about=None)
    decided(uow, 203, Action.CANCEL, by=USER, about=OTHER)


def privacy(store: SqlStore, now: datetime = NOW) -> PrivacyService:
    return PrivacyService(store, config=RetentionConfig(), policy=POLICY, clock=lambda: now)


async def cells(store: SqlStore) -> dict[tuple[str, str], list[str]]:
    """Return every value of the database as text, by table and column."""

    def every(uow: UnitOfWork) -> Iterator[tuple[str, str, str]]:
        for table in METADATA.sorted_tables:
            for row in connected(uow).connection.execute(text(f"SELECT * FROM {table.name}")).mappings():
                yield from ((table.name, name, str(value)) for name, value in row.items())

    found: dict[tuple[str, str], list[str]] = {}
    for table, name, value in await store.read(lambda work: list(every(work))):
        found.setdefault((table, name), []).append(value)
    return found


async def columns_with(store: SqlStore, *words: str) -> set[tuple[str, str]]:
    """Return the columns that contain any of the words."""
    found = await cells(store)
    return {
        place for place, values in found.items() if any(word in value for value in values for word in words)
    }


async def query(store: SqlStore, sql: str) -> list[tuple[object, ...]]:
    def unit(uow: UnitOfWork) -> list[tuple[object, ...]]:
        return [tuple(row) for row in connected(uow).connection.execute(text(sql))]

    return await store.read(unit)


async def erase_due_members(store: SqlStore, now: datetime) -> int:
    return await store.write(lambda work: work.cleanup.erase_members(now=now, limit=500))
