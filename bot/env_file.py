"""The file `.env`: whether it can be read, who can, and which of its names are meant for others."""

import os
from collections.abc import Collection
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

ENV_FILE = Path(".env")
"""Where settings are read from, beside the environment."""
ENCODING = "utf-8-sig"
"""UTF-8, also with the mark at its beginning that some editors of Windows write."""
_ALIKE = 0.8
"""How alike two names are, from 0 to 1, when one may be the other misspelled."""


def env_file_problems(path: Path) -> tuple[str, ...]:
    """Say why the file cannot be read, or which of its lines; nothing for a file that is not there."""
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
    """Say which names, in the file or the environment, look like a setting that is not set."""
    there = {name.upper(): name for name in os.environ}
    if path is not None:
        there |= {binding.key.upper(): binding.key for binding in _bindings(path) if binding.key}
    unset = [name for name in known if name not in there]
    return tuple(
        f"{there[upper]}: is no setting; is {close[0]} meant?"
        for upper in sorted(there.keys() - set(known))
        if (close := get_close_matches(upper, unset, n=1, cutoff=_ALIKE))
    )


def holds(path: Path, names: Collection[str]) -> bool:
    """True when the file gives one of the names a value."""
    return any(binding.value and (binding.key or "").upper() in names for binding in _bindings(path))


def _bindings(path: Path) -> list[Binding]:
    if not path.is_file():
        return []
    text = path.read_bytes().decode(ENCODING)
    if "\0" in text:  # two bytes a letter
        raise UnicodeError
    return list(parse_stream(StringIO(text)))
