import pytest

from bot.chat.messages.choices import CHOICE_LIMIT, request_choice
from bot.chat.messages.queue import EMPTY, NOBODY, queue_message
from bot.chat.text.confirmations import cancelled_by_moderator, closed, moved_to_front, paused, resumed
from bot.chat.text.formatting import REASON_LIMIT
from bot.chat.text.requests import OUT_OF_CREDIT, PAUSED_BY_OPERATOR, PAUSES, PLACE_KEPT
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import State
from bot.domain.scheduling import Pause
from bot.services.cards import StatusCard
from bot.services.requests.queue_service import (
    AWAITING_SHOWN,
    OWN_SHOWN,
    RUNNING_SHOWN,
    WAITING_SHOWN,
    PausedQueue,
    QueueSection,
    QueueView,
)
from tests.unit.chat.factories import MEMBER, NOW, PLAYLIST, check_sendable, status

LONGEST = 10**19
"""An id of as many digits as Discord's will ever have."""


def view(
    *,
    running: QueueSection = QueueSection(),  # noqa: B008 - frozen
    waiting: QueueSection = QueueSection(),  # noqa: B008 - frozen
    awaiting: QueueSection = QueueSection(),  # noqa: B008 - frozen
    pause: ProviderOutage | None = None,
    paused: str | None = None,
    halted: bool = False,
    closed: str | None = None,
) -> QueueView:
    return QueueView(
        user_id=MEMBER,
        running=running,
        waiting=waiting,
        awaiting=awaiting,
        outage=pause,
        pause=None if paused is None else Pause(paused),
        closed=closed,
        paused_by_operator=halted,
    )


def words(shown: QueueView) -> str:
    embed = queue_message(shown)
    check_sendable(embeds=[embed])
    fields = [f"**{field.name}**\n{field.value}" for field in embed.fields]
    return "\n".join([str(embed.description), *fields])


def waits(position: int | None, user_id: int = LONGEST) -> StatusCard:
    return status(State.WAITING, position=position, expected_at=NOW, user_id=user_id)


def test_an_empty_queue_says_how_to_begin_unless_it_is_paused() -> None:
    assert EMPTY in words(view())
    held_up = (
        view(paused="Exam week"),
        view(halted=True),
        view(closed="Too many"),
        view(pause=ProviderOutage.ACCOUNT),
        view(pause=ProviderOutage.EMPTY),
    )
    for shown in (*held_up, view(awaiting=QueueSection((status(State.AWAITING),)))):
        assert NOBODY in words(shown)
        assert "/inspire" not in words(shown)


def test_a_row_says_where_who_what_and_when_and_ones_own_stand_out() -> None:
    text = words(view(waiting=QueueSection((waits(1), waits(3, MEMBER)), more=1200)))
    link = f"[playlist](https://suno.com/playlist/{PLAYLIST})"
    when = f"<t:{int(NOW.timestamp())}:R>"
    assert text.split("\n") == [
        "**Waiting**",
        f"• **1** · <@{LONGEST}> · {link} · {when}",
        f"➤ **3** · <@{MEMBER}> · {link} · {when}",
        "… and 1,200 more",
    ]


def test_the_parts_come_in_the_order_in_which_songs_come() -> None:
    one = QueueSection((status(State.MAKING),))
    text = words(
        view(running=one, waiting=QueueSection((waits(1),)), awaiting=QueueSection((status(State.AWAITING),)))
    )
    heads = [line for line in text.split("\n") if line.startswith("**")]
    assert heads == ["**Being made**", "**Waiting**", "**Waiting for a moderator**"]


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (
            view(paused="*Exam* week"),
            r"The moderators have paused songs in this server. Reason: \*Exam\*",
        ),
        (view(paused=" "), "Reason: none was given."),
        (view(halted=True), PAUSED_BY_OPERATOR),
        (view(pause=ProviderOutage.OUTAGE), PAUSES[ProviderOutage.OUTAGE]),
        (view(pause=ProviderOutage.ACCOUNT), PAUSES[ProviderOutage.ACCOUNT]),
        (view(pause=ProviderOutage.EMPTY), OUT_OF_CREDIT),
    ],
)
def test_what_holds_the_line_up_is_said_first(shown: QueueView, sentence: str) -> None:
    text = words(shown)
    assert sentence in text.split("\n")[0]
    assert PLACE_KEPT not in text


def test_the_fullest_queue_is_shown_whole() -> None:
    full = view(
        running=QueueSection(tuple(waits(None) for _ in range(RUNNING_SHOWN + OWN_SHOWN)), more=10_000),
        waiting=QueueSection(tuple(waits(10_000) for _ in range(WAITING_SHOWN + OWN_SHOWN)), more=10_000),
        awaiting=QueueSection(tuple(waits(None) for _ in range(AWAITING_SHOWN + OWN_SHOWN)), more=10_000),
        paused="@" * REASON_LIMIT,
    )
    assert words(full).count("… and 10,000 more") == 3


def test_a_choice_for_moderators_says_who_asked_and_fits() -> None:
    card = status(State.WAITING, position=10_000)
    assert request_choice(card, who="Ada").startswith("Ada · waiting, position 10,000 · ")
    assert request_choice(card).startswith("waiting, ")
    assert len(request_choice(card, who="W" * 40)) <= CHOICE_LIMIT


def test_a_moderator_reads_what_becomes_of_those_who_wait() -> None:
    assert "No requests are waiting." in paused(PausedQueue(0, None))
    assert "1 waiting request keeps its place and its credits." in paused(PausedQueue(1, None))
    assert "1,500 waiting requests keep their places and their credits." in paused(PausedQueue(1500, None))
    until = paused(PausedQueue(0, NOW))
    assert f"paused in this server until <t:{int(NOW.timestamp())}:f>" in until
    assert until.endswith("to resume sooner.")
    assert "Nothing is waiting." in closed(0)
    assert "1 waiting request is still made." in closed(1)
    assert "12 waiting requests are still made." in closed(12)


def test_a_moderator_reads_where_a_moved_request_is_now() -> None:
    card = status(State.WAITING, position=3, expected_at=NOW)
    assert "position **3** in the queue of all servers, expected <t:" in moved_to_front(card)
    assert "when it can be sent" in moved_to_front(status(State.WAITING))


def test_a_moderator_reads_what_waits_after_a_resume() -> None:
    assert resumed(0) == "Songs are resumed in this server. No requests are waiting."
    assert resumed(2) == "Songs are resumed in this server. 2 requests are waiting."
    assert "went back" not in cancelled_by_moderator(0)
