"""A stranger's server, whose moderators use every command: it costs the owner no more than the caps."""

from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from bot.domain.caps import ALL_GUILDS, CapConfig
from bot.domain.errors import RefusalError
from bot.domain.quotas import Period, window_of
from bot.domain.requests import ACTIVE, USED, Request, State
from bot.domain.song_options import SongOptions
from bot.domain.welcomes import Welcome
from bot.services.moderation.members import TargetMember
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.unit_of_work import UnitOfWork
from bot.storage.database_url import parse_url
from bot.storage.postgres.url import PostgresUrl
from tests.harness.databases import server
from tests.harness.services import ADA, CHANNEL, GUILD, PLAYLIST, ServicesHarness, services_harness
from tests.unit.services.requests.test_request_properties import Life, members

ELSEWHERE, CLEO = GUILD + 100, ADA + 100
CAPS = CapConfig(server=100, total=160)
amounts = st.sampled_from((0, 29, 31, 90, 1_000_000))
caps = st.none() | st.sampled_from((0, 29, 60, 100, 250))
guilds = st.sampled_from((GUILD, ELSEWHERE))
periods = st.sampled_from(Period)


class Stranger(Life):
    """The life of requests in two servers, with their moderators' commands, and the owner's."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: set[int] = set()
        """Requests that were under the caps when they were placed."""

    def opened(self) -> AbstractAsyncContextManager[ServicesHarness]:
        return services_harness(self.folder, caps=CAPS)

    def attempt(self, work: Coroutine[object, object, object]) -> None:
        with suppress(RefusalError):
            self.do(work)

    @rule()
    def place_elsewhere(self) -> None:
        context = replace(self.harness.context(CLEO), guild_id=ELSEWHERE)
        self.attempt(self.harness.requests.place(SongOptions(playlist=PLAYLIST), context))

    @rule(amount=amounts, period=periods | st.none())
    def everyone_gets_an_allowance(self, amount: int, period: Period | None) -> None:
        allowances, actor = self.harness.services.allowances, self.harness.actor()
        self.attempt(allowances.set_default_allowance(actor, amount=amount, period=period))

    @rule(member=members, amount=amounts | st.none())
    def a_member_gets_an_allowance(self, member: int, amount: int | None) -> None:
        target = TargetMember(user_id=member)
        moderation = self.harness.services.members
        self.attempt(moderation.make_exception(self.harness.actor(), target, amount=amount))

    @rule(member=members, amount=amounts)
    def a_member_is_granted_a_bonus(self, member: int, amount: int) -> None:
        target, actor = TargetMember(user_id=member), self.harness.actor()
        self.attempt(self.harness.services.members.grant(actor, target, amount=amount, reason="won"))

    @rule(member=members, to=st.sampled_from(("reset", "block", "unblock")))
    def a_member_is_moderated(self, member: int, to: str) -> None:
        target, actor, moderation = (
            TargetMember(user_id=member),
            self.harness.actor(),
            self.harness.services.members,
        )
        match to:
            case "reset":
                self.attempt(moderation.reset(actor, target))
            case "block":
                self.attempt(moderation.block(actor, target, reason="spam"))
            case _:
                self.attempt(moderation.unblock(actor, target))

    @rule(amount=amounts | st.none(), period=periods | st.none())
    def the_server_gets_a_budget(self, amount: int | None, period: Period | None) -> None:
        allowances, actor = self.harness.services.allowances, self.harness.actor()
        self.attempt(allowances.set_budget(actor, amount=amount, period=period))

    @rule(active=st.sampled_from((1, 1000)), on=st.booleans())
    def the_server_is_set_up(self, active: int, on: bool) -> None:
        rules = self.harness.services.guild_settings
        self.attempt(rules.set_limits(self.harness.actor(), active=active, cooldown_s=0))
        if on:
            self.attempt(rules.set_approval(self.harness.actor(), channel_id=CHANNEL))
        else:
            self.attempt(rules.end_approval(self.harness.actor()))

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), member=members, again=st.booleans())
    def a_request_is_taken_out_or_repeated(self, data: st.DataObject, member: int, again: bool) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.placed)))
        if not again:
            cancelling = self.harness.services.queue.cancel(
                self.harness.actor(), request_id, reason="no reason"
            )
            self.attempt(cancelling)
            return
        with suppress(RefusalError):
            card = self.do(self.harness.requests.repeat(request_id, self.harness.context(member)))
            self.placed[card.request_id] = member

    @rule()
    def the_bot_leaves_and_comes_back(self) -> None:
        guilds, cleanup = (
            self.harness.services.guilds,
            CleanupHandler(
                self.harness.store, config=RetentionConfig(guild_days=0), clock=self.harness.clock
            ),
        )
        self.do(guilds.record_left(ELSEWHERE))
        self.do(cleanup.handle(CleanupTask.DATA))
        self.do(guilds.record_joined(Welcome(guild_id=ELSEWHERE, joined_at=self.harness.clock())))

    @rule(guild=guilds, amount=caps)
    def the_owner_sets_a_servers_own_cap(self, guild: int, amount: int | None) -> None:
        self.do(self.harness.services.operator.set_cap(guild, amount))

    @rule(each=caps, total=caps, period=periods)
    def the_owner_changes_the_settings(self, each: int | None, total: int | None, period: Period) -> None:
        config = CapConfig(server=each, total=total, period=period)
        self.harness.configure(replace(self.harness.config, caps=config))

    @invariant()
    def no_song_costs_the_owner_more_than_the_caps(self) -> None:
        config = self.harness.config.caps
        window = window_of(config.period, self.harness.clock())
        known = self.do(self.harness.store.read(_requests))
        costly = [one for one in known if one.state in ACTIVE | USED and one.placed_at >= window.starts_at]
        for scope in (GUILD, ELSEWHERE, ALL_GUILDS):
            mine = [one for one in costly if scope in {one.guild_id, ALL_GUILDS}]
            (record,) = self.do(self.harness.store.read(lambda uow: uow.caps.find(scope)))  # noqa: B023 - run here
            limit = record.limit(scope, config)
            if limit is not None and any(one.id not in self.counted for one in mine):
                assert sum(one.cost for one in mine) <= limit
        self.counted |= {one.id for one in known}


def _requests(uow: UnitOfWork) -> list[Request]:
    return [one for guild in (GUILD, ELSEWHERE) for one in uow.requests.of_guild(guild, *State, limit=1000)]


class StrangerOnPostgres(Stranger):
    """The same over the other database."""

    def opened(self) -> AbstractAsyncContextManager[ServicesHarness]:
        url = parse_url(self.stack.enter_context(server(0).database()))
        assert isinstance(url, PostgresUrl)
        return services_harness(self.folder, server=url, caps=CAPS)


COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
TestStranger = Stranger.TestCase
TestStranger.settings = settings(COMMON, max_examples=8, stateful_step_count=30)
TestStrangerOnPostgres = StrangerOnPostgres.TestCase
TestStrangerOnPostgres.settings = settings(COMMON, max_examples=3, stateful_step_count=20)
