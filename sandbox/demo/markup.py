"""Discord's markdown, mentions and timestamps as people see them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from rich.text import Text

MENTION: Final = "#c9cdfb on #3c4270"
LINK: Final = "#00a8fc"
_TOKEN = re.compile(
    r"""
    \\(?P<escaped>[^a-zA-Z0-9\s])
    | \[(?P<label>(?:\\.|[^\]\\])+)\]\(<?(?P<url>https?://[^)>\s]+)>?\)
    | <@!?(?P<user>\d+)>
    | <t:(?P<time>-?\d+)(?::(?P<form>[tTdDfFR]))?>
    | `(?P<code>[^`]+)`
    | \*\*(?P<bold>(?:\\.|[^\\])+?)\*\*
    | __(?P<underline>(?:\\.|[^\\])+?)__
    | ~~(?P<strike>(?:\\.|[^\\])+?)~~
    | \*(?P<italic>(?:\\.|[^\\*])+?)\*
    """,
    re.VERBOSE,
)
_STYLES = MappingProxyType(
    {"bold": "bold", "underline": "underline", "strike": "strike", "italic": "italic", "code": "on #1e1f22"}
)
_UNITS = ((1, "second", 60), (60, "minute", 60), (3600, "hour", 24), (86_400, "day", 30))
_MONTH_S, _YEAR_S = 30 * 86_400, 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The names and the time that make a text readable."""

    names: Mapping[int, str]
    """By user id."""
    now: datetime


def readable(source: str, *, reader: Reader) -> Text:
    """Return the text with its marks turned into styles; lines that begin with `-#` are small, hence dim."""
    lines = []
    for line in source.splitlines():
        small = line.startswith("-# ")
        text = _inline(line.removeprefix("-# "), reader)
        if small:
            text.stylize("dim")
        lines.append(text)
    return Text("\n").join(lines)


def relative(seconds: float) -> str:
    """Return so many seconds from now (negative: ago), as Discord writes `<t:...:R>`."""
    amount = abs(seconds)
    if amount >= _YEAR_S:
        words = _counted(amount / _YEAR_S, "year")
    elif amount >= _MONTH_S:
        words = _counted(amount / _MONTH_S, "month")
    else:
        size, unit, _ = next(one for one in _UNITS if round(amount / one[0]) < one[2] or one is _UNITS[-1])
        words = _counted(amount / size, unit)
    return f"in {words}" if seconds > 0 else f"{words} ago"


def _counted(amount: float, unit: str) -> str:
    count = round(amount)
    if count == 1 and unit != "second":
        return f"{'an' if unit == 'hour' else 'a'} {unit}"
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _inline(source: str, reader: Reader) -> Text:
    text = Text()
    end = 0
    for match in _TOKEN.finditer(source):
        text.append(source[end : match.start()])
        text.append_text(_SHOWN[str(match.lastgroup)](match, reader))
        end = match.end()
    return text.append(source[end:])


def _nested(match: re.Match[str], reader: Reader) -> Text:
    kind = str(match.lastgroup)
    inner = _inline(match[kind], reader) if kind != "code" else Text(match[kind])
    inner.stylize(_STYLES[kind])
    return inner


def _link(match: re.Match[str], reader: Reader) -> Text:
    label = _inline(match["label"], reader)
    label.stylize(LINK)
    return label


def _user(match: re.Match[str], reader: Reader) -> Text:
    return Text(f"@{reader.names.get(int(match['user']), 'unknown-user')}", MENTION)


def _time(match: re.Match[str], reader: Reader) -> Text:
    at = datetime.fromtimestamp(int(match["time"]), tz=reader.now.tzinfo)
    if match["form"] == "R":
        return Text(relative((at - reader.now).total_seconds()), "on #3a3c41")
    return Text(f"{at.astimezone():%d %B %Y %H:%M}", "on #3a3c41")


_SHOWN: Mapping[str, Callable[[re.Match[str], Reader], Text]] = MappingProxyType(
    {
        "escaped": lambda match, _: Text(match["escaped"]),
        "url": _link,
        "user": _user,
        "time": _time,
        "form": _time,
        **dict.fromkeys(_STYLES, _nested),
    }
)
