"""The upgrades that let the bot welcome servers, and post digests."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from bot.services.repositories.outbox import MessageKind
from bot.storage.admin import database_admin
from bot.storage.schema import migrate
from bot.storage.tables import outbox
from tests.unit.storage.test_upgrades import is_up_to_date, kept_on_both


@pytest.mark.parametrize(("kind", "older"), [(MessageKind.WELCOME, "0020"), (MessageKind.DIGEST, "0024")])
async def test_the_older_version_forgets_a_new_kind_and_keeps_the_other_messages(
    tmp_path: Path, postgres_url: str, kind: MessageKind, older: str
) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        before = database_admin(url).read(messages)
        database_admin(url).write(partial(add_message, kind=kind))
        assert len(database_admin(url).read(messages)) == len(before) + 1
        migrate(url, revision=older)
        migrate(url)
        assert database_admin(url).read(messages) == before
        await is_up_to_date(url, "0007")


def add_message(connection: Connection, *, kind: MessageKind) -> None:
    row = {"source_id": 5, "kind": kind, "version": 1, "attempts": 0}
    connection.execute(insert(outbox).values(row))


def messages(connection: Connection) -> list[tuple[object, ...]]:
    rows = connection.execute(select(outbox.c.source_id, outbox.c.kind).order_by(*outbox.primary_key.columns))
    return [tuple(row) for row in rows]
