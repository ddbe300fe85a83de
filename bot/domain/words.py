"""Words that a server forbids in prompts, compared by their letters alone."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.domain.errors import RefusalError
from bot.domain.moderator_errors import ModeratorError
from bot.domain.text import clean_text

WORD_LIMIT = 50
"""Characters of one entry."""
MAX_WORDS = 200
"""Entries of a server's list."""
LEAST_LETTERS = 2
LEAST_OF_PART = 3
"""Letters of an entry that is only a part of words: fewer would be in every other prompt."""
ANY = "*"
LEAST_SPELLED = 3
"""Single letters in a row that can spell a word."""

_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
"""Marks of no script of their own; the vowel signs of scripts that write them as marks are letters."""
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe"})
_CYRILLIC = dict(zip("авсԁеһіјкмноԛрѕтухԝь", "abcdehijkmhoqpstyxwb", strict=True))
_GREEK = dict(zip("αβεηικνορτυχω", "abenikvoptyxw", strict=True))
_DIGITS = dict(zip("0134578", "oieastb", strict=True))
_SIGNS = dict(zip("@$€!|", "aseii", strict=True))
"""Signs that are read as letters within a word."""
_SCRIPTS = (range(0x0400, 0x0530), _CYRILLIC), (range(0x0370, 0x0400), _GREEK)
_LOOK_ALIKES = str.maketrans(_CYRILLIC | _GREEK | _DIGITS)
_SIGN_LETTERS = str.maketrans(_SIGNS)
_DIVIDED = re.compile(r"[^\W_]+(?:[-._*~\u00b7\u2010-\u2015\u2022]+[^\W_]+)+")
"""A word with signs in it that can hide it; an apostrophe is none: it would make "hell" of "he'll"."""
_NOTES = frozenset("abcdefg")
"""Letters that also name notes and chords: "F A G" is music."""


class WordProblem(StrEnum):
    """The problem with an entry."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    INNER_STAR = "inner_star"
    """A `*` that is neither first nor last."""


@dataclass(eq=False)
class WordProblemError(ModeratorError):
    """An entry that a list of forbidden words cannot have."""

    problem: WordProblem


@dataclass(eq=False)
class WordsFullError(ModeratorError):
    """A list with as many forbidden words as allowed."""

    limit: int


@dataclass(eq=False)
class WordUnknownError(ModeratorError):
    """A word that is not on the list."""

    word: str


@dataclass(eq=False)
class WordError(RefusalError):
    """A prompt with a forbidden word, which is as the moderators' list has it."""

    word: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry as it is searched for: a blank ends a word, and is missing where the entry has a `*`."""

    letters: str
    reading: str
    """What its letters look like, to be compared with disguised words."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a prompt reads: its words in their order, each between blanks."""

    plain: str
    unmasked: tuple[str, ...]
    """The same with what the disguised words look like, in each way that they can be read."""
    masked: tuple[str, ...]
    """The disguised words alone."""
    joined: str
    """What is spelled or put together, which counts as a whole only."""

    def has(self, entry: _Entry) -> bool:
        """Return True if it contains the entry."""
        texts = self.unmasked if entry.reading == entry.letters else self.masked
        whole = f" {entry.reading.strip()} "
        return (
            entry.letters in self.plain
            or whole in self.joined
            or any(entry.reading in text for text in texts)
        )


def parse_word(text: str) -> str:
    """Return an entry as it is stored: in small letters, with single spaces, and `*` at its ends alone.

    Raises:
        WordProblemError: it cannot be on the list.
    """
    shown = unicodedata.normalize("NFKC", clean_text(text)).casefold().strip()
    bare = " ".join(shown.strip(f"{ANY} ").split())
    if ANY in bare:
        raise WordProblemError(WordProblem.INNER_STAR)
    if len(bare) > WORD_LIMIT:
        raise WordProblemError(WordProblem.TOO_LONG)
    ends = [ANY if is_open else "" for is_open in (shown.startswith(ANY), shown.endswith(ANY))]
    letters = "".join(_parts(_folded(bare)))
    # one sign of a script without an alphabet is a word, or a part of one
    least = 1 if not letters.isascii() else LEAST_OF_PART if any(ends) else LEAST_LETTERS
    if len(letters) < least:
        raise WordProblemError(WordProblem.TOO_SHORT)
    return f"{ends[0]}{bare}{ends[1]}"


