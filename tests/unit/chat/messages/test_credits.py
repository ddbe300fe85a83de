from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.messages import colours
from bot.chat.messages.credits import credits_message, member_credits_message
from bot.domain.ledger import Entry, TransferKind
from bot.domain.quotas import Period, Policy
from bot.domain.shared_limits import NO_LIMITS, BudgetState, SharedLimits
from bot.services.credits.statements import CreditsOverview, Statement, StatementLine
from tests.unit.chat.factories import NOW, cap_of, check_sendable, fields
from tests.unit.domain.test_songs import REQUEST

SOON = f"<t:{int((NOW + timedelta(days=3)).timestamp())}:R>"
AT = f"<t:{int(NOW.timestamp())}:R>"
STATEMENT = Statement(
    available=60,
    held=30,
    used=1,
    bonus=1200,
    resets_at=NOW + timedelta(days=3),
    policy=Policy(allowance=90, period=Period.WEEK, max_active=3, cooldown_s=0),
    limits=NO_LIMITS,
    blocked=None,
)
POST = f"https://discord.com/channels/{REQUEST.guild_id}/12/77"


def line(kind: TransferKind, amount: int, reason: str = "", note: str | None = None) -> StatementLine:
    entry = Entry(kind=kind, amount=amount, request_id=None, reason=reason, at=NOW, note=note)
    return StatementLine(entry=entry, request=None)


def overview(*lines: StatementLine, statement: Statement = STATEMENT, cost: int = 30) -> CreditsOverview:
    return CreditsOverview(statement=statement, cost=cost, active=1, lines=lines)


def of(
    available: int,
    *,
    allowance: int = 90,
    bonus: int = 0,
    period: Period = Period.WEEK,
    budget: int | None = None,
    blocked: str | None = None,
) -> Statement:
    left = None
    if budget is not None:
        left = BudgetState(credits=300, left=budget, spent=300 - budget, period=Period.DAY, resets_at=NOW)
    return replace(
        STATEMENT,
        available=available,
        bonus=bonus,
        policy=replace(STATEMENT.policy, allowance=allowance, period=period),
        limits=SharedLimits(budget=left),
        blocked=blocked,
    )


def description(shown: CreditsOverview) -> list[str]:
    return (credits_message(shown).description or "").splitlines()


def test_the_fields_begin_with_their_numbers() -> None:
    embed = credits_message(overview())
    assert fields(embed) == {
        "Available": "60 credits",
        "On hold": "30 credits",
        "Used": "1 credit",
        "Bonus": "1,200 credits, part of **Available**",
        "Resets": SOON,
    }
    assert embed.description == (
        f"**60 credits**: 2 more songs this week, 90 new ones {SOON}.\n"
        "-# A song costs 30 credits. 90 credits every week, as for everyone here."
    )
    assert embed.colour is not None
    assert embed.colour.value not in {colours.FAILED, colours.PARTIAL, colours.CANCELLED}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (of(60), f"**60 credits**: 2 more songs this week, 90 new ones {SOON}."),
        (of(30, period=Period.DAY), f"**30 credits**: 1 more song today, 90 new ones {SOON}."),
        (of(29, period=Period.MONTH), f"**29 credits**: no more songs this month, 90 new ones {SOON}."),
        (of(1, allowance=1), f"**1 credit**: no more songs this week, 1 new one {SOON}."),
        (of(90, budget=60), f"**90 credits**: 2 more songs until this server's budget resets {AT}."),
        (of(90, budget=0), f"**90 credits**: no more songs until this server's budget resets {AT}."),
        (of(60, budget=60), f"**60 credits**: 2 more songs this week, 90 new ones {SOON}."),
        (of(60, allowance=0, bonus=60), "**60 credits**: 2 more songs."),
        (of(0, allowance=0), "**0 credits**: no more songs."),
        (of(60, blocked="spam"), "**60 credits**."),
    ],
)
def test_the_first_line_says_how_many_songs_and_only_what_is_true(statement: Statement, words: str) -> None:
    assert description(overview(statement=statement))[0] == words


MONTH_END = f"<t:{int(cap_of(1, 0).resets_at.timestamp())}:R>"


@pytest.mark.parametrize(
    ("limits", "until", "shown"),
    [
        (SharedLimits(server_cap=cap_of(300, 260)), "the bot owner's limit for this server", True),
        (SharedLimits(total_cap=cap_of(900, 890, guild=0)), "the bot owner's limit for all servers", False),
        (SharedLimits(server_cap=cap_of(300, 30)), None, False),
        (SharedLimits(total_cap=cap_of(900, 0, guild=0)), None, False),
    ],
)
def test_an_owners_limit_is_said_where_it_leaves_fewer_songs(
    limits: SharedLimits, until: str | None, shown: bool
) -> None:
    lines = description(overview(statement=replace(STATEMENT, limits=limits)))
    assert (f"until {until} resets {MONTH_END}." in lines[0]) == (until is not None)
    line = f"The bot owner's limit for this server: **40** of 300 credits left. It resets {MONTH_END}."
    assert (line in lines) == shown
    assert not any("900" in words or "890" in words for words in lines), "that is the owner's business"
    other = member_credits_message(overview(statement=replace(STATEMENT, limits=limits)), user_id=7)
    assert ("limit for this server:" in (other.description or "")) == (limits.server_cap is not None)


