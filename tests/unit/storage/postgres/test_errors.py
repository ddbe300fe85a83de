"""Servers that cannot be used: what an operator reads, without a password."""

import asyncio
import socket
import traceback
from collections.abc import Mapping

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import LockedError, MisconfiguredError, StoreError, TookTooLongError
from bot.domain.retry_policy import RetryPolicy
from bot.services.ports import WorkQueue
from bot.services.unit_of_work import UnitOfWork
from bot.storage.admin import PostgresAdmin, database_admin
from bot.storage.database_url import parse_url
from bot.storage.postgres.errors import is_lost, server_error
from bot.storage.postgres.store import PostgresStore
from bot.storage.postgres.url import PostgresUrl
from bot.storage.store import open_store
from bot.storage.timings import STORAGE_TIMINGS, StorageTimings
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.databases import PostgresCluster, execute, ledger_breaches
from tests.unit.storage.databases import column
from tests.unit.storage.factories import place, placed

SECRET = "hunter2"
SERVER = PostgresUrl(database="songs", host="db.example", port=5432, user="bot", password=SECRET)


def with_(url: str, **parts: object) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def raise_code(uow: UnitOfWork, code: str) -> None:
    assert isinstance(uow, SqlUnitOfWork)
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'said by the server' USING ERRCODE = '{code}'; END $$"
    uow.connection.execute(text(statement))


def told(uow: UnitOfWork, statement: str, values: Mapping[str, object]) -> None:
    assert isinstance(uow, SqlUnitOfWork)
    uow.connection.execute(text(statement), values)


async def refusal(url: str, timings: StorageTimings = STORAGE_TIMINGS) -> str:
    """Return the message that every use of the database gives, after checking that it has no password."""
    said = []
    server = parse_url(url)
    assert isinstance(server, PostgresUrl)
    admin = PostgresAdmin(server, timings)
    for use in (admin.read, admin.write):
        with pytest.raises(StoreError) as refused:
            await asyncio.to_thread(use, str)
        said.append(str(refused.value))
    with pytest.raises(StoreError) as refused:
        async with open_store(url, timings):
            pass
    said.append(str(refused.value))
    with pytest.raises(StoreError) as refused:
        await PostgresStore(server, timings).start()
    said.append(str(refused.value))
    assert len(set(said)) == 1
    assert SECRET not in said[0]
    return said[0]


