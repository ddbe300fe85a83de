"""The command line: `python -m bot run|migrate|check|audit|sync|backup|restore`."""

import asyncio
import gc
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeAlias

import aiohttp
import discord

from bot import cli, logs
from bot.app import DRIVERS, Drivers, build_application
from bot.chat.supervisor import LOGIN_REFUSED, SetupError
from bot.config import SETTINGS, Settings, SettingsError, load
from bot.diagnostics import run_checks
from bot.domain.errors import MisconfiguredError, StoreError
from bot.env_file import ENV_FILE, misspelled
from bot.health import PortTakenError
from bot.services.runtime.heartbeat import ProcessConfig, ProcessRole
from bot.shutdown import GracefulShutdown, StoppedError, handle_signals, start_watchdog
from bot.storage import backup
from bot.storage.database_url import parse_url
from bot.storage.schema import migrate
from bot.storage.store import audit_database
from bot.timings import TIMINGS, Timings
from bot.version import VERSION

log = logging.getLogger("bot")

EXIT_OK, EXIT_FAILURE, EXIT_USAGE = 0, 1, 2
"""Exit codes: success; a failure; wrong settings or a wrong command line."""


async def run(
    settings: Settings, config: ProcessConfig, *, timings: Timings = TIMINGS, drivers: Drivers = DRIVERS
) -> int:
    """Serve until SIGTERM or SIGINT."""
    require_shared_database(settings, config)
    shutdown = GracefulShutdown(drain_s=timings.drain_s)
    handle_signals(asyncio.get_running_loop(), partial(_request_shutdown, shutdown))
    try:
        async with AsyncExitStack() as stack:
            async with shutdown.interruptible_startup():
                await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
                process = build_application(settings, config, shutdown, timings=timings, drivers=drivers)
                app = await stack.enter_async_context(process)
            # else each full collection looks through all that was loaded, while everything stands still
            gc.freeze()
            log.info("started, version %s, role %s", VERSION, config.role)
            await app.run()
    except StoppedError:
        log.info("asked to stop before it was ready")
    log.info("stopped after %.1f s", shutdown.taken_s)
    return EXIT_OK


def _request_shutdown(shutdown: GracefulShutdown) -> None:
    """Handle a signal: end the process within `STOP_S`, even if something hangs."""
    start_watchdog(code=EXIT_OK)
    shutdown.request()


def require_shared_database(settings: Settings, config: ProcessConfig) -> None:
    """Refuse a SQLite file, which serves one process, for a role that needs other processes.

    Raises:
        MisconfiguredError: the role is not `all`, and the database is a SQLite file.
    """
    if config.role is not ProcessRole.ALL and isinstance(
        parse_url(settings.database_url.get_secret_value()), Path
    ):
        raise MisconfiguredError(
            f"--role {config.role} needs a PostgreSQL database, which several processes can share: a SQLite"
            " file serves one. Set DATABASE_URL to postgresql://..., or leave --role out."
        )


async def migrate_only(settings: Settings) -> int:
    """Bring the database up to date."""
    before, after = await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
    print(f"The database is up to date ({before or 'new'} -> {after}).")
    return EXIT_OK


async def check(settings: Settings) -> int:
    """Check the settings, the database, Discord and the song provider."""
    is_ok = True
    async for result in run_checks(settings):
        print(result)
        is_ok = is_ok and result.is_ok
    return EXIT_OK if is_ok else EXIT_FAILURE


async def audit(settings: Settings) -> int:
    """Audit the credits."""
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
    return EXIT_FAILURE if breaches else EXIT_OK


async def sync(settings: Settings) -> int:
    """Register the commands with Discord, changed or not."""
    await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
    async with build_application(settings) as app:
        await app.client.login(settings.discord_token.get_secret_value())
        await app.client.sync_commands(force=True)
    print("Discord knows the commands.")
    return EXIT_OK


