from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.chat.delivery import approval_message
from bot.chat.messages.audit import (
    NEWS,
    NO_DECISIONS,
    WORDS,
    audit_entry_message,
    audit_entry_text,
    audit_log_message,
    members_of,
    news_text,
)
from bot.chat.messages.credits import member_credits_message, report_embeds
from bot.chat.messages.settings import CHOSEN, ShownSettings
from bot.chat.panel import BUDGET, ROLES
from bot.chat.panel.view import BY_KEY, panel_message
from bot.chat.text import panel
from bot.chat.text.confirmations import (
    NO_BUDGET,
    budget_set,
    default_allowance_set,
    exception_set,
    report_summary,
)
from bot.chat.text.formatting import CONTENT_LIMIT, REASON_LIMIT
from bot.chat.text.quotas import available_after, budget_left
from bot.domain.audit import Action, AuditEntry
from bot.domain.caps import MAX_CAP, Cap
from bot.domain.guild_settings import Budget, GuildSettings
from bot.domain.ledger import Entry, TransferKind
from bot.domain.quotas import Period, Policy, Source
from bot.domain.requests import Failure, FailureKind, State
from bot.domain.shared_limits import NO_LIMITS, BudgetState, SharedLimits
from bot.services.cards import ApprovalCard
from bot.services.credits.reports import ChoiceUse, report_of
from bot.services.credits.statements import CreditsOverview, Statement, StatementLine
from bot.services.moderation.guild_settings import EffectiveSettings
from bot.services.moderation.members import BalanceChange
from bot.services.repositories.usage import Use
from tests.unit.chat.factories import MEMBER, NOW, PLAYLIST, cap_of, check_sendable, fields

LONGEST = 2**63 - 1
POLICY = Policy(allowance=1_000_000, period=Period.MONTH, max_active=1000, cooldown_s=86_400)
STATEMENT = Statement(
    available=1_000_000,
    held=1_000_000,
    used=1_000_000,
    bonus=1_000_000,
    resets_at=NOW,
    policy=POLICY,
    limits=SharedLimits(
        budget=BudgetState(credits=1_000_000, left=999_999, spent=1, period=Period.DAY, resets_at=NOW)
    ),
    blocked="*" * 500,
)
LINES = tuple(
    StatementLine(
        entry=Entry(kind=TransferKind.SINGLE, amount=sign, request_id=None, reason=reason, at=NOW, note=note),
        request=None,
    )
    for sign, reason, note in (
        (60, "grant", "_" * 500),
        (60, "grant", None),
        (-30, "allowance", None),
        (90, "allowance", None),
    )
)


def change(action: Action, **facts: str | int | None) -> AuditEntry:
    return AuditEntry(
        id=LONGEST,
        guild_id=LONGEST,
        actor_id=LONGEST,
        action=action,
        subject_id=None if action in {Action.PAUSE, Action.BUDGET} else LONGEST,
        before=dict.fromkeys(facts),
        after=facts,
        reason="*" * 500,
        at=NOW,
    )


@pytest.mark.parametrize("action", Action)
def test_every_decision_has_words_and_fits_with_the_longest_reason(action: Action) -> None:
    decision = change(action, credits=1_000_000, channel=LONGEST, request="1" * 19, name="*" * 100)
    assert WORDS[action] in audit_entry_text(decision)
    check_sendable(embeds=[audit_entry_message(decision)])


def test_a_fact_is_shown_with_what_it_was() -> None:
    decision = replace(change(Action.LIMITS, active=3), before={"active": 1, "gone": "x"}, reason=None)
    words = audit_entry_text(decision)
    assert "requests at a time: 1 → 3" in words
    assert "gone: x → \N{EN DASH}" in words
    assert "Reason" not in words
    assert "active: 3" not in audit_entry_text(replace(decision, before={"active": 3}))


def test_the_log_shows_as_many_as_fit() -> None:
    check_sendable(embeds=[audit_log_message([change(Action.GRANT, credits=1)] * 15)])
    assert audit_log_message([]).description == NO_DECISIONS


def test_the_log_names_members_and_not_roles() -> None:
    entries = [
        replace(change(Action.GRANT), actor_id=5),
        replace(change(Action.ROLE_ALLOWANCE), actor_id=6, subject_id=7),
    ]
    assert members_of(entries) == {5, 6, LONGEST}
    text = str(audit_log_message(entries, {5: "Mo", 7: "no member", LONGEST: "*Ada*"}).description)
    assert f"<@5> (Mo) granted a bonus to <@{LONGEST}> (\\*Ada\\*)" in text
    assert "<@6> changed the allowance of the role <@&7>" in text