@pytest.mark.parametrize(
    ("statement", "asks"),
    [
        (of(0, allowance=0), True),
        (of(20, allowance=20), True),
        (of(0, allowance=90), False),
        (of(30, allowance=0, bonus=30), False),
        (of(29, allowance=20, bonus=10), False),
    ],
)
def test_who_gets_no_song_by_waiting_is_sent_to_a_moderator(statement: Statement, asks: bool) -> None:
    shown = description(overview(statement=statement))
    assert ("A song costs 30 credits: ask a moderator for more." in shown) == asks


def test_without_an_allowance_nothing_is_said_to_come() -> None:
    embed = credits_message(overview(statement=of(0, allowance=0)))
    assert fields(embed)["Resets"] == "\N{EN DASH}"
    assert "<t:" not in (embed.description or "")


@pytest.mark.parametrize(
    ("active", "words"),
    [
        (
            3,
            "You have 3 pending requests, the limit here: you can request the next song when one of them has",
        ),
        (2, ""),
    ],
)
def test_a_member_with_as_many_requests_as_fit_reads_that_they_have_to_wait(active: int, words: str) -> None:
    shown = "\n".join(description(replace(overview(), active=active)))
    assert words in shown
    assert ("pending request" in shown) == bool(words)


def test_a_limit_of_one_is_in_the_singular() -> None:
    single = replace(STATEMENT, policy=replace(STATEMENT.policy, max_active=1))
    assert description(overview(statement=single))[1] == (
        "You have 1 pending request, the limit here: you can request the next song when it has finished."
    )
    about = member_credits_message(overview(statement=single), user_id=5).description or ""
    assert "pending" not in about


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (line(TransferKind.PENDING, 30), "A song in the making · **30** on hold"),
        (line(TransferKind.POST, 30), "Untitled · **30**"),
        (line(TransferKind.VOID, 30), "No song · **30** came back"),
        (line(TransferKind.SINGLE, 90, "allowance"), "**+90** allowance"),
        (line(TransferKind.SINGLE, 90, "grant", "a *prize*"), "**+90** bonus: a \\*prize\\*"),
        (line(TransferKind.SINGLE, 5), "**+5** credits"),
        (line(TransferKind.SINGLE, -5, "*oops*"), "**\N{MINUS SIGN}5** \\*oops\\*"),
    ],
)
def test_each_song_and_each_change_is_a_line(shown: StatementLine, words: str) -> None:
    assert fields(credits_message(overview(shown)))["Last songs"] == f"{words} · {AT}"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (TransferKind.POST, f"[Rain]({POST}) · **30**"),
        (
            TransferKind.VOID,
            f"[No song](https://discord.com/channels/{REQUEST.guild_id}/12/99) · **30** came back",
        ),
        (
            TransferKind.PENDING,
            f"[A song in the making](https://discord.com/channels/{REQUEST.guild_id}/12/99) · **30** on hold",
        ),
    ],
)
def test_a_line_leads_to_the_song_or_to_its_status(kind: TransferKind, words: str) -> None:
    request = replace(REQUEST, address=replace(REQUEST.address, message_id=99))
    shown = replace(line(kind, 30), request=request)
    assert fields(credits_message(overview(shown)))["Last songs"] == f"{words} · {AT}"


def test_a_removed_song_keeps_its_line_without_a_link() -> None:
    shown = replace(line(TransferKind.POST, 30), request=replace(REQUEST, removed_at=NOW))
    assert fields(credits_message(overview(shown)))["Last songs"] == f"Rain · **30** · {AT}"


def test_as_many_whole_lines_as_fit_are_shown() -> None:
    long = line(TransferKind.SINGLE, 5, "*" * 500)
    lines = str(fields(credits_message(overview(*[long] * 10)))["Last songs"])
    assert 3 < len(lines.splitlines()) < 10
    assert all(one.endswith(":R>") for one in lines.splitlines())


@given(
    st.lists(
        st.builds(
            line,
            kind=st.sampled_from(TransferKind),
            amount=st.integers(-(10**15), 10**15),
            reason=st.text(max_size=600),
        ),
        max_size=30,
    )
)
def test_every_statement_is_within_discords_limits(lines: list[StatementLine]) -> None:
    check_sendable(embeds=[credits_message(overview(*lines))])


def test_a_backoff_is_shown_with_its_reason_and_its_end() -> None:
    held = credits_message(overview(statement=replace(STATEMENT, backoff_end=NOW))).description
    assert held is not None
    assert f"You can request the next song {AT}." in held
