from dataclasses import replace

import pytest

from bot.chat.delivery.approval_message import approval_message
from bot.chat.delivery.status_message import AWAITING, UNSEEN_REQUEST, status_message
from bot.chat.text.errors import sentence
from bot.chat.text.moderator_errors import NOTHING_CHANGED
from bot.domain.moderator_errors import DecidedError
from bot.domain.requests import Failure, FailureKind, State
from bot.services.cards import ApprovalCard
from tests.unit.chat.factories import MEMBER, NOW, PLAYLIST, REQUEST, check_sendable, labels, status

CARD = ApprovalCard(
    request_id=REQUEST,
    user_id=MEMBER,
    playlist_id=PLAYLIST,
    model="v5.5",
    prompt="like *rain* @everyone",
    cost=30,
    state=State.AWAITING,
    failure=None,
    approve_by=NOW,
    decided_by=None,
)
MODERATOR = 77


def text(card: ApprovalCard) -> str:
    embed, view = approval_message(card)
    check_sendable(embeds=[embed], view=view)
    return f"{embed.title}\n{embed.description}\n{embed.footer.text}"


def test_what_waits_for_a_moderator_says_who_what_and_until_when_with_its_buttons() -> None:
    shown = text(CARD)
    for part in (f"<@{MEMBER}>", PLAYLIST, r"like \*rain\*", "v5.5", "30 credits", ":f>"):
        assert part in shown
    assert r"\@everyone" in shown
    assert labels(approval_message(CARD)[1]) == ["Approve", "Decline", "All that wait"]


@pytest.mark.parametrize(
    ("state", "failure", "decided_by", "title"),
    [
        (State.WAITING, None, MODERATOR, "Approved"),
        (State.MAKING, None, None, "Approved"),
        (State.CANCELLED, None, MODERATOR, "Approved"),
        (State.CANCELLED, None, None, "Cancelled before a decision"),
        (State.DECLINED, Failure(FailureKind.MODERATOR, "no"), MODERATOR, "Declined"),
        (State.EXPIRED, Failure(FailureKind.UNDECIDED), None, "Nobody decided in time"),
        (State.EXPIRED, Failure(FailureKind.SILENT), MODERATOR, "Approved"),
    ],
)
def test_what_became_of_it_is_said_without_buttons(
    state: State, failure: Failure | None, decided_by: int | None, title: str
) -> None:
    card = replace(CARD, state=state, failure=failure, decided_by=decided_by)
    shown = text(card)
    assert shown.splitlines()[0] == title
    assert (f"Decided by <@{MODERATOR}>" in shown) == (decided_by is not None)
    assert ("Reason: no" in shown) == (state is State.DECLINED)
    assert approval_message(card)[1].children == []


def test_a_status_says_whether_moderators_can_see_the_request() -> None:
    def said(*, unseen: bool) -> str:
        (embed,) = status_message(replace(status(State.AWAITING), unseen=unseen)).embeds
        check_sendable(embeds=[embed])
        return str(embed.description)

    assert AWAITING in said(unseen=False)
    assert UNSEEN_REQUEST in said(unseen=True)


@pytest.mark.parametrize("state", State)
def test_who_decides_too_late_reads_what_became_of_it(state: State) -> None:
    said = sentence(DecidedError(state))
    assert said is not None
    assert said.endswith(NOTHING_CHANGED)
    assert ("approved" in said) == (
        state in {State.WAITING, State.SUBMITTING, State.MAKING, State.READY}
        or state in {State.DELIVERED, State.UNDELIVERABLE}
    )
