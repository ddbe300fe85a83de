"""`python -m bot check`: is everything that the bot needs there, and what has to be mended if not."""

import asyncio
import os
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import discord
from pydantic import SecretStr
from sqlalchemy import Connection, text

from bot.chat.endpoints import point_at
from bot.config import Settings
from bot.domain.errors import AccountError, NoAnswerError, RejectedError, StoreError, UnknownTaskError
from bot.storage.databases import FileDatabase, database_at
from bot.storage.schema import is_current
from bot.suno.client import CqtaiClient, provider_session

NO_TASK = "0" * 32
"""An id that no task has: asking for it costs nothing and shows whether the key is taken."""
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
)
"""What the bot needs where it is to post."""
DISCORD_S = 20.0
"""Seconds that Discord has to answer."""
WAL_RESET_MENDED = (3, 51, 3)
"""The first SQLite without the WAL-reset bug (sqlite.org/wal.html)."""
EMPTY_ACCOUNT = 402
"""The provider's code for an account without credits."""
_LOGIN_IN_URL = re.compile(r"//[^/@]*@")
_PRIVILEGED = ("gateway_presence", "gateway_guild_members", "gateway_message_content")
"""The application's flags for intents that need Discord's consent, each also as `..._limited`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    words: str
    """What was found and, where it is not well, what to do."""
    well: bool = False


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Look at the settings, the database, Discord and the provider, one by one; nothing is changed."""
    yield Finding("settings", f"all are usable; {_changed(settings)}", well=True)
    yield await asyncio.to_thread(_database, settings)
    yield await _discord(settings)
    yield await _provider(settings)


def _changed(settings: Settings) -> str:
    """Which variables are not as they are by default; secrets are named without their values."""
    changed = []
    for name, field in Settings.model_fields.items():
        value: object = getattr(settings, name)
        if not field.is_required() and value != field.default:
            changed.append(
                name.upper() if isinstance(value, SecretStr) else f"{name.upper()}={_shown(value)}"
            )
    return f"not as by default: {' '.join(changed)}" if changed else "all that may be is as by default"


def _shown(value: object) -> str:
    """The value as it is set, without a login that an address may carry."""
    shown = ",".join(value) if isinstance(value, tuple) else str(value)
    return _LOGIN_IN_URL.sub("//[secret]@", shown)


def _database(settings: Settings) -> Finding:
    try:
        database = database_at(settings.database_url.get_secret_value())
        current = is_current(database)
        if isinstance(database, FileDatabase):
            hindrance, engine = _unwritable(database), _sqlite()
        else:
            hindrance, engine = database.look(_look_at_server)
    except StoreError as error:
        return Finding("database", str(error))
    if hindrance is not None:
        return Finding("database", f"{database}: {hindrance}")
    words = "is up to date" if current else "is new or older: `run` and `migrate` bring it up to date"
    return Finding("database", f"{words}, and can be written: {database}; {engine}", well=True)


def _unwritable(database: FileDatabase) -> str | None:
    """Why the file could not be written, or None; a file in WAL mode needs its folder, too."""
    path = database.path
    folder = next(parent for parent in path.parents if parent.exists())
    for needed in (path, folder) if path.exists() else (folder,):
        if not os.access(needed, os.W_OK):
            return f"{needed} cannot be written: let the bot's user write the file and its folder"
    return None


def _sqlite() -> str:
    version = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info >= WAL_RESET_MENDED:
        return version
    return (
        f"{version} (before 3.51.3, two programs that write at once can damage a file; the bot writes by one "
        "connection only, so let no other program write to it)"
    )


def _look_at_server(connection: Connection) -> tuple[str | None, str]:
    """What keeps the bot from writing, if anything, and which PostgreSQL it is."""
    version, standby, may_create = connection.execute(
        text(
            "SELECT current_setting('server_version'), pg_is_in_recovery(),"
            " has_schema_privilege(current_schema(), 'CREATE')"
        )
    ).one()
    hindrance = None
    if standby:
        hindrance = "is a standby, which cannot be written: name the primary in DATABASE_URL"
    elif not may_create:
        hindrance = "its user may not make tables: GRANT CREATE ON SCHEMA public TO that user"
    return hindrance, f"PostgreSQL {version}"


async def _discord(settings: Settings) -> Finding:
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    client = discord.Client(intents=discord.Intents.none())
    try:
        async with client, asyncio.timeout(DISCORD_S):
            await client.login(settings.discord_token.get_secret_value())
            return Finding("discord", _introduction(await client.application_info()), well=True)
    except discord.LoginFailure:
        return Finding(
            "discord",
            "DISCORD_TOKEN is not taken: make a new one in the developer portal (Bot > Reset Token)",
        )
    except discord.HTTPException as error:
        return Finding(
            "discord", f"answers with status {error.status}: check DISCORD_API_URL, or see discordstatus.com"
        )
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        return Finding(
            "discord",
            f"cannot be reached ({type(error).__name__}): check DISCORD_API_URL and the network",
        )


def _introduction(application: discord.AppInfo) -> str:
    """Whose token it is, where the bot is already, and how to get it elsewhere."""
    servers, flags = application.approximate_guild_count, application.flags
    where = f"in about {servers} server{'s' * (servers != 1)}" if servers else "in no server yet"
    too_much = any(getattr(flags, name) or getattr(flags, f"{name}_limited") for name in _PRIVILEGED)
    intents = "no privileged intent is needed" + ", so those that are on may be turned off" * too_much
    link = discord.utils.oauth_url(
        application.id, permissions=PERMISSIONS, scopes=("bot", "applications.commands")
    )
    return f"takes the token of {application.name}, {where}; {intents}; invite it with {link}"


async def _provider(settings: Settings) -> Finding:
    try:
        async with provider_session() as session:
            client = CqtaiClient(
                session,
                base_url=settings.cqtai_base_url,
                api_key=settings.cqtai_api_key.get_secret_value(),
            )
            began = time.perf_counter()
            answer = await _refusal_of_key(client)
            took_s = time.perf_counter() - began
    except ValueError as error:
        return Finding("provider", f"cannot be asked: {error}; check CQTAI_API_KEY and CQTAI_BASE_URL")
    if answer is not None:
        return Finding("provider", answer)
    return Finding("provider", f"takes the key; answered in {took_s:.2f} s", well=True)


async def _refusal_of_key(client: CqtaiClient) -> str | None:
    """Ask for a task that there is not; None when the provider took the key."""
    try:
        await client.query(NO_TASK)
    except AccountError as error:
        if error.code == EMPTY_ACCOUNT:
            return f"the account has no credits (code {error.code}): add some at the provider"
        return f"CQTAI_API_KEY is not taken (code {error.code}): copy it anew from the provider's console"
    except NoAnswerError as error:
        return f"does not answer ({error.cause}): check CQTAI_BASE_URL and the network"
    except (UnknownTaskError, RejectedError):
        pass
    return None
