"""The moderators' service for the words that prompts must not contain."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot.domain.audit import Action, AuditFacts
from bot.domain.guild_settings import GuildSettings
from bot.domain.words import MAX_WORDS, WordProblemError, WordsFullError, WordUnknownError, parse_word
from bot.services.audit_log import Actor, record_action
from bot.services.ports import Clock
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

_SEPARATORS = re.compile(r"[,;\n]")


class ForbiddenWords:
    """A server's list of forbidden words."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def change(self, actor: Actor, *, add: str = "", remove: str = "") -> GuildSettings:
        """Add and remove words, which are separated by commas; return the settings.

        Raises:
            WordProblemError, WordsFullError: a word cannot be added, or there are too many.
            WordUnknownError: one that is to be removed is not on the list. Nothing was changed, as before.
        """
        added = {parse_word(word) for word in _divided(add)}
        removed = [_known_form(word) for word in _divided(remove)]
        return await self._store.write(_change, actor, frozenset(added), tuple(removed), self._clock())


def _divided(text: str) -> Iterable[str]:
    return (word for word in _SEPARATORS.split(text) if word.strip())


def _known_form(text: str) -> str:
    """Return the form in which the word would be on the list.

    Raises:
        WordUnknownError: it cannot be there.
    """
    try:
        return parse_word(text)
    except WordProblemError as error:
        raise WordUnknownError(text.strip()) from error


@unit_of_work("words.change")
def _change(
    uow: UnitOfWork, actor: Actor, add: frozenset[str], remove: tuple[str, ...], now: datetime
) -> GuildSettings:
    before = uow.guilds.get_for_update(actor.guild_id)
    known = set(before.words)
    unknown = [word for word in remove if word not in known]
    if unknown and uow.audit_log.find(actor.interaction_id) is None:
        raise WordUnknownError(unknown[0])
    words = tuple(sorted((known - set(remove)) | add))
    if len(words) > MAX_WORDS:
        raise WordsFullError(MAX_WORDS)
    gone, new = sorted(known.difference(words)), sorted(set(words) - known)
    if not (gone or new):
        return before
    changes: AuditFacts = {"added": ", ".join(new) or None, "removed": ", ".join(gone) or None}
    # whatever list they were shown: what they chose is named, and no other word changes
    actor = replace(actor, seen=None)
    if not record_action(uow, actor, Action.WORDS, after=changes, now=now):
        return before
    after = replace(before, words=words)
    uow.guilds.update(actor.guild_id, after)
    return after
