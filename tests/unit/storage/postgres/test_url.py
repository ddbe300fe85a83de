import pytest

from bot.domain.errors import StoreError
from bot.storage.database_url import parse_url
from bot.storage.postgres.engine import arguments
from bot.storage.postgres.url import PostgresUrl


def server(url: str) -> PostgresUrl:
    named = parse_url(url)
    assert isinstance(named, PostgresUrl)
    return named


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_url_names_a_database_and_how_to_get_in(scheme: str) -> None:
    assert server(f"{scheme}://bot:p%40ss%2Fword@db.example:6543/songs?sslmode=require") == PostgresUrl(
        database="songs",
        host="db.example",
        port=6543,
        user="bot",
        password="p@ss/word",
        options={"sslmode": "require"},
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://bot:hunter2@db.example:6543/songs", "songs on db.example:6543"),
        ("postgresql://bot:hunter2@db.example/songs", "songs on db.example"),
        ("postgresql:///songs?host=/run/postgresql", "songs on /run/postgresql"),
        ("postgresql:///songs", "songs on this machine"),
    ],
)
def test_it_is_called_by_its_name_and_host(url: str, name: str) -> None:
    assert str(server(url)) == name


def test_the_password_shows_nowhere() -> None:
    named = server("postgresql://bot:hunter2@db.example/songs?password=hunter2")
    assert "hunter2" not in f"{named} {named!r}"


def test_the_options_are_handed_on_and_the_urls_settings_win() -> None:
    told = arguments(server("postgresql://db.example/songs?sslmode=verify-full&statement_timeout=5000"))
    assert told["dsn"] == "postgresql:///?sslmode=verify-full&statement_timeout=5000"
    assert "statement_timeout" not in told["server_settings"]
    assert told["server_settings"]["lock_timeout"] == "5000"
    assert told["statement_cache_size"] == 100


def test_a_migration_waits_a_minute_for_locks_and_takes_as_long_as_it_takes() -> None:
    told = arguments(server("postgresql://db.example/songs"), unlimited=True)
    assert told["server_settings"]["lock_timeout"] == "60000"
    assert told["server_settings"]["statement_timeout"] == "0"
    assert told["command_timeout"] is None


def test_behind_a_pooler_nothing_is_kept_on_a_connection() -> None:
    pooled = server("postgresql://db.example/songs?statement_cache_size=0")
    assert pooled.pooled
    for unlimited in (False, True):
        assert arguments(pooled, unlimited=unlimited)["server_settings"] == {}
    assert arguments(pooled)["statement_cache_size"] == 0


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://bot:hunter2@host", "names no database"),
        ("postgresql://bot:hunter2@host/", "names no database"),
        ("postgresql://bot:hunter2@host/songs?sslmode=a&sslmode=b", "sslmode more than once"),
        ("postgresql://bot:hunter2@host/songs?statement_cache_size=7", "statement_cache_size=0"),
        ("postgresql://bot:hunter2@host:99999/songs", "ports end at 65535"),
        (f"postgresql://bot:hunter2@{'a' * 64}/songs", "a host that cannot be a name"),
        ("postgresql://bot:hunter2@a..b/songs", "a host that cannot be a name"),
        ("postgresql://bot:hunter2@host/songs?sslrootcert=/nowhere", "its option sslrootcert is not there"),
        ("postgresql://host/songs?passfile=/nowhere", "its option passfile is not there"),
    ],
)
def test_what_is_missing_or_too_much_is_named(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as refused:
        parse_url(url)
    assert "hunter2" not in str(refused.value)
