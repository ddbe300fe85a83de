from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.guild_facts import GuildFacts
from bot.chat.messages.operator import guild_choice, operation_message, server_lines, servers_together
from bot.chat.text.confirmations import submissions_paused, submissions_resumed
from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.domain.quotas import Period, window_of
from bot.domain.spending import ServerSpending, Spending, in_period
from bot.services.operator import PENDING, OperatorStatus
from tests.unit.chat.factories import NOW, check_sendable, fields

MOST = 10**12
WINDOW = window_of(Period.MONTH, NOW)


def view(
    breaker: CircuitBreaker,
    *,
    is_shut: bool = False,
    paused: int = 0,
    count: int = 1,
    expected: int | None = None,
    total_cap: int | None = None,
) -> OperatorStatus:
    return OperatorStatus(
        breaker=breaker,
        is_open=is_shut,
        slots=3,
        pending=dict.fromkeys(PENDING, count),
        paused=paused,
        processes={"gateway": 2, "worker": 3},
        used_in_day=30 * count,
        used_in_week=60 * count,
        spending=in_period(Period.MONTH, WINDOW, [Spending(songs=count, credits=30 * count)]),
        expected=expected,
        total_cap=total_cap,
        cost=30,
    )


def test_a_bot_that_is_well_looks_so() -> None:
    embed = operation_message(view(CircuitBreaker(3)))
    assert embed.description is None
    shown = fields(embed)
    assert shown["Song service"] == "Ready.\nTasks at once: **3**"
    assert shown["Processes running"] == "**2** for commands (gateway) · **3** for songs (worker)"
    assert "servers" not in str(shown["Requests"])


@pytest.mark.parametrize("outage", ProviderOutage)
def test_trouble_is_told_with_the_next_try_and_what_was_learned(outage: ProviderOutage) -> None:
    breaker = CircuitBreaker(2).record_failure(outage, now=NOW, retry_after_s=60)
    embed = operation_message(view(breaker, is_shut=True))
    said = str(fields(embed)["Song service"])
    assert f"Next try <t:{int((NOW + timedelta(seconds=60)).timestamp())}:R>." in said
    assert "Tasks at once: **2** of 3" in said
    assert embed.colour != operation_message(view(CircuitBreaker(3))).colour


def test_a_pause_is_told_first_and_the_largest_numbers_fit() -> None:
    embed = operation_message(view(CircuitBreaker(3, paused_by_operator=True), paused=MOST, count=MOST))
    assert "Song requests are paused." in str(embed.description)
    assert "Paused by moderators" in str(fields(embed)["Requests"])
    check_sendable(embeds=[embed])


def test_the_operator_reads_what_this_period_costs_and_comes_to() -> None:
    end = f"<t:{int(WINDOW.ends_at.timestamp())}:R>"
    early = fields(operation_message(view(CircuitBreaker(3))))["Spent this month"]
    assert early == f"**30 credits** for 1 song. The month ends {end}."
    capped = view(CircuitBreaker(3), count=10, expected=540, total_cap=3000)
    assert fields(operation_message(capped))["Spent this month"] == (
        "**300 credits** for 10 songs, of a cap of 3,000. At this pace it will be **540** when the month "
        f"ends {end}."
    )


def test_a_server_is_shown_with_what_it_spends_and_is_allowed_to() -> None:
    one = ServerSpending(
        guild_id=7,
        songs=18,
        credits=540,
        cap=3000,
        has_own_cap=True,
        last_used_at=NOW,
        has_left=False,
        is_served=True,
    )
    at = f"<t:{int(NOW.timestamp())}:R>"
    assert server_lines(one, GuildFacts("*Bards*", 1204)) == (
        r"**\*Bards\*** · 1,204 members · `7`"
        f"\n**540 credits** for 18 songs · own cap 3,000 · last used {at}\n"
    )
    quiet = replace(one, songs=1, credits=30, has_own_cap=False, last_used_at=None)
    assert server_lines(quiet, None) == "`7`\n**30 credits** for 1 song · cap 3,000\n"
    gone = replace(quiet, cap=None, has_left=True, is_served=False)
    assert server_lines(gone, GuildFacts("")) == (
        "**the bot is not in it** · **not served** · `7`\n**30 credits** for 1 song · no cap\n"
    )
    together = in_period(Period.MONTH, WINDOW, [Spending(songs=2, credits=60), Spending(songs=1, credits=30)])
    assert "All servers this month, until " in servers_together(together)
    assert servers_together(together).endswith(": **90 credits** for 3 songs")
    assert guild_choice("\u200b", 7) == "server (7)"


def test_the_operator_reads_how_many_wait() -> None:
    assert "1 waiting request keeps its place and its credits." in submissions_paused(1)
    assert (
        submissions_resumed(1500) == "Song requests are resumed in all servers. 1,500 requests are waiting."
    )
