"""The version of this program, and of what it runs on."""

import platform
from typing import Final

import discord

VERSION: Final = "0.2.0"


def versions() -> dict[str, str]:
    """Return the versions of the program, of Python and of discord.py."""
    return {"version": VERSION, "python": platform.python_version(), "discord": discord.__version__}
