"""The room on the disk that a SQLite file is on."""

import shutil
from pathlib import Path

from bot.storage.database_url import parse_url

FULL_BYTES = 16 * 2**20
"""Bytes that SQLite may need at any moment for its write-ahead log; with less, commits can fail."""
NEARLY_FULL_BYTES = 500 * 10**6
"""Bytes below which the operator is told, while everything still works."""


def free_bytes(url: str) -> int | None:
    """Return the bytes that are free for the database's file, or None on a server or an unreadable disk.

    Raises:
        StoreError: the URL names no database.
    """
    location = parse_url(url)
    if not isinstance(location, Path):
        return None
    try:
        return shutil.disk_usage(next(parent for parent in location.parents if parent.exists())).free
    except OSError:
        return None
