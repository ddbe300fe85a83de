"""Cleaning of user-written text: what can be stored in every database and seen by every reader."""

import unicodedata
from collections.abc import Iterator

JOINERS = frozenset("\u200c\u200d")
"""Format characters that emoji and some scripts need inside a word."""
MAX_MARKS = 5
"""The most combining marks that one letter keeps; no script stacks more."""

_INVISIBLE_LETTERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
)
"""Characters that Unicode classes as letters, marks or symbols, and that no font draws."""
_MODIFIERS = range(0x1F3FB, 0x1F400)
"""The skin tone modifiers, which belong to the emoji before them."""


def clean_text(text: str) -> str:
    """Return the text without characters that a database refuses or that are invisible; it may be empty.

    Removed are control and format characters (NUL, lone surrogates, direction marks), invisible letters, and
    excess combining marks. Line breaks and tabs stay.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text.strip()
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    spaced = (" " if c.isspace() and c not in "\n\t" else c for c in unix)
    kept = "".join(_with_few_marks(c for c in spaced if _is_storable(c))).strip()
    return kept if any(map(is_visible, kept)) else ""


def is_visible(character: str) -> bool:
    """Return True if the character is visible by itself."""
    return not (
        character.isspace()
        or character in _INVISIBLE_LETTERS
        or unicodedata.category(character) in {"Mn", "Me", "Cc", "Cf", "Cs", "Co", "Cn"}
    )


def graphemes(text: str) -> Iterator[str]:
    """Yield the text's graphemes: each character with its marks, emoji with all their parts."""
    cluster = ""
    for character in text:
        joined = (
            unicodedata.category(character).startswith("M")
            or character in JOINERS
            or ord(character) in _MODIFIERS
            or cluster.endswith("\u200d")
        )
        if cluster and not joined:
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _is_storable(character: str) -> bool:
    if character in "\n\t" or character in JOINERS:
        return True
    return character not in _INVISIBLE_LETTERS and not unicodedata.category(character).startswith("C")


def _with_few_marks(characters: Iterator[str]) -> Iterator[str]:
    """Yield the characters, with at most `MAX_MARKS` marks in a row."""
    marks = 0
    for character in characters:
        piles_up = character in JOINERS or unicodedata.category(character) in {"Mn", "Me"}
        marks = marks + 1 if piles_up else 0
        if marks <= MAX_MARKS:
            yield character
