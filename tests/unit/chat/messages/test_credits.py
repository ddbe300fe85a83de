from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.messages.credits import credits_message
from bot.domain.ledger import Entry, TransferKind
from bot.domain.quotas import Period, Policy
from bot.services.credits.statements import Statement
from tests.unit.chat.factories import NOW, check_sendable, fields


def entry(kind: TransferKind, amount: int, reason: str = "") -> Entry:
    return Entry(kind=kind, amount=amount, request_id=None, reason=reason, at=NOW)


def statement(*entries: Entry) -> Statement:
    return Statement(
        available=60,
        held=30,
        used=1,
        bonus=1200,
        resets_at=NOW + timedelta(days=3),
        policy=Policy(allowance=90, period=Period.WEEK, max_active=1, cooldown_s=0),
        budget=None,
        blocked=None,
        entries=entries,
    )


def test_the_fields_begin_with_their_numbers() -> None:
    embed = credits_message(statement())
    assert fields(embed) == {
        "Available": "60 credits",
        "On hold": "30 credits",
        "Used": "1 credit",
        "Bonus": "1,200 credits",
        "Resets": f"<t:{int((NOW + timedelta(days=3)).timestamp())}:R>",
    }
    assert embed.description == "90 credits every week, as for everyone here."


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (entry(TransferKind.PENDING, 30), "**30** put on hold for a song"),
        (entry(TransferKind.POST, 30), "Hold of **30** used: the song is finished"),
        (entry(TransferKind.VOID, 30), "Hold of **30** given back"),
        (entry(TransferKind.SINGLE, 90, "allowance"), "**+90** allowance"),
        (entry(TransferKind.SINGLE, 5), "**+5** credits"),
        (entry(TransferKind.SINGLE, -5, "*oops*"), "**\N{MINUS SIGN}5** \\*oops\\*"),
    ],
)
def test_the_last_entries_are_in_words(shown: Entry, words: str) -> None:
    lines = fields(credits_message(statement(shown)))["Last entries"]
    assert lines == f"{words} · <t:{int(NOW.timestamp())}:R>"


def test_as_many_whole_entries_as_fit_are_shown() -> None:
    long = entry(TransferKind.SINGLE, 5, "*" * 500)
    lines = str(fields(credits_message(statement(*[long] * 10)))["Last entries"])
    assert 3 < len(lines.splitlines()) < 10
    assert all(line.endswith(":R>") for line in lines.splitlines())


@given(
    st.lists(
        st.builds(
            Entry,
            kind=st.sampled_from(TransferKind),
            amount=st.integers(-(10**15), 10**15),
            request_id=st.none(),
            reason=st.text(max_size=600),
            at=st.just(NOW),
        ),
        max_size=30,
    )
)
def test_every_statement_is_within_discords_limits(entries: list[Entry]) -> None:
    check_sendable(embeds=[credits_message(statement(*entries))])


def test_a_backoff_is_shown_with_its_reason_and_its_end() -> None:
    held = credits_message(replace(statement(), backoff_end=NOW)).description
    assert held is not None
    assert f"You can request the next song <t:{int(NOW.timestamp())}:R>." in held
