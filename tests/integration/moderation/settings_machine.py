"""A server's settings changed in any order, by two moderators at once and across restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count
from typing import TypeAlias, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain.audit import Action, AuditEntry, AuditFacts
from bot.domain.errors import RefusalError
from bot.domain.guild_settings import GuildSettings
from bot.domain.moderator_errors import SettingChangedError
from bot.domain.quotas import Period
from bot.domain.server_settings import facts_of, role_facts, role_limit_facts, version_of
from bot.services import Services, build_services
from bot.services.audit_log import Actor
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import open_store
from tests.fakes.media import FakeMedia
from tests.harness.services import MODERATOR, PLAYLIST, RULES

VIP, DJ = 71, 72
SETTINGS = (
    Action.REQUESTS_CHANNEL,
    Action.RESULTS_CHANNEL,
    Action.SHOWCASE,
    Action.LOG_CHANNEL,
    Action.EVERYONE_ALLOWANCE,
    Action.BUDGET,
    Action.LIMITS,
    Action.MODEL,
    Action.DEFAULT_PLAYLIST,
    Action.NEWS,
)
NAMES = ("Lo-fi", "Radio")
Subject: TypeAlias = tuple[Action, int | None]
Change: TypeAlias = tuple[Subject, Callable[[Services, Actor], Awaitable[object]]]
T = TypeVar("T")
ENTRIES = 10_000

channels = st.sampled_from((501, 502, 503))
maybe_channels, maybe_amounts = st.none() | channels, st.none() | st.integers(0, 300)
maybe_periods = st.none() | st.sampled_from(Period)


def _is(action: Action, change: Callable[[Services, Actor], Awaitable[object]]) -> Change:
    return (action, None), change


changes: st.SearchStrategy[Change] = st.one_of(
    channels.map(
        lambda one: _is(Action.REQUESTS_CHANNEL, lambda s, by: s.guild_settings.set_request_channel(by, one))
    ),
    st.tuples(maybe_channels, st.none() | st.booleans()).map(
        lambda both: _is(
            Action.LOG_CHANNEL,
            lambda s, by: s.guild_settings.set_log(by, channel_id=both[0], digest=both[1]),
        )
    ),
    st.booleans().map(lambda one: _is(Action.NEWS, lambda s, by: s.guild_settings.set_news(by, at_once=one))),
    st.tuples(maybe_channels, st.none() | st.booleans()).map(
        lambda both: _is(
            Action.RESULTS_CHANNEL,
            lambda s, by: s.guild_settings.set_results(by, channel_id=both[0], hides_prompts=both[1]),
        )
    ),
    st.tuples(maybe_channels, st.none() | st.integers(1, 9)).map(
        lambda both: _is(
            Action.SHOWCASE,
            lambda s, by: s.guild_settings.set_showcase(by, channel_id=both[0], loves=both[1]),
        )
    ),
    st.tuples(st.none() | st.integers(1, 9), maybe_amounts).map(
        lambda both: _is(
            Action.LIMITS,
            lambda s, by: s.guild_settings.set_limits(by, active=both[0], cooldown_s=both[1]),
        )
    ),
    st.sampled_from(RULES.models).map(
        lambda one: _is(Action.MODEL, lambda s, by: s.guild_settings.set_default_model(by, one))
    ),
    st.tuples(maybe_amounts, maybe_periods).map(
        lambda both: _is(
            Action.EVERYONE_ALLOWANCE,
            lambda s, by: s.allowances.set_default_allowance(by, amount=both[0], period=both[1]),
        )
    ),
    st.tuples(maybe_amounts, maybe_periods).map(
        lambda both: _is(
            Action.BUDGET, lambda s, by: s.allowances.set_budget(by, amount=both[0], period=both[1])
        )
    ),
    st.tuples(st.sampled_from((VIP, DJ)), maybe_amounts).map(
        lambda both: (
            (Action.ROLE_ALLOWANCE, both[0]),
            lambda s, by: s.allowances.set_role_allowance(by, both[0], amount=both[1]),
        )
    ),
    st.tuples(st.sampled_from((VIP, DJ)), st.none() | st.integers(1, 9), maybe_amounts).map(
        lambda three: (
            (Action.LIMITS, three[0]),
            lambda s, by: s.guild_settings.set_role_limits(
                by, three[0], active=three[1], cooldown_s=three[2]
            ),
        )
    ),
    st.sampled_from((VIP, DJ)).map(
        lambda role: ((Action.LIMITS, role), lambda s, by: s.guild_settings.end_role_limits(by, role))
    ),
    st.sampled_from((None, *NAMES)).map(
        lambda name: _is(Action.DEFAULT_PLAYLIST, lambda s, by: s.playlists.set_default(by, name))
    ),
    st.sampled_from(SETTINGS).map(
        lambda action: _is(action, lambda s, by: s.guild_settings.reset(by, action))
    ),
)


class SettingsMachine(RuleBasedStateMachine):
    """Each example is a server of its own; the model is the audit log alone, replayed."""

    url: str
    guild_ids = count(10**15)

    def __init__(self) -> None:
        super().__init__()
        self.guild_id = next(self.guild_ids)
        self.ids = count(self.guild_id * 1000)
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.logged: set[int] = set()
        self.replayed: dict[Subject, AuditFacts] = {}
        self.replayed = {subject: self.facts(subject, GuildSettings()) for subject in self.subjects()}
        self.start()
        for name in NAMES:
            self.run(self.services.playlists.add(self.actor(), name, PLAYLIST[:-1] + str(len(name))))

    def subjects(self) -> list[Subject]:
        return [
            *((action, None) for action in SETTINGS),
            *((action, one) for action in (Action.ROLE_ALLOWANCE, Action.LIMITS) for one in (VIP, DJ)),
        ]

    @staticmethod
    def facts(subject: Subject, settings: GuildSettings) -> AuditFacts:
        action, role_id = subject
        if role_id is None:
            return facts_of(action, settings, RULES.policy)
        return (role_limit_facts if action is Action.LIMITS else role_facts)(settings, role_id)

    def start(self) -> None:
        self.store = self.run(self.stack.enter_async_context(open_store(self.url)))
        self.services = build_services(self.store, config=RULES, media=FakeMedia())

    def run(self, one: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await one

        return self.runner.run(awaited())

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    def actor(self, subject: Subject | None = None) -> Actor:
        """Return a moderator, who has just seen the setting if there is one."""
        by = Actor(interaction_id=next(self.ids), guild_id=self.guild_id, actor_id=MODERATOR)
        return by if subject is None else replace(by, seen=version_of(self.facts(subject, self.settings())))

    def settings(self) -> GuildSettings:
        return self.run(self.store.read(lambda uow: uow.guilds.settings(self.guild_id)))

    @rule(change=changes, looks=st.booleans(), again=st.booleans())
    def a_moderator_changes(self, change: Change, looks: bool, again: bool) -> None:
        subject, act = change
        by = self.actor(subject if looks else None)
        self.attempt(act, by)
        if again:  # Discord's own repeats, and units that are run again after a lost commit
            before = self.settings()
            self.attempt(act, by)
            assert self.settings() == before

    @rule(one=changes, other=changes)
    def two_change_at_once_what_both_have_seen(self, one: Change, other: Change) -> None:
        actors = [self.actor(subject) for subject, _ in (one, other)]

        async def both() -> list[object]:
            acts = (act(self.services, by) for (_, act), by in zip((one, other), actors, strict=True))
            return list(await asyncio.gather(*acts, return_exceptions=True))

        outcomes = self.run(both())
        refused = [each for each in outcomes if isinstance(each, BaseException)]
        assert all(isinstance(each, RefusalError) for each in refused)
        if one[0] != other[0]:
            assert not any(isinstance(each, SettingChangedError) for each in refused)

    @rule(first=changes, second=changes)
    def a_moderator_changes_what_another_changed_meanwhile(self, first: Change, second: Change) -> None:
        stale = self.actor(second[0])
        seen = self.facts(second[0], self.settings())
        self.attempt(first[1], self.actor())
        before = self.settings()
        outcome = self.attempt(second[1], stale)
        if self.facts(second[0], before) != seen:
            assert isinstance(outcome, RefusalError)
            assert self.settings() == before

    @rule()
    def the_bot_is_restarted(self) -> None:
        self.run(self.stack.aclose())
        self.stack = AsyncExitStack()
        self.start()

    def attempt(self, act: Callable[[Services, Actor], Awaitable[object]], by: Actor) -> object:
        try:
            return self.run(act(self.services, by))
        except RefusalError as error:
            return error

    @invariant()
    def the_audit_log_replayed_gives_the_settings(self) -> None:
        new = [
            entry
            for entry in self.entries()
            if entry.id not in self.logged and _subject(entry) in self.replayed
        ]
        new.sort(key=lambda entry: entry.before != entry.after)  # one that changes nothing fits before only
        while new:  # two at once are committed in either order
            entry = next(one for one in new if self.replayed[_subject(one)] == one.before)
            self.replayed[_subject(entry)] = entry.after
            self.logged.add(entry.id)
            new.remove(entry)
        settings = self.settings()
        for subject in self.subjects():
            assert self.replayed[subject] == self.facts(subject, settings), subject

    def entries(self) -> list[AuditEntry]:
        def log(uow: UnitOfWork) -> list[AuditEntry]:
            return list(uow.audit_log.page(self.guild_id, subject_id=None, limit=ENTRIES))

        return self.run(self.store.read(log))[::-1]


def _subject(entry: AuditEntry) -> Subject:
    return entry.action, entry.subject_id