def test_a_report_says_what_it_was_before() -> None:
    today = date(2026, 11, 24)
    by_day = {today - timedelta(days=back): Use(1, spent) for back, spent in ((0, 90), (1, 60))}
    one_day = report_of(by_day, {}, guild_id=9, days=1, today=today)
    assert report_summary(one_day).endswith("(UTC). The day before, it was 60 credits (+50 %).")
    by_day = {today - timedelta(days=9): Use(1, 90)}
    week = report_of(by_day, {}, guild_id=9, days=7, today=today)
    assert report_summary(week).endswith("In the 7 days before, it was 90 credits (-100 %).")


def shown_with(settings: GuildSettings, cap: Cap | None = None) -> ShownSettings:
    in_force = EffectiveSettings(
        settings=settings,
        policy=POLICY,
        usual=POLICY,
        max_waiting=10,
        usual_waiting=50,
        model="m" * 50,
        cap=cap,
    )
    return ShownSettings(in_force=in_force, models=["m" * 50], playlists=["*" * 100], cost=30)


@pytest.mark.parametrize("count", [60, 250])
def test_sixty_roles_with_allowances_fit_and_more_of_them_are_counted(count: int) -> None:
    settings = GuildSettings(
        roles={LONGEST - n: 1_000_000 for n in range(count)},
        budget=Budget(credits=1_000_000, period=Period.MONTH, opened_in="2026-11"),
        requests_channel_id=LONGEST,
        results_channel_id=LONGEST,
        approval_channel_id=LONGEST,
        log_channel_id=LONGEST,
        default_playlist="*" * 100,
        paused="*" * 500,
    )
    for setting in BY_KEY.values():
        message = panel_message(shown_with(settings), setting, note="x" * 500)
        check_sendable(embeds=list(message.embeds))
        assert len(message.view.to_components()) <= 5
    roles = fields(panel_message(shown_with(settings), ROLES).embeds[0])[f"{CHOSEN} Roles"] or ""
    shown_roles = roles.count("> 1,000,000")
    assert shown_roles >= min(count, 25)
    assert (f"and {count - shown_roles} more" in roles) == (shown_roles < count)
    few = replace(settings, roles={LONGEST: 5}, budget=None, paused=None)
    shown = fields(panel_message(shown_with(few), BUDGET).embeds[0])
    assert (shown["Roles"], shown[f"{CHOSEN} Budget"]) == (f"<@&{LONGEST}> 5", panel.NO_BUDGET.capitalize())
    capped = panel_message(shown_with(few, cap_of(MAX_CAP, 1)), BUDGET).embeds[0]
    limit = "1,000,000,000 credits every month, 999,999,999 left"
    assert limit in (fields(capped)[f"{CHOSEN} Budget"] or "")


@pytest.mark.parametrize("source", Source)
def test_another_members_credits_fit_and_say_where_they_come_from(source: Source) -> None:
    policy = replace(POLICY, source=source, role_id=LONGEST)
    overview = CreditsOverview(
        statement=replace(STATEMENT, policy=policy), cost=30, active=POLICY.max_active, lines=LINES
    )
    embed = member_credits_message(overview, user_id=MEMBER)
    check_sendable(embeds=[embed])
    assert f"<@{MEMBER}>" in (embed.description or "")
    lines = fields(embed)["Last songs"] or ""
    assert "**+60** bonus ·" in lines
    assert "**\N{MINUS SIGN}30** allowance changed" in lines


def test_the_owners_limit_stands_beside_the_budget() -> None:
    limits = replace(STATEMENT.limits, server_cap=cap_of(300, 390))
    own, owners = budget_set(limits).splitlines()
    assert own.startswith("This server's budget: **999,999** of 1,000,000 credits left")
    assert owners.startswith("The bot owner's limit for this server: **0** of 300 credits left, because 390 ")
    assert budget_set(replace(limits, budget=None)).splitlines() == [NO_BUDGET, owners]
    assert budget_set(NO_LIMITS) == NO_BUDGET
    report = replace(report_of({}, {}, guild_id=1, days=1, today=NOW.date()), limits=limits)
    assert report_summary(report).splitlines() == [
        "No credits were used today (UTC).",
        own,
        owners,
    ]


