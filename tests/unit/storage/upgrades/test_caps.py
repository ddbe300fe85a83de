"""The upgrade that lets the owner cap what servers spend."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.caps import CapConfig
from bot.domain.errors import CapError
from bot.domain.song_options import SongOptions
from bot.services.credits.caps import caps_of
from bot.services.requests.service import RequestService
from bot.storage.admin import database_admin
from bot.storage.schema import migrate
from bot.storage.store import audit_database, open_store
from tests.contract.store.factories import PLAYLIST, RULES, asked
from tests.unit.storage.test_upgrades import LATER, by_name, kept_on_both, rows_by

KEPT_GUILD, SPENT = 10**17, 210
"""The server of the database of revision 0007; its 3 songs and 4 pending requests cost this much."""
CAPS = CapConfig(server=SPENT + 30, total=SPENT + 30)


async def reach_the_caps(url: str, number: int) -> None:
    """Place the one request that the caps leave room for, and one more."""
    async with open_store(url) as store:
        service = RequestService(store, config=replace(RULES, caps=CAPS), clock=lambda: LATER)
        await service.place(SongOptions(playlist=PLAYLIST), asked(number, guild=KEPT_GUILD))
        with pytest.raises(CapError):
            await service.place(SongOptions(playlist=PLAYLIST), asked(number + 1, guild=KEPT_GUILD, user=5))
        caps = await store.read(lambda uow: caps_of(uow, KEPT_GUILD, CAPS, LATER))
        assert [cap.spent for cap in caps] == [SPENT + 30] * 2


def accounts_of(url: str) -> list[str]:
    return by_name(database_admin(url).read(rows_by))["accounts"]


async def test_caps_count_what_was_spent_before_and_are_forgotten_by_the_older_version(
    tmp_path: Path, postgres_url: str
) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        migrate(url, revision="0016")
        before = accounts_of(url)
        migrate(url)
        assert accounts_of(url) == before
        await reach_the_caps(url, 50)
        assert len([row for row in accounts_of(url) if "'cap:" in row]) == 2
        assert audit_database(url)[0] == []
        migrate(url, revision="0016")
        assert [row for row in accounts_of(url) if "'cap:" in row] == []
        assert len(accounts_of(url)) == len(before) + 1
        migrate(url)
        assert audit_database(url)[0] == []
        async with open_store(url) as store:
            caps = await store.read(lambda uow: caps_of(uow, KEPT_GUILD, CAPS, LATER))
        assert [cap.spent for cap in caps] == [SPENT + 30] * 2
