"""One run of the demo in the terminal: build the world, run the script, show the audit at the end."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sandbox.bot_process import DATABASE, LOG, BotError
from sandbox.demo.actors import DemoRun, ScriptError
from sandbox.demo.plain import PlainOutput
from sandbox.demo.screen import ChannelScreen, songs_channel
from sandbox.demo.script import MODELS, run_script, settings
from sandbox.page.demo import TERMS
from sandbox.world import World

SEED = 77
"""The same songs in every run."""
LOG_LINES = 25
CREDITS_SHOWN = ("Available", "On hold", "Used")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the demo in the terminal."""

    plain: bool
    song_s: float
    keep: Path | None
    """The empty folder for the database, the clips and the log; None: a temporary one."""


class EndedEarlyError(Exception):
    """A run that did not reach its end; the message is a sentence, and `log` the end of the bot's log."""

    def __init__(self, words: str, log: list[str]) -> None:
        super().__init__(words)
        self.log = log


async def run_demo(options: Options) -> None:
    """Run the demo from beginning to end, with nothing left running.

    Raises:
        EndedEarlyError: a step did not come to pass, or the bot ended or found an error in the audit.
    """
    console = Console(soft_wrap=False)
    live = console.is_terminal and not console.is_dumb_terminal and not options.plain
    with folder_for(options.keep) as folder:
        bot_settings = settings(options.song_s)
        async with World(
            folder, song_s=options.song_s, seed=SEED, terms=TERMS, settings=bot_settings
        ) as world:
            try:
                run = await (_run_live(world, console) if live else _run_plain(world))
                await _show_audit(run)
            except (BotError, ScriptError) as error:
                raise EndedEarlyError(str(error), world.bot.log_tail(LOG_LINES)) from error
            if options.keep:
                _keep_clips(world, options.keep)


async def _run_live(world: World, console: Console) -> DemoRun:
    """Show the run as a live channel, which stays above the prompt afterwards."""
    with ChannelScreen(world, console=console) as screen:
        run = DemoRun(world, screen)
        await _run_with_output(run)
    console.print(screen.whole())
    return run


async def _run_plain(world: World) -> DemoRun:
    """Show the run as plain lines."""
    output = PlainOutput(world.discord, output=sys.stdout)
    run = DemoRun(world, output)
    try:
        await _run_with_output(run)
    finally:
        output.close()
    return run


async def _run_with_output(run: DemoRun) -> None:
    """Start the bot and run the script while the output watches.

    Raises:
        BotError: the bot ended by itself.
        ScriptError: a step did not come to pass.
    """
    watching = asyncio.ensure_future(run.output.watch())
    script = asyncio.ensure_future(_run_script(run))
    try:
        await asyncio.wait({watching, script}, return_when=asyncio.FIRST_COMPLETED)
        await (script if script.done() else watching)
    finally:
        for task in (watching, script):
            task.cancel()
        await asyncio.gather(watching, script, return_exceptions=True)


async def _run_script(run: DemoRun) -> None:
    world = run.world
    run.output.note(f"Starting the bot; songs take {world.song_s:g} s here, two are made at a time.")
    await world.teach(*MODELS)
    await world.start_bot()
    parts = asyncio.ensure_future(run_script(run))
    ended = asyncio.ensure_future(world.bot.ended())
    try:
        await asyncio.wait({parts, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not parts.done():
            raise BotError(f"The bot ended in the middle of the script, with exit code {await ended}.")
        await parts
    finally:
        for task in (parts, ended):
            task.cancel()
        await asyncio.gather(parts, ended, return_exceptions=True)


async def _show_audit(run: DemoRun) -> None:
    """Show everybody's credits and the bot's audit, and stop the bot.

    Raises:
        BotError: the audit found a breach, or the bot did not end well.
    """
    print("\n== The ledger ==")
    for name, figures in sorted(run.credits.items()):
        print(f"{name:<4}", ", ".join(f"{figures[one]} {one.lower()}" for one in CREDITS_SHOWN))
    code, words = await run.world.bot.audit()
    print(f"$ python -m bot audit\n{words}")
    if code != 0:
        raise BotError(f"The audit ended with exit code {code}.")
    code = await run.world.bot.stop()
    if code != 0:
        raise BotError(f"The bot was asked to stop and ended with exit code {code}.")
    print("The bot was asked to stop (SIGTERM) and ended with exit code 0.")


def _keep_clips(world: World, folder: Path) -> None:
    """Write all files that the bot posted into the folder, and print what else is there."""
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    for message in songs_channel(world):
        for file in message.attachments:
            (clips / file.filename).write_bytes(file.content)
    print(f"Kept in {folder}: {DATABASE}, {LOG} and clips/.")


@contextmanager
def folder_for(keep: Path | None) -> Iterator[Path]:
    """Return the folder to keep, or a temporary one."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="inspire-", ignore_cleanup_errors=True) as name:
            yield Path(name)
    else:
        yield keep
