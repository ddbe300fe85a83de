import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from bot.config import Settings
from bot.diagnostics import CheckResult, run_checks
from bot.storage.schema import migrate
from sandbox.cqtai.effects import MODERATION, NO_CREDITS, Drop, Page
from sandbox.cqtai.faults import Fault, Phase
from sandbox.discord import Fault as DiscordFault
from sandbox.discord import FaultKind
from tests.harness.bot import BotHarness, addresses_restored, bot
from tests.harness.databases import PostgresCluster, execute

CLOSED = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""
NOWHERE = Path("/nowhere/.env")


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[BotHarness]:
    with addresses_restored():
        async with bot(tmp_path) as both:
            yield both


async def found(local: BotHarness, subject: str, **changes: object) -> CheckResult:
    settings = local.settings.model_copy(update=changes)
    return {one.subject: one async for one in run_checks(settings, NOWHERE) if not one.is_warning}[subject]


async def warned(local: BotHarness, env_file: Path | None = None, **changes: object) -> dict[str, str]:
    """Return the checks by subject, all of which pass."""
    settings = local.settings.model_copy(update=changes)
    warnings = [one async for one in run_checks(settings, env_file or NOWHERE) if one.is_warning]
    assert all(one.is_ok for one in warnings)
    return {one.subject: one.words for one in warnings}


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def first(settings: Settings) -> CheckResult:
    looking = run_checks(settings)
    try:
        return await anext(looking)
    finally:
        await looking.aclose()  # type: ignore[attr-defined]


async def test_everything_is_well_and_nothing_was_changed(local: BotHarness, tmp_path: Path) -> None:
    local.discord.state.world.is_public = False
    found = [one async for one in run_checks(local.settings, NOWHERE) if one.subject != "sqlite"]
    assert [(one.subject, one.is_ok) for one in found] == [
        ("settings", True),
        ("database", True),
        ("discord", True),
        ("provider", True),
    ]
    assert local.submissions == []
    assert files(tmp_path) == []


async def test_settings_that_are_not_as_by_default_are_listed() -> None:
    settings = Settings(
        _env_file=None,
        discord_token=SecretStr("token-1234"),
        cqtai_api_key=SecretStr("key-1234"),
        database_url=SecretStr("postgresql://inspire:hunter22@db/songs"),
        cqtai_base_url="https://me:hunter22@proxy.example/api",
        models=("v55", "v50"),
        credit_rate=Decimal("0.5"),
        http_port=8080,
    )
    result = await first(settings)
    assert result.words == (
        "all are usable; not as by default: CQTAI_BASE_URL=https://[secret]@proxy.example/api DATABASE_URL"
        " CREDIT_RATE=0.5 MODELS=v55,v50 HTTP_PORT=8080"
    )


async def test_settings_that_are_all_as_by_default_are_said_to_be() -> None:
    settings = Settings(
        _env_file=None, discord_token=SecretStr("token-1234"), cqtai_api_key=SecretStr("key-1234")
    )
    assert (await first(settings)).words == "all are usable; all that may be is as by default"


async def test_a_database_that_is_up_to_date_and_its_engine_are_told(
    local: BotHarness, tmp_path: Path
) -> None:
    migrate(local.database_url)
    result = await found(local, "database")
    assert result.is_ok
    assert result.words.startswith(f"is up to date, and can be written: {tmp_path / 'inspire.db'}; SQLite ")


@pytest.mark.parametrize(("version", "is_told"), [((3, 51, 2), True), ((3, 51, 3), False)])
async def test_an_sqlite_that_can_damage_a_file_is_a_warning_of_its_own(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], is_told: bool
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    warnings = await warned(local)
    assert ("sqlite" in warnings) is is_told
    assert ("is fine for the bot" in warnings.get("sqlite", "")) is is_told
    assert "at the same moment" not in (await found(local, "database")).words


async def test_no_sqlite_no_warning_of_it(local: BotHarness, postgres_url: str) -> None:
    assert "sqlite" not in await warned(local, database_url=SecretStr(postgres_url))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
