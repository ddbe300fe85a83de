"""The upgrade that lets members be told by direct message."""

from pathlib import Path

from sqlalchemy import Connection, insert

from bot.domain.audit import Action
from bot.services.repositories.outbox import OF_AUDIT_ENTRY
from bot.storage.admin import database_admin
from bot.storage.schema import migrate
from bot.storage.tables import audit_log, outbox
from tests.unit.storage.test_upgrades import (
    GRANT,
    LATER,
    decisions,
    is_up_to_date,
    kept_on_both,
)
from tests.unit.storage.upgrades.test_welcomes import messages


async def test_the_older_version_forgets_news_by_direct_message_and_keeps_the_rest(
    tmp_path: Path, postgres_url: str
) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        before = decisions(url), database_admin(url).read(messages)
        database_admin(url).write(tell_at_once)
        migrate(url, revision="0025")
        migrate(url)
        assert (decisions(url), database_admin(url).read(messages)) == before
        await is_up_to_date(url, "0007")


def tell_at_once(connection: Connection) -> None:
    """Settle that members are told at once, which is posted to the log, and tell one of a bonus."""
    entry = {"id": GRANT + 300, "guild_id": 77, "actor_id": 78, "action": Action.NEWS, "at": LATER}
    connection.execute(insert(audit_log).values(entry | {"before": {}, "after": {}}))
    for kind in OF_AUDIT_ENTRY:
        due = {"source_id": GRANT + 300, "kind": kind, "due_at": LATER, "version": 1, "attempts": 0}
        connection.execute(insert(outbox).values(due))
