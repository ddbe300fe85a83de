"""The demo's command line: options, signals, exit codes, and what it prints at the end."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from io import TextIOWrapper
from pathlib import Path

EXIT_OK, EXIT_FAILURE = 0, 1
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, a request to end, and a terminal that is gone (which Windows has no signal for)."""
TERMINAL_SONG_S, PAGE_SONG_S = 9.0, 20.0


def run(arguments: list[str]) -> int:
    """Show the demo and return the exit code: 0 success, 1 failure, 128 + n after signal n."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    given = parse_arguments(arguments)
    from sandbox.demo.run import EndedEarlyError  # noqa: PLC0415 - bad options are refused before all is imported

    try:
        return asyncio.run(run_until_signal(show_script(given) if given.terminal else serve_page(given)))
    except EndedEarlyError as error:
        print(f"\n{error}\n\nThe end of the bot's log:", *error.log, sep="\n  ", file=sys.stderr)
    except BrokenPipeError:  # the reader has gone; nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_FAILURE


async def show_script(given: argparse.Namespace) -> None:
    """Run the script in the terminal."""
    from sandbox.demo.run import Options, run_demo  # noqa: PLC0415 - as above

    await run_demo(Options(plain=given.plain, song_s=given.song_seconds or TERMINAL_SONG_S, keep=given.keep))


async def serve_page(given: argparse.Namespace) -> None:
    """Serve the page until the process is asked to end."""
    from sandbox.demo.run import folder_for  # noqa: PLC0415 - as above
    from sandbox.page.demo import serve  # noqa: PLC0415 - as above

    with folder_for(given.keep) as folder:
        await serve(folder, song_s=given.song_seconds or PAGE_SONG_S, opens_browser=not given.no_open)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Parse the options; end the process if they are invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Shows the bot: the real program between a local Discord and a local song provider, on a "
        "page in the browser or as a script in the terminal. No token, no key, no internet.",
    )
    parser.add_argument("--no-open", action="store_true", help="print the page's address, open no browser")
    parser.add_argument("--terminal", action="store_true", help="run a script in the terminal instead")
    parser.add_argument("--plain", action="store_true", help="the script as plain lines, without colours")
    parser.add_argument(
        "--song-seconds",
        type=float,
        metavar="S",
        help=f"how long a song takes (default {PAGE_SONG_S:g}, in the terminal {TERMINAL_SONG_S:g}; the "
        "script takes about five times that)",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the database and log there, and the script's clips"
    )
    given = parser.parse_args(arguments)
    given.terminal = given.terminal or given.plain
    if given.song_seconds is not None and not 0.5 <= given.song_seconds <= 300:
        parser.error("--song-seconds takes 0.5 to 300")
    if given.keep and (complaint := folder_problem(given.keep)):
        parser.error(f"--keep takes a new or an empty folder, but {complaint}")
    return given


def folder_problem(folder: Path) -> str:
    """Return why nothing can be kept in the folder, which is created if missing; empty if it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return f"{folder} is not empty" if any(folder.iterdir()) else ""
    except OSError as error:
        return f"{folder}: {error.strerror}"


async def run_until_signal(work: Coroutine[object, object, None]) -> int:
    """Return 0 when the work is done, or 128 + n if signal n ended it."""
    task = asyncio.ensure_future(work)
    came: list[int] = []

    def interrupt(number: int) -> None:
        if not came:  # a second one must not interrupt the cleanup
            came.append(number)
            task.cancel()

    for number in ENDING:
        asyncio.get_running_loop().add_signal_handler(number, interrupt, number)
    try:
        await task
    except asyncio.CancelledError:
        if not came:
            raise
        return 128 + came[0]
    return EXIT_OK