async def test_a_folder_that_takes_no_files_is_told(local: BotHarness) -> None:
    result = await found(local, "database", database_url=SecretStr("sqlite:////proc/x.db"))
    assert not result.is_ok
    assert "/proc takes no files" in result.words


class TestWarnings:
    async def test_a_public_application_is_one(self, local: BotHarness) -> None:
        words = (await warned(local))["public"]
        assert "ALLOWED_GUILD_IDS" in words
        assert "TOTAL_CREDIT_CAP (and SERVER_CREDIT_CAP)" in words
        local.discord.state.world.is_public = False
        assert "public" not in await warned(local)

    async def test_a_public_application_with_a_cap_is_none(self, local: BotHarness) -> None:
        assert "public" not in await warned(local, server_credit_cap=0)
        assert "public" not in await warned(local, total_credit_cap=3000)

    async def test_listed_servers_in_which_the_bot_is_not_are_one(self, local: BotHarness) -> None:
        listed, stranger = (local.discord.guild.id,), 10**17 + 5
        assert {"public", "servers"}.isdisjoint(await warned(local, allowed_guild_ids=listed))
        words = (await warned(local, allowed_guild_ids=(*listed, stranger)))["servers"]
        assert f"the bot is not in {stranger} of ALLOWED_GUILD_IDS" in words
        local.discord.faults.add(
            DiscordFault(kind=FaultKind.REFUSED, on="GET /guilds/*", status=400, code=50035)
        )
        words = (await warned(local, allowed_guild_ids=listed))["servers"]
        assert "could not be looked up (HTTPException)" in words

    async def test_a_public_application_that_gives_nothing_by_itself_is_one(self, local: BotHarness) -> None:
        assert "public" in await warned(local, default_allowance=0)

    async def test_without_discord_nothing_is_said_of_the_application(self, local: BotHarness) -> None:
        assert "public" not in await warned(local, discord_token=SecretStr("wrong.token.here"))

    async def test_files_that_everybody_can_read_are_one(self, local: BotHarness, tmp_path: Path) -> None:
        data = tmp_path / "my data"
        env_file, url = env(tmp_path, "DISCORD_TOKEN=abc\n"), f"sqlite:///{data / 'inspire.db'}"
        settings = {"database_url": SecretStr(url)}
        migrate(url)
        assert "files" not in await warned(local, env_file, **settings)
        opened(env_file, data / "inspire.db", folder=data)
        words = (await warned(local, env_file, **settings))["files"]
        assert words.startswith(f"every user of this machine can read {data}, {env_file}, {data}/inspire.db")
        assert f": chmod 700 '{data}' && chmod 600 {env_file} '{data}/inspire.db'" in words

    async def test_a_folder_with_other_things_in_it_is_left_alone(
        self, local: BotHarness, tmp_path: Path
    ) -> None:
        url = f"sqlite:///{tmp_path / 'data' / 'inspire.db'}"
        migrate(url)
        env(tmp_path / "data", "nothing")
        opened(folder=tmp_path / "data")
        assert "files" not in await warned(local, database_url=SecretStr(url))

    async def test_a_disk_that_is_nearly_full_is_one(
        self, local: BotHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "disk" not in await warned(local)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3_000_000))
        assert (await warned(local))["disk"].startswith("3 MB are free where /")

    async def test_a_file_without_secrets_may_be_read(self, local: BotHarness, tmp_path: Path) -> None:
        env_file = env(tmp_path, "HTTP_PORT=8080\nDISCORD_TOKEN=\n")
        opened(env_file)
        assert "files" not in await warned(local, env_file)

    async def test_a_name_that_is_misspelled_is_one(self, local: BotHarness, tmp_path: Path) -> None:
        env_file = env(tmp_path, "MAX_RUNING=3\n")
        assert (await warned(local, env_file))[
            "settings"
        ] == "MAX_RUNING: is no setting; is MAX_RUNNING meant?"


