"""The contents of a database of either engine, and changes to it by others than the bot."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.storage.database_url import parse_url
from tests.harness.databases import execute

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"


def kept(database_url: str) -> object:
    """Return the whole content of the database; None if there is no such file."""
    path = parse_url(database_url)
    if isinstance(path, Path):
        return path.read_bytes() if path.exists() else None
    tables = execute(database_url, _TABLES)
    return {table: execute(database_url, f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables}


def change(database_url: str, *statements: str) -> None:
    """Execute the statements."""
    path = parse_url(database_url)
    if not isinstance(path, Path):
        execute(database_url, *statements)
        return
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def emptied(database_url: str) -> str:
    """Empty the database, or delete its file; return its URL."""
    path = parse_url(database_url)
    if isinstance(path, Path):
        path.unlink(missing_ok=True)
    else:
        anew = ("CREATE SCHEMA public", "GRANT USAGE ON SCHEMA public TO PUBLIC")
        execute(database_url, "DROP SCHEMA public CASCADE", *anew)
    return database_url
