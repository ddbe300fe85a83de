"""The contract of every store for servers, members and the audit log."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.audit import Action, AuditEntry, AuditFacts
from bot.domain.errors import BlockedError
from bot.domain.guild_settings import Budget, GuildSettings, MemberRecord
from bot.domain.leases import Lease
from bot.domain.ledger import Balance, Leg, TransferKind, bonus_account, budget_account
from bot.domain.quotas import Period
from bot.domain.scheduling import Pause
from bot.domain.welcomes import Welcome
from bot.services.audit_log import Actor, record_action
from bot.services.privacy.guild_membership import GuildMembership, VisibleGuilds
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.harness.databases import ledger_breaches
from tests.unit.storage.factories import GUILD, NOW, USER, WINDOW, account_of, after, open_account

SETTLED = GuildSettings(
    allowance=0,
    period=Period.MONTH,
    roles={71: 150, 72: 0},
    budget=Budget(credits=1000, period=Period.WEEK, opened_in="2026-W47", spent_before=30),
    max_active=2,
    cooldown_s=60,
    model="v40",
    requests_channel_id=1,
    results_channel_id=2,
    approval_channel_id=3,
    log_channel_id=4,
    paused="a show",
)
BONUS = bonus_account(GUILD, USER, "pseudonym")


def settle(uow: UnitOfWork, settings: GuildSettings, guild: int = GUILD) -> None:
    uow.guilds.get_for_update(guild)
    uow.guilds.update(guild, settings)


class TestComings:
    async def test_servers_heard_of_at_once_and_while_one_looks_are_all_in_use(self, store: SqlStore) -> None:
        servers = GuildMembership(store, clock=lambda: NOW)
        missed = range(1, 21)
        await store.write(lambda work: [work.guilds.get_for_update(guild_id) for guild_id in missed])
        looks = (servers.reconcile(VisibleGuilds(frozenset(), frozenset({0}), 1)) for _ in range(5))
        await asyncio.gather(*(servers.record_activity(guild_id) for guild_id in missed), *looks)
        assert await store.read(lambda work: work.guilds.known()) == dict.fromkeys(missed)

    async def test_processes_that_see_a_new_server_at_once_welcome_it_once(self, store: SqlStore) -> None:
        new = Welcome(guild_id=GUILD, joined_at=NOW, channel_ids=(7,))
        seen = VisibleGuilds(frozenset({GUILD}), frozenset({0}), 1, joined_lately=(new,))
        processes = [GuildMembership(store, clock=lambda: NOW) for _ in range(4)]
        for _ in range(2):
            await asyncio.gather(
                *(one.record_joined(new) for one in processes), *(one.reconcile(seen) for one in processes)
            )
        lease = Lease("a process", after(60))
        due = await store.write(lambda work: work.outbox.claim_due(now=NOW, lease=lease, limit=9))
        assert [(one.kind, one.source_id) for one in due] == [(MessageKind.WELCOME, GUILD)]
        assert await store.read(lambda work: work.guilds.welcome(GUILD)) == new, "it is not back again"


class TestGuilds:
    async def test_a_new_server_has_settled_nothing(self, store: SqlStore) -> None:
        assert await store.read(lambda work: work.guilds.settings(GUILD)) == GuildSettings()
        assert await store.write(lambda work: work.guilds.get_for_share(GUILD)) == GuildSettings()
        assert await store.write(lambda work: work.guilds.get_for_update(GUILD)) == GuildSettings()

    async def test_what_is_settled_is_kept_to_the_letter_and_for_one_server(self, store: SqlStore) -> None:
        await store.write(settle, SETTLED)
        assert await store.read(lambda work: work.guilds.settings(GUILD)) == SETTLED
        assert await store.write(lambda work: work.guilds.get_for_share(GUILD)) == SETTLED
        assert await store.read(lambda work: work.guilds.settings(GUILD + 1)) == GuildSettings()

    async def test_paused_servers_are_known_with_their_reasons(self, store: SqlStore) -> None:
        await store.write(settle, SETTLED)
        await store.write(settle, replace(SETTLED, paused=None), GUILD + 1)
        assert await store.read(lambda work: work.guilds.paused(NOW)) == {GUILD: Pause("a show")}
        await store.write(settle, GuildSettings())
        assert await store.read(lambda work: work.guilds.paused(NOW)) == {}

    async def test_a_pause_ends_by_itself_and_is_then_cleared_once(self, store: SqlStore) -> None:
        until = replace(SETTLED, paused_until=after(60))
        await store.write(settle, until)
        await store.write(settle, SETTLED, GUILD + 1)
        paused = await store.read(lambda work: work.guilds.paused(after(59)))
        assert paused == {GUILD: Pause("a show", after(60)), GUILD + 1: Pause("a show")}
        assert await store.read(lambda work: work.guilds.paused(after(60))) == {GUILD + 1: Pause("a show")}
        assert await store.write(lambda work: work.guilds.end_pauses(after(59))) == []
        assert await store.write(lambda work: work.guilds.end_pauses(after(60))) == [GUILD]
        assert await store.write(lambda work: work.guilds.end_pauses(after(60))) == []
        assert await store.read(lambda work: work.guilds.settings(GUILD)) == replace(SETTLED, paused=None)

    async def test_changes_at_once_all_count(self, store: SqlStore) -> None:
        def one_more(uow: UnitOfWork) -> None:
            settings = uow.guilds.get_for_update(GUILD)
            uow.guilds.update(GUILD, replace(settings, allowance=(settings.allowance or 0) + 1))

        await asyncio.gather(*(store.write(one_more) for _ in range(20)))
        assert (await store.read(lambda work: work.guilds.settings(GUILD))).allowance == 20


class TestMembers:
    async def test_a_standing_is_kept_and_its_pseudonym_is_chance(self, store: SqlStore) -> None:
        assert await store.read(lambda work: work.members.find(GUILD, USER)) == MemberRecord()
        met = await store.write(lambda work: work.members.get_for_update(GUILD, USER))
        other = await store.write(lambda work: work.members.get_for_update(GUILD + 1, USER))
        assert met.pseudonym != other.pseudonym
        assert str(USER) not in met.pseudonym
        settled = replace(met, allowance=0, blocked="spam").reset(WINDOW)
        await store.write(lambda work: work.members.update(GUILD, USER, settled))
        assert await store.read(lambda work: work.members.find(GUILD, USER)) == settled
        assert await store.write(lambda work: work.members.get_for_update(GUILD, USER)) == settled
        assert await store.read(lambda work: work.members.find(GUILD + 1, USER)) == other

    async def test_a_blocked_member_gets_no_slot(self, store: SqlStore) -> None:
        met = await store.write(lambda work: work.members.get_for_update(GUILD, USER))
        blocked = replace(met, blocked="spam")
        await store.write(lambda work: work.members.update(GUILD, USER, blocked))
        with pytest.raises(BlockedError) as caught:
            await store.write(
                lambda work: work.members.add_active_request(GUILD, USER, limit=5, cooldown_s=0, now=NOW)
            )
        assert caught.value.reason == "spam"


class TestChanges:
    async def test_a_decision_is_made_once_and_read_as_it_was_made(self, store: SqlStore) -> None:
        change = AuditEntry(
            id=1,
            guild_id=GUILD,
            actor_id=5,
            action=Action.MEMBER_ALLOWANCE,
            subject_id=USER,
            before={"credits": None},
            after={"credits": 120},
            reason="birthday",
            at=NOW,
        )
        assert await store.write(lambda work: work.audit_log.add(change)) is True
        assert await store.write(lambda work: work.audit_log.add(change)) is False
        assert await store.read(lambda work: work.audit_log.page(GUILD, limit=10)) == [change]
        assert await store.read(lambda work: work.audit_log.find(change.id)) == change
        assert await store.read(lambda work: work.audit_log.find(change.id + 1)) is None

    async def test_decisions_are_a_servers_own_newest_first_about_one_or_all(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            for number, (guild, subject) in enumerate(
                [(GUILD, USER), (GUILD, None), (GUILD + 1, USER), (GUILD, USER)], 1
            ):
                by = Actor(interaction_id=number, guild_id=guild, actor_id=5)
                assert record_action(uow, by, Action.RESET, subject_id=subject, now=after(number))

        def ids(changes: list[AuditEntry]) -> list[int]:
            return [change.id for change in changes]

        await store.write(unit)
        assert ids(await store.read(lambda work: work.audit_log.page(GUILD, limit=10))) == [4, 2, 1]
        assert ids(await store.read(lambda work: work.audit_log.page(GUILD, limit=1, offset=1))) == [2]
        about = await store.read(lambda work: work.audit_log.page(GUILD, subject_id=USER, limit=10))
        assert ids(about) == [4, 1]


class TestLegs:
    async def test_a_price_may_come_from_two_accounts_and_pass_a_third(self, store: SqlStore) -> None:
        budget = budget_account(GUILD, WINDOW)

        def unit(uow: UnitOfWork) -> None:
            open_account(uow, 10)
            uow.ledger.grant(BONUS, cause=77, amount=50, now=NOW)
            uow.ledger.set_granted_total(budget, target=100, now=NOW)
            legs = [Leg(account_of().id, 10), Leg(BONUS.id, 20), Leg(budget.id, 30)]
            for number in (1, 1):
                uow.ledger.hold(number, legs, now=after(1))

        def balances(uow: UnitOfWork) -> list[Balance]:
            return [uow.ledger.balance(account) for account in (account_of().id, BONUS.id, budget.id)]

        await store.write(unit)
        assert await store.read(balances) == [
            Balance(granted=10, held=10),
            Balance(granted=50, held=20),
            Balance(granted=100, held=30),
        ]
        assert await store.read(lambda work: work.ledger.held_by(GUILD, USER)) == 30
        await store.write(lambda work: work.ledger.post(1, now=after(2)))
        entries = await store.read(lambda work: work.ledger.entries(GUILD, USER, limit=10))
        assert [(entry.kind, entry.amount) for entry in entries] == [
            (TransferKind.POST, 30),
            (TransferKind.PENDING, 30),
            (TransferKind.SINGLE, 50),
            (TransferKind.SINGLE, 10),
        ]

    async def test_what_is_taken_back_is_an_entry_below_zero_and_a_grant_has_its_reason(
        self, store: SqlStore
    ) -> None:
        def unit(uow: UnitOfWork) -> None:
            by = Actor(interaction_id=77, guild_id=GUILD, actor_id=5)
            record_action(uow, by, Action.GRANT, subject_id=USER, reason="birthday", now=NOW)
            uow.ledger.grant(BONUS, cause=77, amount=50, now=NOW)
            uow.ledger.set_granted_total(account_of(), target=90, now=after(1))
            uow.ledger.set_granted_total(account_of(), target=60, now=after(2))

        await store.write(unit)
        entries = await store.read(lambda work: work.ledger.entries(GUILD, USER, limit=10))
        assert [(entry.amount, entry.reason, entry.note) for entry in entries] == [
            (-30, "allowance", None),
            (90, "allowance", None),
            (50, "grant", "birthday"),
        ]
        assert await ledger_breaches(store) == []


class TestNews:
    async def test_each_decision_is_taken_once_by_one_of_many_and_can_be_put_back(
        self, store: SqlStore
    ) -> None:
        def decide(uow: UnitOfWork, number: int, action: Action, subject: int | None, actor: int = 5) -> None:
            by = Actor(interaction_id=number, guild_id=GUILD, actor_id=actor)
            credits_: AuditFacts = {"credits": number}
            assert record_action(uow, by, action, subject_id=subject, after=credits_, now=after(number))

        def unit(uow: UnitOfWork) -> None:
            decide(uow, 1, Action.GRANT, USER)
            decide(uow, 2, Action.MEMBER_ALLOWANCE, USER)
            decide(uow, 3, Action.RESET, USER)
            decide(uow, 4, Action.GRANT, USER + 1)
            decide(uow, 5, Action.GRANT, USER, USER)

        await store.write(unit)
        takes = (store.write(lambda work: work.audit_log.take_news(GUILD, USER)) for _ in range(8))
        assert [[one.id for one in taken] for taken in await asyncio.gather(*takes) if taken] == [[1, 2]]
        assert not await store.read(lambda work: work.audit_log.news(GUILD, USER))
        assert not await store.read(lambda work: work.audit_log.news(GUILD + 1, USER + 1))
        await store.write(lambda work: work.audit_log.put_back_news(2))
        assert await store.read(lambda work: work.audit_log.news(GUILD, USER))
        (left,) = await store.write(lambda work: work.audit_log.take_news(GUILD, USER))
        assert left.id == 2
