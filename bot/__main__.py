"""The command line: `python -m bot run|migrate|check|audit|sync`."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import aiohttp
import discord

from bot import cli, logs
from bot.app import DRIVERS, Drivers, build_application
from bot.chat.connection.supervisor import LOGIN_REFUSED, SetupError
from bot.config import SETTINGS, Settings, SettingsError, load
from bot.diagnostics import run_checks
from bot.domain.errors import MisconfiguredError, StoreError
from bot.env_file import ENV_FILE, misspelled
from bot.health import PortTakenError
from bot.services.runtime.heartbeat import ProcessConfig, ProcessRole
from bot.shutdown import GracefulShutdown, StoppedError, start_watchdog
from bot.storage.database_url import parse_url
from bot.storage.ledger_audit import audit_database
from bot.storage.schema import migrate
from bot.timings import TIMINGS, Timings

log = logging.getLogger("bot")

WELL, BROKEN, MISUSED = 0, 1, 2
"""Exit codes: all is well; something is broken; the settings or the command line are wrong."""


async def run(
    settings: Settings, part: ProcessConfig, *, timings: Timings = TIMINGS, drivers: Drivers = DRIVERS
) -> int:
    """Serve until SIGTERM or SIGINT."""
    refuse_shared_file(settings, part)
    shutdown = GracefulShutdown(drain_s=timings.drain_s)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _be_asked, shutdown)
    try:
        async with AsyncExitStack() as stack:
            async with shutdown.giving_up_beginning():
                await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
                process = build_application(settings, part, shutdown, timings=timings, drivers=drivers)
                app = await stack.enter_async_context(process)
            log.info("started, role %s", part.role)
            await app.run()
    except StoppedError:
        log.info("asked to stop before it was ready")
    log.info("stopped after %.1f s", shutdown.taken_s)
    return WELL


def _be_asked(shutdown: GracefulShutdown) -> None:
    """A signal came: the process ends in time."""
    start_watchdog(code=WELL)
    shutdown.request()


def refuse_shared_file(settings: Settings, process: ProcessConfig) -> None:
    """A file serves one process, which then has to do everything.

    Raises:
        MisconfiguredError: this process is to do a part of it.
    """
    if process.role is not ProcessRole.ALL and isinstance(
        parse_url(settings.database_url.get_secret_value()), Path
    ):
        raise MisconfiguredError(
            f"--role {process.role} needs a PostgreSQL database, which several processes can share: a SQLite"
            " file serves one. Set DATABASE_URL to postgresql://..., or leave --role out."
        )


async def migrate_only(settings: Settings) -> int:
    """Bring the database up to date."""
    before, after = await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
    print(f"The database is up to date ({before or 'new'} -> {after}).")
    return WELL


async def check(settings: Settings) -> int:
    """Say what works and what has to be mended."""
    well = True
    async for finding in run_checks(settings):
        print(finding)
        well = well and finding.is_ok
    return WELL if well else BROKEN


async def audit(settings: Settings) -> int:
    """Prove that the credits are right."""
    breaches, totals = await asyncio.to_thread(audit_database, settings.database_url.get_secret_value())
    states = ", ".join(f"{count} {state}" for state, count in totals.requests.items())
    print(f"requests  {states or 'none'}")
    print(
        f"credits   {totals.granted} granted = {totals.available} available"
        f" + {totals.held} on hold + {totals.used} used"
    )
    for breach in breaches:
        print(f"BREACH    {breach}")
    print(f"audit     {f'{len(breaches)} breaches' if breaches else 'clean'}")
    return BROKEN if breaches else WELL


async def sync(settings: Settings) -> int:
    """Tell Discord the commands, changed or not."""
    await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
    async with build_application(settings) as app:
        await app.client.login(settings.discord_token.get_secret_value())
        await app.client.sync_commands(force=True)
    print("Discord knows the commands.")
    return WELL


RUN_HELP = "Serve until SIGTERM or SIGINT."
COMMANDS: dict[str, Callable[[Settings], Awaitable[int]]] = {
    "migrate": migrate_only,
    "check": check,
    "audit": audit,
    "sync": sync,
}


async def perform(command: Callable[[Settings], Awaitable[int]], settings: Settings) -> int:
    """The exit code of a command; what an operator can mend is said in a sentence, without a traceback."""
    try:
        return await command(settings)
    # an edge: what has a sentence is said, anything else is raised again with its traceback
    except Exception as error:
        told = what_to_mend(root_of(error))
        if told is None:
            raise
        words, code = told
        print(words, file=sys.stderr)
        return code


def root_of(error: Exception) -> Exception:
    """The first error of those that ended a group of tasks."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def what_to_mend(error: Exception) -> tuple[str, int] | None:
    """An operator's sentence and the exit code, or None for a bug.

    The code is `MISUSED` where only other settings help, so that nobody starts it again and again.
    """
    match error:
        case MisconfiguredError() | SettingsError() | SetupError():
            return str(error), MISUSED
        case StoreError() | PortTakenError():
            return str(error), BROKEN
        case discord.LoginFailure():
            return LOGIN_REFUSED, MISUSED
        case discord.DiscordException() | aiohttp.ClientError() | OSError():
            return f"Discord, or the network to it, failed: {type(error).__name__}: {error}", BROKEN
        case _:
            return None


def main(
    arguments: list[str] | None = None, *, timings: Timings = TIMINGS, drivers: Drivers = DRIVERS
) -> int:
    """Run the command line and give the exit code; only `run` uses the timings and the drivers."""
    helps = {name: (command.__doc__ or "").strip() for name, command in COMMANDS.items()} | {"run": RUN_HELP}
    wish = cli.parse_arguments(arguments, commands=helps)
    try:
        settings = load()
    except SettingsError as error:
        print("The settings have to be mended:", *error.problems, sep="\n  ", file=sys.stderr)
        return MISUSED
    level = "WARNING" if wish.command == "check" else settings.log_level  # its own lines say it all
    logs.configure_logging(level=level, style=settings.log_format, secrets=settings.secrets)
    if wish.command == "run":
        for name in misspelled(ENV_FILE, SETTINGS):
            log.warning("settings: %s", name)
    command = COMMANDS.get(wish.command, partial(run, part=wish.process, timings=timings, drivers=drivers))
    try:
        return asyncio.run(perform(command, settings))
    except KeyboardInterrupt:
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())
