"""The replies in `payloads`, one file for each way in which the provider can answer."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from multidict import CIMultiDict

from bot.suno.reply import Reply

PAYLOADS = Path(__file__).parent / "payloads"
NOW = datetime(2026, 1, 9, 11, 39, tzinfo=UTC)
FIRST = "4f51f49d-8875-442d-9a66-81a7e66d55d6"
SECOND = "f64bf2bf-d588-4248-b7e9-0367142c945a"
TASK_ID = "eb6ef8e92f3a4ef6b05376913349241a"


def reply_of(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status=status, body=body, headers=CIMultiDict(headers or {}), received_at=NOW)


def recorded(name: str, *, status: int = 200) -> Reply:
    return reply_of((PAYLOADS / name).read_bytes(), status=status)


def names(folder: str) -> set[str]:
    return {path.name for path in (PAYLOADS / folder).iterdir()}


def untested(folder: str, *tables: Iterable[str]) -> set[str]:
    """The files that none of the tables mentions."""
    return names(folder).difference(*tables)
