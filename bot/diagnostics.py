"""`python -m bot check`: checks of everything that the bot needs, and what to do if one fails."""

import asyncio
import os
import re
import shlex
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import aiohttp
import discord
from pydantic import SecretStr
from sqlalchemy import Connection, text

from bot.chat.connection.endpoints import point_at
from bot.config import SECRETS, SETTINGS, Settings
from bot.domain.errors import AccountError, NoAnswerError, RejectedError, StoreError, UnknownTaskError
from bot.env_file import ENV_FILE, holds, misspelled
from bot.storage.admin import SqliteAdmin, database_admin
from bot.storage.database_url import parse_url
from bot.storage.disk import NEARLY_FULL_BYTES, free_bytes
from bot.storage.schema import is_current
from bot.suno.client import CqtaiClient, provider_session

NO_TASK = "0" * 32
"""An id that no task has: a query for it is free, and shows whether the key is accepted."""
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
)
"""The permissions that the bot needs in a channel to post there."""
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
class CheckResult:
    """The result of one check."""

    subject: str
    words: str
    """What was found and, if it is not ok, what to do."""
    is_ok: bool = False
    is_warning: bool = False
    """Whether it works, but needs the operator's attention."""

    def __str__(self) -> str:
        """Return the line for the operator."""
        outcome = "FAIL" if not self.is_ok else "warn" if self.is_warning else "ok"
        return f"{self.subject:<9} {outcome:<4}  {self.words}"


async def run_checks(
    settings: Settings, env_file: Path = ENV_FILE, *, discord_s: float = DISCORD_S
) -> AsyncIterator[CheckResult]:
    """Check the settings, the database, Discord and the provider, and yield each result; change nothing."""
    yield CheckResult("settings", f"all are usable; {_changed(settings)}", is_ok=True)
    yield await asyncio.to_thread(_database, settings)
    result, application = await _discord(settings, discord_s)
    yield result
    if settings.operator_channel_id is not None and result.is_ok:
        yield await _operator_channel(settings, settings.operator_channel_id, discord_s)
    if settings.allowed_guild_ids and result.is_ok and (absent := await _absent_servers(settings, discord_s)):
        yield absent
    yield await _provider(settings)
    for name in misspelled(env_file, SETTINGS):
        yield _warning("settings", name)
    warnings = (_open_files(settings, env_file), _nearly_full_disk(settings), _wal_bug(settings))
    for warning in (*warnings, _public_bot(settings, application)):
        if warning is not None:
            yield warning


def _warning(subject: str, words: str) -> CheckResult:
    return CheckResult(subject, words, is_ok=True, is_warning=True)


def _changed(settings: Settings) -> str:
    """List the variables that differ from their default; secrets without their values."""
    changed = []
    for name, field in Settings.model_fields.items():
        value: object = getattr(settings, name)
        if not field.is_required() and value != field.default:
            changed.append(
                name.upper() if isinstance(value, SecretStr) else f"{name.upper()}={_shown(value)}"
            )
    return f"not as by default: {' '.join(changed)}" if changed else "all that may be is as by default"


def _shown(value: object) -> str:
    """Return the value of a setting, without the login in a URL."""
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return _LOGIN_IN_URL.sub("//[secret]@", shown)


def _database(settings: Settings) -> CheckResult:
    try:
        database = database_admin(settings.database_url.get_secret_value())
        current = is_current(database)
        if isinstance(database, SqliteAdmin):
            problem, engine = _unwritable(database.path), f"SQLite {sqlite3.sqlite_version}"
        else:
            problem, engine = database.read(_inspect_postgres)
    except StoreError as error:
        return CheckResult("database", str(error))
    if problem is not None:
        return CheckResult("database", f"{database}: {problem}")
    words = "is up to date" if current else "is new or older: `run` and `migrate` bring it up to date"
    return CheckResult("database", f"{words}, and can be written: {database}; {engine}", is_ok=True)


def _unwritable(path: Path) -> str | None:
    """Return why the file cannot be written, or None; WAL mode needs its folder to be writable as well."""
    folder = next(parent for parent in path.parents if parent.exists())
    for needed in (path, folder) if path.exists() else (folder,):
        if not os.access(needed, os.W_OK):
            return f"{needed} cannot be written: let the bot's user write the file and its folder"
    try:
        with TemporaryFile(dir=folder):  # root passes every mode check, but a read-only mount still refuses
            return None
    except OSError as error:
        return f"{folder} takes no files ({error.strerror}): name another folder in DATABASE_URL"


def _file(settings: Settings) -> Path | None:
    """Return the path of the SQLite file, or None for another database."""
    try:
        location = parse_url(settings.database_url.get_secret_value())
    except StoreError:
        return None
    return location if isinstance(location, Path) else None