def env(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    path.chmod(0o600)
    return path


def opened(*files: Path, folder: Path | None = None) -> None:
    for file in files:
        file.chmod(0o644)
    if folder is not None:
        folder.chmod(0o755)


async def test_a_database_that_is_none_is_told(local: BotHarness, tmp_path: Path) -> None:
    (tmp_path / "inspire.db").write_bytes(b"no database at all" * 100)
    result = await found(local, "database")
    assert not result.is_ok
    assert "is not a SQLite database" in result.words


async def test_a_url_that_names_no_database_is_told(local: BotHarness) -> None:
    result = await found(local, "database", database_url=SecretStr("mysql://me:hunter22@db/x"))
    assert not result.is_ok
    assert "DATABASE_URL begins with mysql" in result.words
    assert "hunter22" not in result.words


@pytest.mark.parametrize("there", [True, False], ids=["file", "folder"])
async def test_what_cannot_be_written_is_named(
    local: BotHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    folder = tmp_path / "locked" / "deeper" if there else tmp_path / "locked"
    url = SecretStr(f"sqlite:///{folder / 'inspire.db'}")
    if there:
        migrate(url.get_secret_value())
    closed = folder / "inspire.db" if there else tmp_path
    may = os.access

    def access(path: Path, mode: int) -> bool:
        return path != closed and may(path, mode)

    monkeypatch.setattr(os, "access", access)  # root may write everything
    result = await found(local, "database", database_url=url)
    assert not result.is_ok
    assert f"{closed} cannot be written: let the bot's user" in result.words


async def test_a_postgresql_database_is_told_with_its_version(local: BotHarness, postgres_url: str) -> None:
    result = await found(local, "database", database_url=SecretStr(postgres_url))
    assert result.is_ok
    assert result.words.startswith("is up to date, and can be written: inspire_test_")
    assert "; PostgreSQL 1" in result.words


async def test_a_postgresql_user_who_may_not_make_tables_is_told_how_to_mend_it(
    local: BotHarness, postgres_url: str
) -> None:
    guest = "inspire_guest"
    execute(
        postgres_url,
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"DROP ROLE IF EXISTS {guest}",
        f"CREATE ROLE {guest} LOGIN PASSWORD 'guest-1234'",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {guest}",
    )
    url = make_url(postgres_url).set(username=guest, password="guest-1234")
    try:
        secret = SecretStr(url.render_as_string(hide_password=False))
        result = await found(local, "database", database_url=secret)
    finally:
        execute(postgres_url, f"DROP OWNED BY {guest}", f"DROP ROLE {guest}")
    assert not result.is_ok
    assert "GRANT CREATE ON SCHEMA public" in result.words
    assert "guest-1234" not in result.words


async def test_a_standby_is_told_from_a_primary(local: BotHarness, own_cluster: PostgresCluster) -> None:
    own_cluster.stop("fast")
    mark = own_cluster.folder / "data" / "standby.signal"
    mark.touch()
    own_cluster.start()
    result = await found(local, "database", database_url=SecretStr(own_cluster.server.url))
    assert not result.is_ok
    assert "is a standby, which cannot be written: name the primary" in result.words


async def test_a_server_that_is_not_there_is_told(local: BotHarness) -> None:
    address = SecretStr("postgresql://inspire:hunter22@127.0.0.1:9/songs")
    result = await found(local, "database", database_url=address)
    assert not result.is_ok
    assert "hunter22" not in result.words


async def test_the_bot_its_servers_and_its_invitation_are_told(local: BotHarness) -> None:
    result = await found(local, "discord")
    assert result.words.startswith("takes the token of ")
    assert ", in about 1 server; no privileged intent is needed; invite it with https://" in result.words
    assert "permissions=" in result.words
    assert "applications.commands" in result.words


async def test_a_bot_that_is_nowhere_is_told_so(local: BotHarness) -> None:
    local.discord.disruptions.remove_bot(local.discord.guild)
    assert "in no server yet" in (await found(local, "discord")).words


async def test_intents_that_are_on_for_nothing_are_told(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.discord.rendering.APPLICATION_FLAGS", 1 << 19)  # message content, limited
    result = await found(local, "discord")
    assert result.is_ok
    assert "so those that are on may be turned off" in result.words


async def test_a_wrong_token_is_told_with_where_to_get_another(local: BotHarness) -> None:
    result = await found(local, "discord", discord_token=SecretStr("wrong.token.here"))
    assert not result.is_ok
    assert "DISCORD_TOKEN is not taken: make a new one" in result.words


async def test_an_address_that_is_not_discords_is_told(local: BotHarness) -> None:
    result = await found(local, "discord", discord_api_url=f"{local.provider.base_url}/api/v10")
    assert not result.is_ok
    assert result.words == "answers with status 404: check DISCORD_API_URL, or see discordstatus.com"


async def test_a_discord_that_is_not_there_is_told(local: BotHarness) -> None:
    result = await found(local, "discord", discord_api_url=f"{CLOSED}/api/v10")
    assert not result.is_ok
    assert "cannot be reached (ClientConnectorError): check DISCORD_API_URL" in result.words


async def test_a_discord_that_fails_for_long_is_not_waited_for(local: BotHarness) -> None:
    local.discord.faults.add(DiscordFault(kind=FaultKind.STATUS, on="GET /users/@me", times=None))
    checks = run_checks(local.settings, NOWHERE, discord_s=0.2)
    (result,) = [one async for one in checks if one.subject == "discord"]
    assert not result.is_ok
    assert "cannot be reached (TimeoutError)" in result.words


async def test_a_provider_that_takes_the_key_is_told_with_its_time(local: BotHarness) -> None:
    result = await found(local, "provider")
    assert result.is_ok
    assert result.words.startswith("takes the key; answered in 0.")
    assert local.provider.credits.spent == 0


async def test_a_key_that_is_not_taken_is_told(local: BotHarness) -> None:
    result = await found(local, "provider", cqtai_api_key=SecretStr("wrong-key"))
    assert not result.is_ok
    assert "CQTAI_API_KEY is not taken (code 401)" in result.words


async def test_a_key_that_no_header_may_carry_is_told(local: BotHarness) -> None:
    result = await found(local, "provider", cqtai_api_key=SecretStr("schlüssel"))
    assert not result.is_ok
    assert "check CQTAI_API_KEY" in result.words
    assert "schlüssel" not in result.words


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_somebody_before_the_provider_refuses_is_no_fault_of_the_network(
    local: BotHarness, status: int
) -> None:
    local.provider.faults.add(Fault(Phase.QUERY, Page(status, "<html>denied</html>"), times=None))
    result = await found(local, "provider")
    assert not result.is_ok
    assert "CQTAI_API_KEY" in result.words
    assert "network" not in result.words


async def test_an_empty_account_is_told(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.QUERY, NO_CREDITS))
    result = await found(local, "provider")
    assert not result.is_ok
    assert "the account has no credits (code 402): add some at the provider" in result.words


@pytest.mark.parametrize("effect", [Drop(), Page(502, "bad gateway")], ids=["reset", "bad gateway"])
async def test_a_provider_that_does_not_answer_is_told(local: BotHarness, effect: Drop | Page) -> None:
    local.provider.faults.add(Fault(Phase.QUERY, effect, times=None))
    result = await found(local, "provider")
    assert not result.is_ok
    assert "check CQTAI_BASE_URL and the network" in result.words


async def test_a_provider_that_is_not_there_is_told(local: BotHarness) -> None:
    result = await found(local, "provider", cqtai_base_url=CLOSED)
    assert not result.is_ok
    assert result.words.startswith("does not answer (")


async def test_a_refusal_that_is_not_about_the_key_shows_that_it_is_taken(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.QUERY, MODERATION))
    assert (await found(local, "provider")).is_ok
