"""The command line: its options, parsed and validated."""

import argparse
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.services.runtime.heartbeat import ProcessConfig, ProcessRole
from bot.version import versions

PROG = "python -m bot"
"""How the program is usually started; usage and errors begin with it."""
MAX_SHARDS = 65_536
"""The most shards; more than any bot has, and few enough to be listed in memory."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The parsed command line."""

    command: str
    process: ProcessConfig
    """For `run`: the role and the shards of this process."""
    file: Path | None = None
    """For the commands with a file."""


def parse_arguments(
    arguments: Sequence[str] | None,
    *,
    commands: Mapping[str, str],
    with_file: Collection[str] = (),
    prog: str = PROG,
) -> Arguments:
    """Parse the command line; `commands` has each command's help. Exit with code 2 if it is invalid.

    The commands of `with_file` take a file.
    """
    parser = argparse.ArgumentParser(prog=prog, description="Inspire: a community makes music.")
    parser.add_argument("--version", action="version", version=_version())
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, words in commands.items():
        subparser = subparsers.add_parser(name, help=words, description=words)
        if name == "run":
            _add_process_options(subparser)
        if name in with_file:
            subparser.add_argument("file", type=Path, metavar="FILE", help="the backup's file")
    options = parser.parse_args(arguments)
    if options.command != "run":
        return Arguments(options.command, ProcessConfig(), getattr(options, "file", None))
    try:
        return Arguments(
            "run", _process_config(ProcessRole(options.role), options.shards, options.shard_count)
        )
    except ValueError as error:
        parser.error(str(error))


def _version() -> str:
    found = versions()
    return f"Inspire {found['version']} (Python {found['python']}, discord.py {found['discord']})"


def _add_process_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role",
        choices=[str(role) for role in ProcessRole],
        default=str(ProcessRole.ALL),
        help="all: take commands and work; gateway: take commands; worker: work (default: all)",
    )
    parser.add_argument(
        "--shards", metavar="A-B", help="the first and last shard of this process, for example 0-3"
    )
    parser.add_argument(
        "--shard-count", type=int, metavar="N", help="how many shards there are in all processes"
    )


def _process_config(role: ProcessRole, shards: str | None, shard_count: int | None) -> ProcessConfig:
    """Return the configuration of the process.

    Raises:
        ValueError: the options are invalid or do not fit together; the text says which.
    """
    if shards is None and shard_count is None:
        return ProcessConfig(role=role)
    if role is ProcessRole.WORKER:
        raise ValueError("--shards and --shard-count are for processes that take commands, not for a worker")
    if shards is None or shard_count is None:
        raise ValueError("--shards and --shard-count go together, for example --shards 0-3 --shard-count 8")
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", shards)
    if found is None:
        raise ValueError("--shards takes a number or a range, for example 0-3")
    if shard_count > MAX_SHARDS:
        raise ValueError(f"--shard-count is at most {MAX_SHARDS}")
    first, last = int(found[1]), int(found[2] or found[1])
    if not first <= last < shard_count:
        raise ValueError(f"--shards {shards}: shards go from 0 to {shard_count - 1}, the lower one first")
    return ProcessConfig(role=role, shards=tuple(range(first, last + 1)), shard_count=shard_count)