class TestReaching:
    async def test_a_server_that_is_not_there_is_named(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            said = await refusal(f"postgresql://bot:{SECRET}@127.0.0.1:{port}/songs")
        assert f"The database songs on 127.0.0.1:{port} cannot be reached: see that its server runs" in said

    async def test_a_server_that_says_nothing_is_given_up(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            url = f"postgresql://bot:{SECRET}@127.0.0.1:{mute.getsockname()[1]}/songs"
            said = await refusal(url, StorageTimings(connect_s=0.1))
        assert "does not answer: see that its server runs and can be reached" in said

    async def test_a_socket_that_is_not_there_is_named(self) -> None:
        said = await refusal(f"postgresql://bot:{SECRET}@/songs?host=/nowhere/at/all")
        assert "The database songs on /nowhere/at/all cannot be reached" in said

    async def test_a_wrong_password_is_told_apart(self, postgres_url: str) -> None:
        said = await refusal(with_(postgres_url, password=SECRET))
        assert "refuses the user or the password: check both in DATABASE_URL. (28P01: " in said

    async def test_a_database_that_is_missing_is_named(self, postgres_url: str) -> None:
        said = await refusal(with_(postgres_url, database="no_such_songs"))
        assert "The database no_such_songs on 127.0.0.1:" in said
        assert "does not exist: create it, or correct its name in DATABASE_URL" in said

    async def test_an_option_that_nobody_knows_is_named(self, postgres_url: str) -> None:
        assert "no_such_option" in await refusal(f"{postgres_url}?no_such_option=1")

    async def test_an_ssl_mode_that_nobody_knows_is_named(self, postgres_url: str) -> None:
        assert "sslmode" in await refusal(f"{postgres_url}?sslmode=perhaps")

    async def test_a_server_without_encryption_is_refused_where_it_is_asked_for(
        self, own_cluster: PostgresCluster
    ) -> None:
        url = own_cluster.server.url_of("inspire_template")
        assert "SSL" in await refusal(f"{url}?sslmode=require")

    async def test_a_database_that_may_only_be_read_is_told_apart(self, postgres_url: str) -> None:
        url = f"{postgres_url}?default_transaction_read_only=on"
        with pytest.raises(
            StoreError, match=r"is read-only \(a standby\?\): point DATABASE_URL at the primary"
        ):
            async with open_store(url):
                pass


class TestWords:
    @pytest.mark.parametrize(
        ("code", "says"),
        [
            ("53100", "There is no room left for the database"),
            ("53300", "takes no more connections: raise its max_connections"),
            ("42501", "does not let its user do this"),
            ("25006", "is read-only"),
            ("55P03", "is locked by something else"),
            ("57014", "did not finish in time"),
            ("57P01", "is stopping or starting"),
            ("23514", "would break its rules"),
            ("XX001", "is damaged or has a bug"),
            ("22012", "cannot be used: 22012: a value cannot be read or kept"),
        ],
    )
    async def test_what_the_server_says_is_told_in_words(
        self, postgres_url: str, code: str, says: str
    ) -> None:
        async with open_store(postgres_url) as store:
            with pytest.raises(StoreError, match=says):
                await store.write(raise_code, code)
            await placed(store, 1)

    async def test_what_another_keeps_locked_is_told_apart(self, postgres_url: str) -> None:
        async with open_store(postgres_url) as store:
            with pytest.raises(LockedError):
                await store.write(raise_code, "55P03")
            with pytest.raises(TookTooLongError):
                await store.read(raise_code, "57014")

    def test_a_host_that_has_no_address_is_told_apart(self) -> None:
        error = server_error(socket.gaierror(-2, "Name or service not known"), SERVER)
        assert str(error).startswith("The database songs on db.example:5432 cannot be found: check the host")

    def test_a_connection_that_was_found_closed_is_told_apart(self) -> None:
        closed = DBAPIError("BEGIN", None, Exception("connection is closed"), connection_invalidated=True)
        assert is_lost(closed)
        assert str(server_error(closed, SERVER)) == (
            "The connection to the database songs on db.example:5432 was lost: see that its server "
            "runs and can be reached. (connection is closed)"
        )

    @pytest.mark.parametrize("code", ["42P05", "26000"])
    async def test_a_pooler_that_parts_statements_is_told_apart(self, postgres_url: str, code: str) -> None:
        async with open_store(postgres_url) as store:
            with pytest.raises(MisconfiguredError, match=r"add \?statement_cache_size=0 to DATABASE_URL"):
                await store.write(raise_code, code)

    def test_a_pooler_that_takes_no_settings_is_told_apart(self) -> None:
        refused = asyncpg.ProtocolViolationError("unsupported startup parameter: statement_timeout")
        error = server_error(refused, SERVER)
        assert isinstance(error, MisconfiguredError)
        assert "add ?statement_cache_size=0 to DATABASE_URL. (08P01: unsupported" in str(error)

    def test_a_connection_that_broke_is_told_apart(self) -> None:
        error = server_error(ConnectionResetError(104, "Connection reset by peer"), SERVER)
        assert "songs on db.example:5432 cannot be reached" in str(error)


class TestComingBack:
    async def test_a_server_that_is_started_again_is_used_again(self, own_cluster: PostgresCluster) -> None:
        heard = asyncio.Event()
        url = own_cluster.server.url_of("inspire_template")
        async with open_store(url, StorageTimings(reconnects=RetryPolicy(first_s=0.01, max_s=0.05))) as store:
            await store.write(place, 1)
            store.subscribe(WorkQueue.OUTBOX, heard.set)
            await asyncio.to_thread(own_cluster.stop)
            for use in (store.write, store.read):
                with pytest.raises(StoreError, match="cannot be reached"):
                    await use(lambda work: work.key_values.get("key"))
            await asyncio.to_thread(own_cluster.start)
            await store.write(place, 2)
            assert await column(store, "SELECT id FROM requests ORDER BY id") == [1, 2]
            async with asyncio.timeout(20):
                await heard.wait()
            assert await ledger_breaches(store) == []
        assert execute(url, "SELECT count(*) FROM requests") == [2]

    async def test_a_server_that_became_a_standby_is_left_for_another(self, postgres_url: str) -> None:
        async with open_store(postgres_url) as store:
            with pytest.raises(StoreError, match="read-only"):
                await store.write(raise_code, "25006")
            with pytest.raises(StoreError, match="read-only"):
                await store.read(raise_code, "25006")
            await placed(store, 1)


class TestRows:
    """PostgreSQL quotes a row that breaks a rule, and values that it cannot read."""

    WORDS = "a prompt\nthat is nobody else's business"

    async def said(self, url: str, statement: str, **values: object) -> str:
        """Return all that could be logged about the statement's error."""
        async with open_store(url) as store:
            with pytest.raises(StoreError) as refused:
                await store.write(lambda work: told(work, statement, values))
        return "".join(traceback.format_exception(refused.value))

    async def test_a_row_that_breaks_a_rule_is_not_quoted(self, any_postgres_url: str) -> None:
        said = await self.said(
            any_postgres_url, "INSERT INTO key_values (key, value) VALUES (NULL, :words)", words=self.WORDS
        )
        assert "23502" in said
        assert 'null value in column "key" of relation "key_values" violates not-null constraint' in said
        assert "nobody else" not in said

    async def test_a_key_that_is_there_already_is_not_quoted(self, postgres_url: str) -> None:
        statement = "INSERT INTO key_values (key, value) VALUES (:words, ''), (:words, '')"
        said = await self.said(postgres_url, statement, words=self.WORDS)
        assert "23505" in said
        assert "nobody else" not in said

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("SELECT CAST(CAST(:words AS TEXT) AS INTEGER)", "22P02"),
            ("SELECT to_date(CAST(:words AS TEXT), 'YYYY')", "22007"),
            ("SELECT CAST(CAST(:words AS TEXT) AS JSON)", "22P02"),
        ],
    )
    async def test_a_value_that_the_server_cannot_read_is_not_quoted(
        self, postgres_url: str, statement: str, code: str
    ) -> None:
        said = await self.said(postgres_url, statement, words=self.WORDS)
        assert code in said
        assert "nobody else" not in said

    async def test_a_value_that_cannot_be_sent_is_not_quoted(self, postgres_url: str) -> None:
        statement = "INSERT INTO key_values (key, value) VALUES ('x', :words)"
        said = await self.said(postgres_url, statement, words=f"{self.WORDS}\ud800")
        assert "cannot be used" in said
        assert "nobody else" not in said

    def test_a_migration_that_fails_quotes_nothing(self, postgres_url: str) -> None:
        statement = "INSERT INTO key_values (key, value) VALUES (NULL, :words)"
        with pytest.raises(StoreError) as refused:
            database_admin(postgres_url).write(
                lambda conn: conn.execute(text(statement), {"words": self.WORDS})
            )
        said = "".join(traceback.format_exception(refused.value))
        assert "23502" in said
        assert "nobody else" not in said
