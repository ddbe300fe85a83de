import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ("bot", "cogs", "sandbox", "benchmarks")
DOCUMENTS = ("docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example")
FROZEN = ROOT / "bot" / "storage" / "migrations" / "versions"
"""Migrations are never edited, and name what the database had before them."""

RETIRED = {
    "agenda": "due times",
    "announcer": "messenger",
    "attendance": "heartbeat",
    "bell": "wake-up",
    "bells": "wake-ups",
    "books": "ledger, or repositories",
    "chore": "cleanup task",
    "chores": "cleanup tasks",
    "courier": "outbox dispatcher",
    "couriers": "outbox dispatchers",
    "crowding": "load factor",
    "desk": "job handler",
    "desks": "job handlers",
    "doubt": "uncertain",
    "finding": "check result",
    "findings": "check results",
    "forget": "erase",
    "forgets": "erases",
    "forgot": "erased",
    "forgotten": "erased",
    "gate": "circuit breaker",
    "gates": "circuit breakers",
    "halted": "paused by the operator",
    "herald": "outbox dispatcher",
    "heralds": "outbox dispatchers",
    "journal": "ledger queries",
    "lapse": "expire",
    "lapsed": "expired",
    "lapses": "expires",
    "memo": "stored value",
    "memos": "stored values",
    "meter": "metrics",
    "parcel": "result payload",
    "parcels": "result payloads",
    "patience": "timeouts",
    "purse": "funding accounts",
    "purses": "funding accounts",
    "ripe": "done",
    "rung": "position bucket",
    "rungs": "position buckets",
    "sheet": "page",
    "sheets": "pages",
    "shelf": "repository, or library",
    "shelves": "repositories",
    "songbook": "song library",
    "songbooks": "song libraries",
    "stir": "notify",
    "stirs": "notifies",
    "strand": "fail the delivery",
    "stranded": "undelivered",
    "surely": "certainly",
    "telling": "message kind",
    "trouble": "outage",
    "troubles": "outages",
    "unmetered": "null metrics",
    "upkeep": "cleanup",
    "verdict": "outcome",
    "wipe": "erase",
    "wiped": "erased",
    "wipes": "erases",
    "wish": "arguments",
    "wishes": "arguments",
    "withdraw": "cancel",
    "withdrawn": "cancelled",
    "withdraws": "cancels",
}
"""Words that this program once had for its parts, each with what it says now."""

PHRASES = {
    "anew": "again",
    "as it stands": "as it is now",
    "in hand": "running, or leased",
    r"in line(?!\.\w)": "in the queue",
    "in turns?": "alternately",
    "may not": "cannot, or possibly does not",
    "under way": "pending",
    "whoever has": "the worker that has",
    "whoever runs": "the operator",
}
"""Regular expressions of English that is stilted, private or ambiguous, each with what to write instead."""

EXCEPTIONS = {
    "journal_mode": "a pragma of SQLite",
}
"""Texts in which a retired word is meant otherwise, each with the reason."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_BETWEEN = r"[\s\"'#>*_]+"
"""Also the end of a line or a string, and what a comment or quotation begins the next line with."""


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    return tuple(_read())


def _read() -> Iterator[tuple[Path, str]]:
    for name in (*PROGRAM, *DOCUMENTS):
        found = (ROOT / name).rglob("*") if (ROOT / name).is_dir() else [ROOT / name]
        for path in sorted(found):
            if path.suffix in {".py", ".md", ".example"} and path.parent != FROZEN:
                text = path.read_text(encoding="utf-8")
                for exception in EXCEPTIONS:
                    text = text.replace(exception, "")
                yield path, text


def words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def phrase(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern.replace(' ', _BETWEEN)}\b", re.IGNORECASE)


def test_no_retired_word_is_left_in_names_and_texts() -> None:
    found = {path.relative_to(ROOT): words(text) & RETIRED.keys() for path, text in texts()}
    advice = {str(path): {word: RETIRED[word] for word in used} for path, used in found.items() if used}
    assert advice == {}


@pytest.mark.parametrize("pattern", PHRASES)
def test_nothing_is_said_in_stilted_or_ambiguous_english(pattern: str) -> None:
    banned = phrase(pattern)
    found = [str(path.relative_to(ROOT)) for path, text in texts() if banned.search(text)]
    assert found == [], f"write: {PHRASES[pattern]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class ApprovalDesk:", "desk"),
        ("LINE_OF_DESK = 1", "desk"),
        ("the Desk's", "desk"),
        ("HTTPDesk", "desk"),
        ("gateway desktop", None),
    ],
)
def test_names_are_read_word_by_word(text: str, expected: str | None) -> None:
    assert words(text) & RETIRED.keys() == ({expected} if expected else set())


@pytest.mark.parametrize("text", ['may "\n    "not', "may\n# not", "May not", "> may\n> not"])
def test_phrases_are_found_across_lines(text: str) -> None:
    assert phrase("may not").search(text)
