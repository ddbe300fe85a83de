"""The command `python -m sandbox`: the bot in a local Discord, on a web page or in a terminal, offline."""

import signal
import sys
from types import FrameType


def leave(number: int, _: FrameType | None) -> None:
    """End the process with the exit code of that signal, without a traceback."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run the command line and return the exit code."""
    signal.signal(signal.SIGINT, leave)
    from sandbox.command_line import run  # noqa: PLC0415 - Ctrl-C may come while this is being imported

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
