"""The recording of moderators' actions, in the unit of work that carries them out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ParamSpec, TypeVar

from bot.domain.audit import Action, AuditEntry, AuditFacts
from bot.domain.errors import ConflictError
from bot.domain.moderator_errors import ReasonError, SettingChangedError
from bot.domain.server_settings import version_of
from bot.domain.text import clean_text
from bot.services.cards import status_url
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")
REASON_LIMIT = 500
"""The most characters of a reason."""
ATTEMPTS = 3
"""How often an action is tried whose request another worker changes at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The moderator and server of an action; each interaction carries its action out once."""

    interaction_id: int
    guild_id: int
    actor_id: int
    seen: str | None = None
    """The version of the setting that they were shown, which they mean to change; None: whatever it is."""
    is_moderator: bool = False
    """Whether they have Manage Server; where that is always needed, it was checked before."""
    role_ids: tuple[int, ...] = ()
    """Their roles in the server at the time of the interaction."""

    def of_part(self, number: int) -> "Actor":
        """Return the actor of one of several actions of the interaction, each of which is carried out once.

        Its id is the interaction's plus the number: the last bits of Discord's ids count what one of its
        processes made in a millisecond, in which this bot has one interaction there.
        """
        return replace(self, interaction_id=self.interaction_id + number)


async def run_action(store: Store, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run the unit, again after a conflict; return its result.

    Raises:
        ConflictError: every attempt met a conflict.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await store.write(unit, *args, **kwargs)
        except ConflictError:
            continue
    return await store.write(unit, *args, **kwargs)


def record_action(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    *,
    subject_id: int | None = None,
    before: AuditFacts | None = None,
    after: AuditFacts | None = None,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """Record an action in the audit log, to be posted to the server's log channel if it has one.

    Returns False if the same interaction recorded it before: then the caller must change nothing.

    Raises:
        SettingChangedError: the moderator was shown another version than this `before`.
    """
    change = AuditEntry(
        id=actor.interaction_id,
        guild_id=actor.guild_id,
        actor_id=actor.actor_id,
        action=action,
        subject_id=subject_id,
        before=before or {},
        after=after or {},
        reason=reason,
        at=now,
    )
    added = uow.audit_log.add(change)
    if added and actor.seen not in {None, version_of(change.before)}:
        raise SettingChangedError
    settings = uow.guilds.settings(actor.guild_id)
    if added and settings.log_channel_id is not None:
        uow.outbox.mark_due(change.id, MessageKind.AUDIT, due_at=now)
    if added and settings.tells_at_once and change.is_news:
        uow.outbox.mark_due(change.id, MessageKind.NEWS, due_at=now)
    return added


def current_news(uow: UnitOfWork, news: Sequence[AuditEntry]) -> list[AuditEntry]:
    """Return a member's news without what was overtaken: an earlier allowance, the end of a block."""
    last = {entry.action: entry.id for entry in news}
    return [
        entry
        for entry in news
        if entry.action is Action.GRANT or (entry.id == last[entry.action] and not _is_blocked(uow, entry))
    ]


def _is_blocked(uow: UnitOfWork, entry: AuditEntry) -> bool:
    """Tell whether the entry is the end of a block, and the member is blocked again."""
    if entry.action is not Action.UNBLOCK or entry.subject_id is None:
        return False
    return uow.members.find(entry.guild_id, entry.subject_id).blocked is not None


def with_request_link(uow: UnitOfWork, entry: AuditEntry) -> AuditEntry:
    """Return the entry with links to its requests' status in place of their ids, to be read by people.

    An entry about one request has its prompt, too, where messages in the server show it.
    """
    ids = str(entry.after.get("request") or entry.before.get("request") or "").split()
    if not ids:
        return entry
    found = [uow.requests.find(int(request_id)) for request_id in ids]
    links = " ".join((status_url(one) if one else None) or id_ for one, id_ in zip(found, ids, strict=True))
    only = found[0] if len(found) == 1 else None
    is_shown = only and only.removed_at is None and not uow.guilds.settings(entry.guild_id).prompts_hidden
    prompt = only.spec.prompt if only and is_shown else None
    before, after = (
        facts | {"request": links} if "request" in facts else facts for facts in (entry.before, entry.after)
    )
    return replace(entry, before=before, after=after | ({"prompt": prompt} if prompt else {}))


def check_reason(reason: str) -> str:
    """Return the reason as it is stored, without invisible characters.

    Raises:
        ReasonError: it is empty or too long.
    """
    words = clean_text(reason)
    if not 1 <= len(words) <= REASON_LIMIT:
        raise ReasonError(len(words), REASON_LIMIT)
    return words