def find_forbidden(prompt: str, entries: Iterable[str]) -> str | None:
    """Return the first entry of the list that the prompt contains; None: it contains none.

    Case, accents, widths and signs between letters do not count. Look-alikes of other scripts and digits are
    read as letters where they only disguise a word. Whole words are compared, unless the entry has a `*`.
    """
    read = _read(prompt)
    return next((entry for entry in entries if read.has(_entry(entry))), None)


@lru_cache(maxsize=4096)
def _entry(entry: str) -> _Entry:
    words = " ".join(_parts(_folded(entry)))
    start, end = (" " * (not is_open) for is_open in (entry.startswith(ANY), entry.endswith(ANY)))
    letters = f"{start}{words}{end}"
    return _Entry(letters, letters.translate(_LOOK_ALIKES))


def _read(prompt: str) -> _Prompt:
    text = _folded(prompt)
    tables = [
        (script, table, any(ord(c) in script and c not in table for c in text)) for script, table in _SCRIPTS
    ]
    words = list(_parts(text))
    readings = [list(_readings(word, tables)) for word in words]
    joined = [*_joined(text), *_with_signs(text), *_spelled(words)]
    as_read = [reading for word in joined for reading in (word, *_readings(word, tables))]
    ways = range(max(map(len, readings), default=0))
    return _Prompt(
        plain=_line(words),
        unmasked=tuple(
            _line(
                found[min(way, len(found) - 1)] if found else word
                for word, found in zip(words, readings, strict=True)
            )
            for way in ways
        ),
        masked=tuple(_line(found[min(way, len(found) - 1)] for found in readings if found) for way in ways),
        joined="".join(f" {word} " for word in as_read),
    )


def _line(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def _joined(text: str) -> Iterator[str]:
    """Yield what hyphens, dots and the like divide into parts of more than one letter each."""
    for found in _DIVIDED.findall(text):
        parts = list(_parts(found))
        if any(len(part) > 1 for part in parts):
            yield "".join(parts)


def _with_signs(text: str) -> Iterator[str]:
    """Yield the words in which signs stand for letters."""
    for chunk in text.split():
        word = chunk.rstrip("!?.,;:)")
        if any(sign in word for sign in _SIGNS):
            yield from _parts(word.translate(_SIGN_LETTERS))


def _spelled(parts: Sequence[str]) -> Iterator[str]:
    """Yield the words that are spelled out, but for those that can be read as notes or chords."""
    for is_letter, run in itertools.groupby(parts, lambda part: len(part) == 1):
        word = "".join(run) if is_letter else ""
        if len(word) >= LEAST_SPELLED and not _NOTES.issuperset(word):
            yield word


def _readings(word: str, tables: Sequence[tuple[range, Mapping[str, str], bool]]) -> Iterator[str]:
    """Yield what a word reads if it is disguised: mixed from scripts, or from look-alikes alone.

    A whole word of look-alikes is none where the prompt has other letters of that script: the word for mouth
    in Russian looks like "pot".
    """
    for script, table, is_written in tables:
        own = [c for c in word if ord(c) in script]
        if own and all(c in table for c in own) and (len(own) < len(word) or not is_written):
            break
    else:
        if not (any(c in _DIGITS for c in word) and any(c.isalpha() for c in word)):
            return
    yield word.translate(_LOOK_ALIKES)
    if "1" in word:
        yield word.replace("1", "l").translate(_LOOK_ALIKES)


def _folded(text: str) -> str:
    """Return the text without case, widths, accents and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = _ACCENTS.sub("", decomposed).translate(_PLAIN)
    visible = (c for c in plain if c in "\n\t" or not unicodedata.category(c).startswith("C"))
    return unicodedata.normalize("NFC", "".join(visible))


def _parts(text: str) -> Iterator[str]:
    """Yield the runs of letters, digits and marks."""
    for is_word, run in itertools.groupby(text, _is_of_word):
        if is_word:
            yield "".join(run)


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"