async def back_up_to(settings: Settings, file: Path) -> int:
    """Copy the database into a new file and check the copy; the bot may run meanwhile."""
    made = await asyncio.to_thread(backup.back_up, settings.database_url.get_secret_value(), file)
    print(f"backup    {file}, {made.size:,} bytes, revision {made.revision}")
    print(f"checked   {made.checked}")
    return EXIT_OK


async def restore_from(settings: Settings, file: Path) -> int:
    """Replace the database by a backup, after the bot was stopped, and audit the credits."""
    aside = await asyncio.to_thread(backup.restore, settings.database_url.get_secret_value(), file)
    print(f"restored  {file}")
    if aside is not None:
        print(f"old file  {aside}: delete its folder when all is well")
    return await audit(settings)


RUN_HELP = "Serve until SIGTERM or SIGINT."
Command: TypeAlias = Callable[[Settings], Awaitable[int]]
COMMANDS: dict[str, Command] = {
    "migrate": migrate_only,
    "check": check,
    "audit": audit,
    "sync": sync,
}
FILE_COMMANDS: dict[str, Callable[[Settings, Path], Awaitable[int]]] = {
    "backup": back_up_to,
    "restore": restore_from,
}


async def run_command(command: Command, settings: Settings) -> int:
    """Run a command and return its exit code; print errors that the operator can fix, without a traceback."""
    try:
        return await command(settings)
    except Exception as error:  # the top level: an error without a message for the operator is raised again
        known = operator_message(first_error(error))
        if known is None:
            raise
        message, code = known
        print(message, file=sys.stderr)
        return code


def first_error(error: Exception) -> Exception:
    """Return the first single error in an exception group."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def operator_message(error: Exception) -> tuple[str, int] | None:
    """Return the message for the operator and the exit code, or None for a bug.

    The code is `EXIT_USAGE` if only other settings help, so that a supervisor does not restart it endlessly.
    """
    match error:
        case MisconfiguredError() | SettingsError() | SetupError():
            return str(error), EXIT_USAGE
        case StoreError() | PortTakenError():
            return str(error), EXIT_FAILURE
        case discord.LoginFailure():
            return LOGIN_REFUSED, EXIT_USAGE
        case discord.DiscordException() | aiohttp.ClientError() | OSError():
            return f"Discord, or the network to it, failed: {type(error).__name__}: {error}", EXIT_FAILURE
        case _:
            return None


def _command(options: cli.Arguments, serve: Command) -> Command:
    file = options.file
    if file is None:
        return COMMANDS.get(options.command, serve)
    return lambda settings: FILE_COMMANDS[options.command](settings, file)


def _helps() -> dict[str, str]:
    """Return each command's help: the first line of its docstring."""
    commands: dict[str, object] = {**COMMANDS, **FILE_COMMANDS}
    return {name: (command.__doc__ or "").strip() for name, command in commands.items()} | {"run": RUN_HELP}


def main(
    arguments: list[str] | None = None,
    *,
    timings: Timings = TIMINGS,
    drivers: Drivers = DRIVERS,
    prog: str = cli.PROG,
) -> int:
    """Run the command line and return the exit code; only `run` uses the timings and the drivers."""
    options = cli.parse_arguments(arguments, commands=_helps(), with_file=FILE_COMMANDS, prog=prog)
    try:
        settings = load()
    except SettingsError as error:
        print("The settings have to be mended:", *error.problems, sep="\n  ", file=sys.stderr)
        return EXIT_USAGE
    level = "WARNING" if options.command == "check" else settings.log_level  # it prints its own lines
    logs.configure_logging(level=level, style=settings.log_format, secrets=settings.secrets)
    if options.command == "run":
        log.info("Inspire %s", VERSION)
        for name in misspelled(ENV_FILE, SETTINGS):
            log.warning("settings: %s", name)
    serve = partial(run, config=options.process, timings=timings, drivers=drivers)
    try:
        return asyncio.run(run_command(_command(options, serve), settings))
    except KeyboardInterrupt:
        return EXIT_FAILURE


if __name__ == "__main__":
    sys.exit(main())
