"""Checks of the file `.env`: whether it is readable, and whether its names are known."""

import os
from collections.abc import Collection
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

ENV_FILE = Path(".env")
"""The file that settings are read from, in addition to the environment."""
ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that some editors on Windows write."""
_SIMILARITY = 0.8
"""The similarity, from 0 to 1, from which on a name counts as a misspelling of another."""


def env_file_problems(path: Path) -> tuple[str, ...]:
    """Return why the file, or a line of it, cannot be read; nothing if there is no file."""
    if path.is_dir():
        return (f"{path}: is a folder; a file is needed (Docker makes a folder of what it cannot find)",)
    try:
        return tuple(
            f"{path}: line {binding.original.line} is not of the form NAME=value"
            for binding in _bindings(path)
            if binding.error
        )
    except OSError as error:
        return (f"{path}: cannot be read ({error.strerror}); let the bot's user read it",)
    except UnicodeError:
        return (f"{path}: is not in UTF-8; save it again as UTF-8 (what Windows calls Unicode is UTF-16)",)


def misspelled(path: Path | None, known: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each name in the file or the environment that looks like an unset setting."""
    present = {name.upper(): name for name in os.environ}
    if path is not None:
        present |= {binding.key.upper(): binding.key for binding in _bindings(path) if binding.key}
    unset = [name for name in known if name not in present]
    return tuple(
        f"{present[upper]}: is no setting; is {close[0]} meant?"
        for upper in sorted(present.keys() - set(known))
        if (close := get_close_matches(upper, unset, n=1, cutoff=_SIMILARITY))
    )


def holds(path: Path, names: Collection[str]) -> bool:
    """Return True if the file gives one of the names a value."""
    return any(binding.value and (binding.key or "").upper() in names for binding in _bindings(path))


def _bindings(path: Path) -> list[Binding]:
    if not path.is_file():
        return []
    text = path.read_bytes().decode(ENCODING)
    if "\0" in text:  # UTF-16
        raise UnicodeError
    return list(parse_stream(StringIO(text)))
