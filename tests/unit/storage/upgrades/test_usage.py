"""The upgrade that counts all requests that ended, by member, playlist, model and failure."""

from pathlib import Path

from sqlalchemy import Connection, func, select

from bot.domain.requests import RETURNED, USED
from bot.services.repositories.usage import UsageKind
from bot.storage.admin import database_admin
from bot.storage.schema import migrate
from bot.storage.tables import daily_usage, requests
from tests.unit.storage.test_upgrades import is_up_to_date, kept_on_both


async def test_requests_of_before_are_counted_also_after_a_return_to_the_older_version(
    tmp_path: Path, postgres_url: str
) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        made, without = database_admin(url).read(ended)
        assert made
        assert without
        for _ in range(2):
            counts = database_admin(url).read(totals)
            assert counts.pop(UsageKind.FAILURE) == (0, without)
            assert set(counts.values()) == {(made, made + without)}
            assert len(counts) == len(UsageKind) - 1
            migrate(url, revision="0023")
            migrate(url)
        await is_up_to_date(url, "0007")


def ended(connection: Connection) -> list[int]:
    counts = (
        select(func.count()).select_from(requests).where(requests.c.state.in_(sorted(states)))
        for states in (USED, RETURNED)
    )
    return [int(connection.execute(count).scalar_one()) for count in counts]


def totals(connection: Connection) -> dict[str, tuple[int, int]]:
    """Return the songs and the requests of each kind: the last totals of its keys together."""
    used = daily_usage.c
    last = select(used.kind, func.max(used.songs).label("songs"), func.max(used.requests).label("requests"))
    series = last.group_by(used.guild_id, used.kind, used.key).subquery()
    rows = select(series.c.kind, func.sum(series.c.songs), func.sum(series.c.requests)).group_by(
        series.c.kind
    )
    return {kind: (int(songs), int(count)) for kind, songs, count in connection.execute(rows)}
