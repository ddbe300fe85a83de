"""Moderators' decisions as text, for `/quota log` and for the server's log channel."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import (
    CONTENT_LIMIT,
    DASH,
    DESCRIPTION_LIMIT,
    in_credits,
    mention,
    quoted,
    reason_text,
    relative,
    role_mention,
)
from bot.domain.audit import Action, AuditEntry, AuditFacts
from bot.domain.models import model_name
from bot.services.ports import MessageForm

NOT_SHOWN = "Discord refuses to show the rest here. `/quota log` has it."
NO_DECISIONS = "No decisions yet."
NEWS_OF = "**From the moderators of {server}** (`/credits` there shows what you have):"
NEWS = "**From this server's moderators** (`/credits` shows what you have):"
OPEN = "open it"
"""The words of a link to a request."""
NO_NAMES: Mapping[int, str] = MappingProxyType({})
NAME_LIMIT = 64
"""Characters of a member's name, twice Discord's own limit: some are escaped."""
FACT_LIMIT = 120
"""Characters of one value."""
OF_MEMBER = frozenset(
    {
        Action.GRANT,
        Action.MEMBER_ALLOWANCE,
        Action.RESET,
        Action.BLOCK,
        Action.UNBLOCK,
        Action.CANCEL,
        Action.NEXT,
        Action.APPROVE,
        Action.DECLINE,
        Action.REMOVE_SONG,
    }
)
"""Actions whose subject is a member; that of the others is a role, if any."""
WORDS = MappingProxyType(
    {
        Action.GRANT: "granted a bonus to",
        Action.MEMBER_ALLOWANCE: "changed the allowance of",
        Action.RESET: "reset the allowance of",
        Action.BLOCK: "blocked",
        Action.UNBLOCK: "unblocked",
        Action.ROLE_ALLOWANCE: "changed the allowance of the role",
        Action.EVERYONE_ALLOWANCE: "changed everyone's allowance",
        Action.BUDGET: "changed the server's budget",
        Action.PAUSE: "paused songs",
        Action.RESUME: "resumed songs",
        Action.CLOSE: "closed requests",
        Action.OPEN: "opened requests",
        Action.NEXT: "moved to the front a request of",
        Action.REQUESTS_CHANNEL: "changed the channel for requests",
        Action.RESULTS_CHANNEL: "changed where and how results are posted",
        Action.APPROVAL: "changed the approval of requests",
        Action.LOG_CHANNEL: "changed the channel for this log",
        Action.MODEL: "changed the default model",
        Action.LIMITS: "changed the limits",
        Action.SHOWCASE: "changed the showcase",
        Action.CANCEL: "cancelled a request of",
        Action.APPROVE: "approved a request of",
        Action.DECLINE: "declined a request of",
        Action.REMOVE_SONG: "removed a song of",
        Action.ADD_PLAYLIST: "saved a playlist",
        Action.REMOVE_PLAYLIST: "removed a saved playlist",
        Action.DEFAULT_PLAYLIST: "changed the default playlist",
        Action.ONLY_SAVED: "changed which playlists can be requested",
        Action.WORDS: "changed the forbidden words",
        Action.NEWS: "changed how members are told of bonuses and the like",
    }
)
NAMES = MappingProxyType(
    {
        "active": "requests at a time",
        "cooldown": "seconds between requests",
        "loves": "loves needed",
        "playlist": "playlist",
        "request": "request",
        "ping_role": "pinged",
        "decider_role": "can decide, too",
        "exempt_roles": "need no approval",
        "added": "added",
        "removed": "removed",
        "free": "requests a day without approval",
        "saved": "saved playlists without approval",
        "waiting": "requests waiting",
    }
)
"""Labels of some values; the others are labelled by their key."""


def audit_entry_text(entry: AuditEntry, names: Mapping[int, str] = NO_NAMES) -> str:
    """Format a decision as one paragraph: who, what, the old and new values, why and when.

    Members in `names` are named; of others Discord shows the name only to those who have met them.
    """
    parts = [_head(entry, names), *_facts(entry)]
    if entry.reason:
        parts.append(reason_text(entry.reason))
    return "\n-# ".join(parts)


def members_of(changes: Sequence[AuditEntry]) -> set[int]:
    """Return the ids of the members that decisions name: who decided, and about whom."""
    about = {entry.subject_id for entry in changes if entry.action in OF_MEMBER and entry.subject_id}
    return about | {entry.actor_id for entry in changes}


def audit_log_message(changes: Sequence[AuditEntry], names: Mapping[int, str] = NO_NAMES) -> discord.Embed:
    """Build the list of the latest decisions, newest first, as many as fit; `names` by user id."""
    embed = discord.Embed(title="Moderators' decisions", colour=colours.MODERATION)
    text = ""
    for paragraph in (audit_entry_text(entry, names) for entry in changes):
        if len(text) + len(paragraph) + 2 > DESCRIPTION_LIMIT:
            break
        text = f"{text}\n\n{paragraph}" if text else paragraph
    embed.description = text or NO_DECISIONS
    return embed


def audit_entry_message(entry: AuditEntry, form: MessageForm = MessageForm.FULL) -> discord.Embed:
    """Build the post for the log channel."""
    words = audit_entry_text(entry) if form is MessageForm.FULL else f"{_head(entry)}\n-# {NOT_SHOWN}"
    return discord.Embed(description=words[:DESCRIPTION_LIMIT], colour=colours.MODERATION)


def news_text(news: Sequence[AuditEntry], *, server: str | None = None) -> str:
    """Tell a member what moderators decided for them, as far as it fits; outside the server, name it."""
    text = NEWS if server is None else NEWS_OF.format(server=quoted(server, limit=NAME_LIMIT))
    for line in map(_news_line, news):
        if len(text) + len(line) + 1 > CONTENT_LIMIT:
            return text
        text = f"{text}\n{line}"
    return text


def _news_line(entry: AuditEntry) -> str:
    amount = entry.after.get("credits")
    match entry.action:
        case Action.GRANT:
            got = f"You received a bonus of **{in_credits(int(amount or 0))}**; it does not expire."
            return f"{got} {reason_text(entry.reason)}" if entry.reason else got
        case Action.MEMBER_ALLOWANCE if amount is not None:
            return f"You have an allowance of your own now: **{in_credits(int(amount))}** each period."
        case Action.MEMBER_ALLOWANCE:
            return "Your own allowance has ended; you have the same as others with your roles again."
        case _:
            return "You are no longer blocked, and can request songs again."


def _head(entry: AuditEntry, names: Mapping[int, str] = NO_NAMES) -> str:
    """Format who decided what about whom, and when."""
    subject = _subject(entry, names)
    what = f"{_member(entry.actor_id, names)} {WORDS[entry.action]}{f' {subject}' if subject else ''}"
    return f"{what} · {relative(entry.at)}"


def _member(user_id: int, names: Mapping[int, str]) -> str:
    """Format a member by a mention, which leads to the profile, and the name if it is known."""
    name = quoted(names.get(user_id), limit=NAME_LIMIT)
    return f"{mention(user_id)} ({name})" if name else mention(user_id)


def _subject(entry: AuditEntry, names: Mapping[int, str]) -> str:
    if entry.subject_id is None:
        return ""
    if entry.action in OF_MEMBER:
        return _member(entry.subject_id, names)
    return f"{'of ' if entry.action is Action.LIMITS else ''}<@&{entry.subject_id}>"


def _facts(entry: AuditEntry) -> list[str]:
    """Format each value, with the old one if it was different."""
    names = dict.fromkeys((*entry.before, *entry.after))
    if entry.reason:  # it is shown as such
        names = {name: None for name in names if entry.after.get(name) != entry.reason}
    # of a setting with several values, only those that it has or had
    told = [
        name for name in names if len(names) == 1 or {entry.before.get(name), entry.after.get(name)} != {None}
    ]
    return [_fact(name, entry.before, entry.after) for name in told]


def _fact(name: str, before: AuditFacts, after: AuditFacts) -> str:
    now = _value(name, after.get(name))
    title = NAMES.get(name, name)
    if name not in before:
        return f"{title}: {now}"
    earlier = _value(name, before[name])
    return f"{title}: {now}" if earlier == now else f"{title}: {earlier} → {now}"


def _value(name: str, value: str | int | None) -> str:
    if value is None or value == "":
        return DASH
    if name.endswith("channel"):
        return f"<#{value}>"
    if name == "request":
        return _requests(str(value).split())
    if name.endswith(("role", "roles")):
        return " ".join(role_mention(int(role)) for role in str(value).split())
    if name == "until":
        return f"<t:{value}:f>"
    if name == "model":
        return quoted(model_name(str(value)), limit=FACT_LIMIT)
    return f"{value:,}" if isinstance(value, int) else quoted(value, limit=FACT_LIMIT)


def _requests(named: Sequence[str]) -> str:
    """Link the requests that a decision was about; those without a link are named by their ids."""
    if len(named) == 1:
        return _request(named[0], OPEN)
    return " ".join(_request(one, str(number)) for number, one in enumerate(named, 1))


def _request(link_or_id: str, words: str) -> str:
    return f"[{words}]({link_or_id})" if link_or_id.startswith("https://") else f"`{link_or_id}`"