def test_an_effect_says_what_was_before() -> None:
    poorer = replace(STATEMENT, available=30, policy=replace(POLICY, allowance=30))
    unchanged = BalanceChange(before=poorer, after=poorer)
    assert available_after(unchanged) == "They have 30 credits available, as before."
    richer = BalanceChange(before=poorer, after=STATEMENT)
    assert "available now, and had 30 before." in available_after(richer)
    assert "Before, it was 30 credits." in exception_set(MEMBER, richer)
    budget = STATEMENT.limits.budget
    assert budget is not None
    assert "**999,999** of 1,000,000 credits left for everyone. It resets" in budget_left(budget)
    over = replace(budget, left=0, spent=1_000_030)
    assert "left for everyone, because 1,000,030 were used before." in budget_left(over)


def test_everyones_new_allowance_says_what_changed() -> None:
    weekly = replace(POLICY, allowance=60, period=Period.WEEK)
    assert default_allowance_set(90, weekly, None) == (
        "Everyone has 90 credits every week now. Before, it was 60 credits. The current period continues."
    )
    assert default_allowance_set(60, weekly, Period.WEEK) == "Everyone has 60 credits every week, as before."
    changed = default_allowance_set(60, weekly, Period.DAY)
    assert "Before, it was 60 credits every week. The new period has begun" in changed


def test_a_link_to_a_request_stands_in_place_of_its_id() -> None:
    url = "https://discord.com/channels/1/2/3"
    assert f"[open it]({url})" in audit_entry_text(change(Action.APPROVE, request=url))
    assert "`7`" in audit_entry_text(change(Action.APPROVE, request="7"))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("decided_by", [None, LONGEST])
def test_what_moderators_decide_by_fits_and_has_buttons_while_it_waits(
    state: State, decided_by: int | None
) -> None:
    card = ApprovalCard(
        request_id=10**18,
        user_id=MEMBER,
        playlist_id=PLAYLIST,
        model="m" * 50,
        prompt="*" * 5000,
        cost=30,
        state=state,
        failure=Failure(FailureKind.MODERATOR, "_" * 500),
        approve_by=NOW,
        decided_by=decided_by,
    )
    embed, view = approval_message.approval_message(card)
    check_sendable(embeds=[embed])
    assert len(view.children) == (3 if state is State.AWAITING else 0)


def test_a_member_reads_what_moderators_decided_as_far_as_it_fits() -> None:
    gift = replace(change(Action.GRANT, credits=60), reason="won *the* quiz")
    own, ended = change(Action.MEMBER_ALLOWANCE, credits=120), change(Action.MEMBER_ALLOWANCE, credits=None)
    text = news_text([gift, own, ended, change(Action.UNBLOCK)])
    assert text.startswith(NEWS)
    assert "a bonus of **60 credits**; it does not expire. Reason: won \\*the\\* quiz" in text
    assert "an allowance of your own now: **120 credits** each period." in text
    assert "Your own allowance has ended" in text
    assert text.endswith("You are no longer blocked, and can request songs again.")
    assert "Reason" not in news_text([replace(gift, reason=None)])
    many = news_text([replace(gift, reason="w" * REASON_LIMIT)] * 20)
    assert CONTENT_LIMIT - 600 < len(many) <= CONTENT_LIMIT


def test_a_report_says_what_was_requested() -> None:
    playlists = [ChoiceUse(f"p-{n}", Use(1, 30, 2), f"Mix *{n}*") for n in range(7)]
    report = replace(
        report_of({}, {}, guild_id=1, days=1, today=NOW.date()),
        playlists=(*playlists, ChoiceUse("q", Use(0, 0, 1))),
        models=(ChoiceUse("v55", Use(7, 210, 15)),),
    )
    (embed,) = report_embeds(report)
    check_sendable(embeds=[embed])
    shown = fields(embed)
    assert shown["By model"] == "**v5.5**: 210 credits for 7 songs, of 15 requests"
    lines = str(shown["By playlist"]).splitlines()
    assert lines[0] == r"**Mix \*0\***: 30 credits for 1 song, of 2 requests"
    assert lines[5:] == [
        "2 more: 60 credits for 2 songs, of 4 requests",
        "1 not saved here: 0 credits for 0 songs, of 1 request",
    ]
    assert report_embeds(report_of({}, {}, guild_id=1, days=1, today=NOW.date())) == []
