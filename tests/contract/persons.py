"""Persons with a life in several servers, and a look at every value that is kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert, text, update

from bot.domain.changes import Action
from bot.domain.quota import Period, window_of
from bot.domain.requests import Move, Request
from bot.domain.songs import Order
from bot.services.decisions import By, decide
from bot.services.moves import make_move
from bot.services.placing import Asked, SongRules, place
from bot.services.privacy import Privacy
from bot.services.retention import RetentionRules
from bot.services.work import Work
from bot.storage.store import SqlStore
from bot.storage.tables import METADATA, notices, playlists, ratings
from bot.storage.work import SqlWork
from tests.unit.storage.making import CLIP, GUILD, NOW, POLICY, USER, WATCH, lease

OTHER, ELSEWHERE = USER + 1, GUILD + 1
PLAYLIST = "119573ff-8e48-4c1d-9a1b-0123456789ab"
PROMPT = "a waltz for one mouse"
RULES = SongRules(
    models=("v55",),
    default_model="v55",
    cost=30,
    policy=POLICY,
    places=2,
    token_life_s=870,
    edit_spacing_s=4,
)
WEEK_END = window_of(Period.WEEK, NOW).ends_at
MONTH_END = window_of(Period.MONTH, NOW).ends_at


def connected(work: Work) -> SqlWork:
    assert isinstance(work, SqlWork)
    return work


def asked(number: int, *, user: int = USER, guild: int = GUILD) -> Asked:
    return Asked(
        interaction_id=number,
        guild_id=guild,
        user_id=user,
        channel_id=12,
        application_id=11,
        token=f"token-{number}",
        attachment_limit=10_485_760,
    )


def waiting(work: Work, number: int, *, user: int = USER, guild: int = GUILD, now: datetime = NOW) -> Request:
    order = Order(playlist=PLAYLIST, prompt=PROMPT)
    _, request = place(work, order, asked(number, user=user, guild=guild), RULES, now)
    assert request is not None
    return request


def delivered(work: Work, number: int, *, user: int = USER, guild: int = GUILD, now: datetime = NOW) -> None:
    """A song that was posted, and whose status message says so."""
    taken = make_move(
        work, waiting(work, number, user=user, guild=guild, now=now), Move.TAKE, now=now, lease=lease()
    )
    making = make_move(work, taken, Move.ACCEPT, now=now, task_id=f"task-{number}", watch=WATCH)
    ready = make_move(work, making, Move.FINISH, now=now, clips=(CLIP,))
    make_move(work, ready, Move.DELIVER, now=now, result_channel_id=12, result_message_id=number + 1)
    told(work, number)


def told(work: Work, number: int) -> None:
    quiet = update(notices).where(notices.c.request_id == number).values(due_at=None, said=PROMPT)
    connected(work).connection.execute(quiet)


def cancelled(work: Work, number: int) -> None:
    cancel(work, waiting(work, number))


def cancel(work: Work, request: Request) -> None:
    make_move(work, request, Move.CANCEL, now=NOW)
    told(work, request.id)


def rated(work: Work, number: int, *, user: int) -> None:
    row = {"request_id": number, "user_id": user, "stars": 5, "at": NOW}
    connected(work).connection.execute(insert(ratings), row)


def saved(work: Work, *, by: int) -> None:
    row = {
        "guild_id": GUILD,
        "key": "waltz",
        "name": "Waltz",
        "playlist_id": PLAYLIST,
        "added_by": by,
        "added_at": NOW,
    }
    connected(work).connection.execute(insert(playlists), row)


def decided(
    work: Work, number: int, action: Action, *, by: int = OTHER, about: int | None = USER, guild: int = GUILD
) -> None:
    decide(
        work,
        By(interaction_id=number, guild_id=guild, actor_id=by),
        action,
        subject_id=about,
        before={"credits": 3, "why": "words"},
        after={"who": USER, "request": 7},
        reason=f"because of {USER}",
        now=NOW,
    )


def blocked(work: Work, *, user: int = USER, guild: int = GUILD) -> None:
    standing = work.members.meet(guild, user)
    work.members.settle(guild, user, replace(standing, blocked="enough"))


def full_life(work: Work) -> None:
    """A person with a bit of everything, in two servers, beside another one."""
    delivered(work, 101)
    cancelled(work, 102)
    delivered(work, 103, guild=ELSEWHERE)
    delivered(work, 104, user=OTHER)
    rated(work, 101, user=OTHER)
    rated(work, 104, user=USER)
    saved(work, by=USER)
    decided(work, 201, Action.GRANT)
    decided(work, 202, Action.PAUSE, by=USER, about=None)
    decided(work, 203, Action.CANCEL, by=USER, about=OTHER)


def privacy(store: SqlStore, now: datetime = NOW) -> Privacy:
    return Privacy(store, rules=RetentionRules(), policy=POLICY, clock=lambda: now)


async def cells(store: SqlStore) -> dict[tuple[str, str], list[str]]:
    """Every value of the database as text, by table and column."""

    def every(work: Work) -> Iterator[tuple[str, str, str]]:
        for table in METADATA.sorted_tables:
            for row in connected(work).connection.execute(text(f"SELECT * FROM {table.name}")).mappings():
                yield from ((table.name, name, str(value)) for name, value in row.items())

    found: dict[tuple[str, str], list[str]] = {}
    for table, name, value in await store.read(lambda work: list(every(work))):
        found.setdefault((table, name), []).append(value)
    return found


async def places(store: SqlStore, *words: str) -> set[tuple[str, str]]:
    """Where any of the words stands."""
    found = await cells(store)
    return {
        place for place, values in found.items() if any(word in value for value in values for word in words)
    }


async def look(store: SqlStore, query: str) -> list[tuple[object, ...]]:
    def unit(work: Work) -> list[tuple[object, ...]]:
        return [tuple(row) for row in connected(work).connection.execute(text(query))]

    return await store.read(unit)


async def turn(store: SqlStore, now: datetime) -> int:
    return await store.write(lambda work: work.upkeep.forget_members(now=now, limit=500))