def _open_files(settings: Settings, env_file: Path) -> CheckResult | None:
    """Warn about files with secrets or personal data that every user of the machine can read or change."""
    found = [env_file] if env_file.exists() and holds(env_file, SECRETS) else []
    path = _file(settings)
    if path is not None:
        found += [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    files = [file for file in found if _is_open(file)]
    folders = [path.parent] if path is not None and _is_own(path) and _is_open(path.parent) else []
    commands = [
        f"chmod {mode} {shlex.join(map(str, paths))}"
        for mode, paths in ((700, folders), (600, files))
        if paths
    ]
    if not commands:
        return None
    names = ", ".join(str(one) for one in (*folders, *files))
    return _warning("files", f"every user of this machine can read {names}: {' && '.join(commands)}")


def _is_own(path: Path) -> bool:
    """Return True if the database's folder has nothing else in it, so that no other user needs it."""
    is_listed = path.exists() and os.access(path.parent, os.R_OK)
    return is_listed and all(one.name.startswith(path.name) for one in path.parent.iterdir())


def _is_open(path: Path) -> bool:
    # on Windows the mode says nothing about other users
    return os.name != "nt" and path.exists() and bool(path.stat().st_mode & 0o006)


def _wal_bug(settings: Settings) -> CheckResult | None:
    """Warn about a SQLite with the WAL-reset bug, which the bot with its one connection does not trigger."""
    if _file(settings) is None or sqlite3.sqlite_version_info >= WAL_RESET_MENDED:
        return None
    return _warning(
        "sqlite",
        f"{sqlite3.sqlite_version} is fine for the bot, which writes by one connection; let no other program "
        "write to its file (before 3.51.3, two that write at the same moment can damage it)",
    )


def _nearly_full_disk(settings: Settings) -> CheckResult | None:
    path = _file(settings)
    free = None if path is None else free_bytes(settings.database_url.get_secret_value())
    if path is None or free is None or free >= NEARLY_FULL_BYTES:
        return None
    return _warning(
        "disk", f"{free / 10**6:.0f} MB are free where {path} is: without room, nothing can be requested"
    )


def _public_bot(settings: Settings, application: discord.AppInfo | None) -> CheckResult | None:
    """Warn if anyone can add the bot to a server and spend the operator's credits there without limit."""
    caps = (settings.server_credit_cap, settings.total_credit_cap)
    is_limited = bool(settings.allowed_guild_ids) or caps != (None, None)
    if application is None or not application.bot_public or is_limited:
        return None
    return _warning(
        "public",
        "your application is public: anyone can add it to a server, whose moderators decide how many credits "
        "their members spend, and you pay for them. List the servers in ALLOWED_GUILD_IDS, or set "
        "TOTAL_CREDIT_CAP (and SERVER_CREDIT_CAP); or set Installation > Install Link to None and turn off "
        "Bot > Public Bot in the developer portal",
    )


def _inspect_postgres(connection: Connection) -> tuple[str | None, str]:
    """Return why the bot cannot write, or None, and the version of PostgreSQL."""
    version, standby, may_create = connection.execute(
        text(
            "SELECT current_setting('server_version'), pg_is_in_recovery(),"
            " has_schema_privilege(current_schema(), 'CREATE')"
        )
    ).one()
    problem = None
    if standby:
        problem = "is a standby, which cannot be written: name the primary in DATABASE_URL"
    elif not may_create:
        problem = "its user isn't allowed to make tables: GRANT CREATE ON SCHEMA public TO that user"
    return problem, f"PostgreSQL {version}"


async def _discord(settings: Settings, within_s: float) -> tuple[CheckResult, discord.AppInfo | None]:
    """Check the token, and return its application if Discord accepts it."""
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    # the bot has no voice, and so needs no warnings about voice packages
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        async with client, asyncio.timeout(within_s):
            await client.login(settings.discord_token.get_secret_value())
            application = await client.application_info()
            return CheckResult("discord", _introduction(application), is_ok=True), application
    except discord.LoginFailure:
        words = "DISCORD_TOKEN is not taken: make a new one in the developer portal (Bot > Reset Token)"
    except discord.HTTPException as error:
        words = f"answers with status {error.status}: check DISCORD_API_URL, or see discordstatus.com"
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        words = f"cannot be reached ({type(error).__name__}): check DISCORD_API_URL and the network"
    return CheckResult("discord", words), None


async def _operator_channel(settings: Settings, channel_id: int, within_s: float) -> CheckResult:
    """Check whether the bot can post in the operator's channel, without posting there."""
    try:
        async with discord.Client(intents=discord.Intents(guilds=True)) as client, asyncio.timeout(within_s):
            await client.login(settings.discord_token.get_secret_value())
            missing = await _missing_permissions(client, channel_id)
    except discord.NotFound:
        words = "OPERATOR_CHANNEL_ID names no channel: copy its id again, or leave it empty"
    except discord.Forbidden:
        words = "OPERATOR_CHANNEL_ID: give the bot View Channel and Send Messages there"
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        words = f"OPERATOR_CHANNEL_ID could not be looked up ({type(error).__name__}): try again"
    else:
        if missing is None:
            return CheckResult("channel", "OPERATOR_CHANNEL_ID: the bot can post there", is_ok=True)
        words = f"OPERATOR_CHANNEL_ID: {missing}"
    return CheckResult("channel", words)


async def _absent_servers(settings: Settings, within_s: float) -> CheckResult | None:
    """Warn about servers in ALLOWED_GUILD_IDS in which the bot is not."""
    absent = []
    try:
        async with discord.Client(intents=discord.Intents(guilds=True)) as client, asyncio.timeout(within_s):
            await client.login(settings.discord_token.get_secret_value())
            for guild_id in sorted(settings.allowed_guild_ids):
                try:
                    await client.fetch_guild(guild_id)
                except (discord.NotFound, discord.Forbidden):
                    absent.append(str(guild_id))
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        name = type(error).__name__
        return _warning("servers", f"those of ALLOWED_GUILD_IDS could not be looked up ({name}): try again")
    if not absent:
        return None
    return _warning(
        "servers",
        f"the bot is not in {', '.join(absent)} of ALLOWED_GUILD_IDS: correct the ids, or invite it there",
    )


async def _missing_permissions(client: discord.Client, channel_id: int) -> str | None:
    """Say what the bot needs to post in the channel, or None if it can."""
    channel = await client.fetch_channel(channel_id)
    if not isinstance(channel, discord.abc.Messageable) or isinstance(channel, discord.abc.PrivateChannel):
        return "messages cannot be posted in such a channel; name a text channel of a server"
    known_id, to_send = channel.id, "send_messages"
    if isinstance(channel, discord.Thread):  # it has the permissions of its channel
        known_id, to_send = channel.parent_id, "send_messages_in_threads"
    guild = await client.fetch_guild(channel.guild.id)
    known = next((one for one in await guild.fetch_channels() if one.id == known_id), None)
    if known is None or client.user is None:
        return "the bot does not see its channel: give it View Channel there"
    allowed = known.permissions_for(await guild.fetch_member(client.user.id))
    missing = [name for name in ("view_channel", to_send) if not getattr(allowed, name)]
    names = " and ".join(name.replace("_", " ").title() for name in missing)
    return f"give the bot {names} there" if missing else None


def _introduction(application: discord.AppInfo) -> str:
    """Describe the token's application: its name, its servers and its invite link."""
    servers, flags = application.approximate_guild_count, application.flags
    where = f"in about {servers} server{'s' * (servers != 1)}" if servers else "in no server yet"
    has_intents = any(getattr(flags, name) or getattr(flags, f"{name}_limited") for name in _PRIVILEGED)
    intents = "no privileged intent is needed" + ", so those that are on may be turned off" * has_intents
    link = discord.utils.oauth_url(
        application.id, permissions=PERMISSIONS, scopes=("bot", "applications.commands")
    )
    return f"takes the token of {application.name}, {where}; {intents}; invite it with {link}"


async def _provider(settings: Settings) -> CheckResult:
    try:
        async with provider_session() as session:
            client = CqtaiClient(
                session,
                base_url=settings.cqtai_base_url,
                api_key=settings.cqtai_api_key.get_secret_value(),
            )
            began = time.perf_counter()
            refusal = await _refusal_of_key(client)
            took_s = time.perf_counter() - began
    except ValueError as error:
        return CheckResult("provider", f"cannot be asked: {error}; check CQTAI_API_KEY and CQTAI_BASE_URL")
    if refusal is not None:
        return CheckResult("provider", refusal)
    return CheckResult("provider", f"takes the key; answered in {took_s:.2f} s", is_ok=True)


async def _refusal_of_key(client: CqtaiClient) -> str | None:
    """Query a task that does not exist; return why the provider refuses, or None if it accepts the key."""
    try:
        await client.query(NO_TASK)
    except AccountError as error:
        if error.code == EMPTY_ACCOUNT:
            return f"the account has no credits (code {error.code}): add some at the provider"
        return f"CQTAI_API_KEY is not taken (code {error.code}): copy it again from the provider's console"
    except NoAnswerError as error:
        if "HTTP 401" in error.cause or "HTTP 403" in error.cause:
            return f"refuses the request ({error.cause}): check CQTAI_API_KEY, and CQTAI_BASE_URL"
        return f"does not answer ({error.cause}): check CQTAI_BASE_URL and the network"
    except (UnknownTaskError, RejectedError):
        pass
    return None
