"""The command `inspire-bot`, for an installation without this repository.

The program's packages are called `bot` and `cogs`, as those of other programs are. So the wheel has them in a
folder, `program`, that nobody else's imports find: this command alone puts it on the path.
"""

import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "program"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line, and return its exit code."""
    sys.path.insert(0, str(PROGRAM))
    from bot.__main__ import main as run  # noqa: PLC0415 - it is found only now

    return run(arguments, prog="inspire-bot")
