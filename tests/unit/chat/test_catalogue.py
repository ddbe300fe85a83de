import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.chat.text import labels
from bot.chat.text.errors import COMMAND_CHANGED, NOT_ALLOWED, sentence, unexpected
from bot.chat.text.failures import FAILURES
from bot.chat.text.formatting import CONTENT_LIMIT
from bot.domain.errors import CommitUnknownError, ConflictError, InspireError, StoreError, TooLateError
from bot.domain.moderator_errors import DecidedError, NotBlockedError, NotClosedError, NotPausedError
from bot.domain.songs import OwnSongError
from tests.unit.chat.test_errors import ABOUT_LIBRARY, SAMPLES

REFUSALS = SAMPLES + ABOUT_LIBRARY
ROOT = Path(__file__).parents[3]
TEXT_FREE = ("cogs", "bot/chat/buttons", "bot/chat/interactions")
"""Where no sentence stands: people's texts are in `bot/chat/text` and `bot/chat/messages`."""
SENTENCE = re.compile(r"[A-Z][\w']*(?: [^\s]+){2,}.*\.|[A-Z]\w* [^\s]+ [^\s]+ ")
ADVICE = re.compile(
    r"\b(ask|check|choose|copy|go|look|open|paste|press|reload|request|shorten|shows|tell|try|type|use|wait"
    r"|write|give|will post)\b",
    re.IGNORECASE,
)
NOTHING_TO_DO = (OwnSongError, NotBlockedError, NotClosedError, NotPausedError, DecidedError, TooLateError)
"""Errors after which the member has what they wanted, or cannot have it any more."""
PLAINER = {
    r"ask(s|ed)? for (a|the next|no) songs?": "request",
    "asked for by": "requested by",
    "begins": "starts, resets",
    "everybody": "everyone",
    "goe?s? on": "resume, continue",
    "mend(ed)?": "fix",
    "settle[sd]?": "set",
    "stands?": "is",
    "taken? back": "cancel",
    "turned away": "rejected",
}
"""Words that were shown in Discord once, each with a plainer one."""

MESSAGES = [str(sentence(error)) for error in REFUSALS]


@pytest.mark.parametrize("error", REFUSALS, ids=repr)
def test_every_refusal_says_what_to_do(error: InspireError) -> None:
    assert isinstance(error, NOTHING_TO_DO) or ADVICE.search(str(sentence(error)))


@pytest.mark.parametrize("words", [*FAILURES.values(), COMMAND_CHANGED, NOT_ALLOWED])
def test_every_failure_ends_with_what_to_do(words: str) -> None:
    is_by_moderators = "moderator of this server" in words
    assert is_by_moderators or ADVICE.search(words)


@pytest.mark.parametrize(
    "words",
    [
        *MESSAGES,
        *FAILURES.values(),
        *(
            unexpected("ABC123", error)
            for error in (None, StoreError(), CommitUnknownError(), ConflictError())
        ),
    ],
)
def test_every_message_is_of_whole_sentences_that_fit(words: str) -> None:
    assert words[0] in "`“" or words[0].isupper()
    assert words.endswith(".")
    assert len(words) <= CONTENT_LIMIT
    assert not re.search(r"  |\.\.|: \.|\{|\bNone\b|\b1 \w+s\b", words)


def test_labels_fit_on_buttons_and_forms() -> None:
    assert all(len(value) <= 45 for name, value in vars(labels).items() if name.isupper() and name != "N_")


def literals(path: Path) -> Iterator[str]:
    """Yield the texts of a module that are not docstrings, log lines or types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            skipped |= {id(part) for argument in node.args for part in ast.walk(argument)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


@pytest.mark.parametrize(
    "path",
    [path for folder in TEXT_FREE for path in sorted((ROOT / folder).rglob("*.py"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_sentence_stands_outside_the_catalogue(path: Path) -> None:
    assert [text for text in literals(path) if SENTENCE.search(text)] == []


@pytest.mark.parametrize(
    ("text", "is_sentence"),
    [
        ("Approved. The song is in the queue.", True),
        ("Songs can be requested ", True),
        ("Decline this request now.", True),
        ("discord.Interaction[discord.Client]", False),
        ("Autocomplete[Owner]", False),
        ("request:(?P<id>[0-9]+)", False),
    ],
)
def test_sentences_are_recognized(text: str, *, is_sentence: bool) -> None:
    assert bool(SENTENCE.search(text)) is is_sentence


def shown() -> Iterator[tuple[str, str]]:
    """Yield each text that can be shown in Discord, with its module; in cogs those are the docstrings."""
    for folder in ("bot/chat/text", "bot/chat/messages", "bot/chat/delivery"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from ((path.name, text) for text in literals(path))
    for path in sorted((ROOT / "cogs").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list:
                yield path.name, ast.get_docstring(node) or ""


@pytest.mark.parametrize("pattern", PLAINER)
def test_what_people_read_is_in_plain_words(pattern: str) -> None:
    banned = re.compile(rf"\b{pattern}\b", re.IGNORECASE)
    found = [(name, text) for name, text in shown() if banned.search(text)]
    assert found == [], f"write: {PLAINER[pattern]}"
