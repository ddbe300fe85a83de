from dataclasses import replace
from datetime import timedelta

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.delivery.status_message import (
    CHANGES_HELP,
    IN_QUEUE,
    KEPT,
    ONE_CLIP_READY,
    REMOVED,
    REMOVED_BY_MODERATOR,
    REMOVED_SONG,
    TITLES,
    UNSEEN,
    UNSEEN_TITLE,
    WOULD_FAIL_AGAIN,
    ending_message,
    queue_position,
    status_message,
)
from bot.chat.text.failures import FAILURES
from bot.chat.text.formatting import are_back
from bot.chat.text.requests import PAUSED_BY_OPERATOR, PAUSES, PLACE_KEPT
from bot.chat.text.songs import ONE_CLIP, PRESS_LISTEN
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import BY_MODERATORS, RETURNED, Failure, FailureKind, State
from bot.domain.scheduling import Pause
from bot.domain.transitions import CANCEL_FROM
from bot.services.cards import Hint, StatusCard
from bot.services.ports import MessageForm
from tests.unit.chat.factories import (
    CLIPS,
    MEMBER,
    NOW,
    PLAYLIST,
    REQUEST,
    check_sendable,
    labels,
    links,
    status,
)

ONE_LINERS = {State.DELIVERED, State.CANCELLED}
"""The states of which one line is left."""
LINK = "https://discord.com/channels/1/2/3"
SOON = f"<t:{int(NOW.timestamp())}:R>"


def words(card: StatusCard) -> str:
    message = status_message(card)
    embeds = (f"{embed.title}\n{embed.description}\n{embed.footer.text}" for embed in message.embeds)
    return "\n".join((message.content, *embeds))


@pytest.mark.parametrize("state", sorted(set(State) - ONE_LINERS))
def test_every_state_says_who_what_and_the_cost(state: State) -> None:
    text = words(status(state))
    assert f"<@{MEMBER}>" in text
    assert f"https://suno.com/playlist/{PLAYLIST}" in text
    assert "v5.5 · 30 credits" in text


def test_what_is_to_be_made_is_named_and_quoted() -> None:
    text = words(status(State.WAITING, playlist_name="Lo-fi", prompt_quote="rain on *glass*"))
    assert f"requested a song from [Lo-fi](<https://suno.com/playlist/{PLAYLIST}>)." in text
    assert "> rain on \\*glass\\*\n" in text


SAID = {FailureKind.REFUSED, FailureKind.MODERATED}
"""Failures whose words may say what to change."""


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", [None, *FailureKind])
def test_credits_are_said_to_be_back_only_when_they_are(state: State, kind: FailureKind | None) -> None:
    card = status(state, failure=Failure(kind, "secret words") if kind else None)
    assert (are_back(30) in words(card)) is (state in RETURNED)
    said = set() if state is State.CANCELLED else SAID
    assert ("secret words" in words(card)) is (state in RETURNED and kind in said)
    private = ending_message(card, is_private=True)
    shown = private.content + "".join(str(embed.description) for embed in private.embeds)
    assert ("secret words" in shown) is (state in RETURNED and kind in said | BY_MODERATORS)
    assert "Why?" not in labels(private.view)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_says_why(kind: FailureKind) -> None:
    assert FAILURES[kind] in words(status(State.FAILED, failure=Failure(kind)))


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (State.FAILED, FailureKind.PROVIDER),
        (State.EXPIRED, FailureKind.SILENT),
        (State.UNCERTAIN, FailureKind.UNCERTAIN),
    ],
)
def test_an_end_without_a_kept_failure_has_its_usual_one(state: State, kind: FailureKind) -> None:
    assert FAILURES[kind] in words(status(state))


def test_a_free_request_does_not_speak_of_credits_that_came_back() -> None:
    assert "back" not in words(status(State.CANCELLED, cost=0))


@pytest.mark.parametrize("state", [State.FAILED, State.UNCERTAIN])
def test_a_failure_says_when_the_next_request_can_be_sent_if_it_has_to_wait(state: State) -> None:
    assert f"You can request the next song {SOON}." in words(status(state, backoff_end=NOW))
    assert "next request" not in words(status(state))


def test_waiting_shows_place_expectation_and_the_cancel_button() -> None:
    card = status(State.WAITING, position=3, expected_at=NOW)
    view = status_message(card).view
    assert queue_position(3) in words(card)
    assert SOON in words(card)
    assert [child.custom_id for child in view.children if isinstance(child, discord.ui.Button)] == [
        f"cancel:{REQUEST}"
    ]
    assert IN_QUEUE in words(status(State.WAITING))


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        (
            status(State.WAITING, pause=Pause("*Exam* week")),
            r"The moderators have paused songs in this server. Your place is kept. Reason: \*Exam\* week",
        ),
        (status(State.WAITING, pause=Pause(" ")), "Reason: it can't be shown here"),
        (
            status(State.WAITING, position=2, paused_by_operator=True),
            f"{queue_position(2)}. {PAUSED_BY_OPERATOR} {PLACE_KEPT}",
        ),
        (
            status(State.WAITING, backoff_end=NOW),
            f"Your last request failed, so this one is sent {SOON}.",
        ),
        (
            status(State.WAITING, position=2, outage=ProviderOutage.OUTAGE),
            f"{queue_position(2)}. {PAUSES[ProviderOutage.OUTAGE]} {PLACE_KEPT}",
        ),
    ],
)
def test_what_holds_the_line_up_is_said_and_it_can_be_cancelled_all_the_same(
    card: StatusCard, sentence: str
) -> None:
    assert sentence in words(card)
    assert "Cancel" in labels(status_message(card).view)
    assert card.fingerprint != status(State.WAITING, position=2).fingerprint


@pytest.mark.parametrize("state", sorted(set(State) - set(CANCEL_FROM)))
def test_only_a_waiting_request_can_be_cancelled(state: State) -> None:
    assert "Cancel" not in labels(status_message(status(state)).view)


def test_the_bar_and_the_percentage_grow() -> None:
    filled = [words(status(State.MAKING, quarters=quarters)).count("▰") for quarters in range(4)]
    assert filled == [1, 3, 6, 9]
    assert "50 %" in words(status(State.MAKING, quarters=2))
    assert "%" not in words(status(State.MAKING, quarters=0))
    assert words(status(State.WAITING)).count("▰") == 0
    assert words(status(State.SUBMITTING)).count("▰") == 1
    assert words(status(State.DELIVERED)).count("▱") == 0
    assert "▰" not in words(status(State.FAILED))


def test_the_first_clip_is_announced() -> None:
    text = words(status(State.MAKING, quarters=1, clips_ready=1, expected_at=NOW + timedelta(seconds=9)))
    assert ONE_CLIP_READY in text
    assert text.count("▰") == 10
    assert "%" not in text


def test_each_step_looks_different() -> None:
    steps = [
        status(State.WAITING, position=2),
        status(State.WAITING, position=1),
        status(State.SUBMITTING),
        *(status(State.MAKING, quarters=quarters) for quarters in range(4)),
        status(State.MAKING, quarters=3, clips_ready=1),
        status(State.READY),
        status(State.DELIVERED),
    ]
    assert len({words(card) for card in steps}) == len(steps)


def test_a_delivered_song_is_one_line_with_a_link() -> None:
    message = status_message(status(State.DELIVERED, result_url=LINK, title="Night *Drive*", partial=True))
    assert message.content == f"{TITLES[State.DELIVERED]}: **[Night \\*Drive\\*](<{LINK}>)** · 30 credits"
    assert (message.embeds, message.view.children) == ((), [])
    bare = status_message(status(State.DELIVERED, result_url=LINK, title="Bad"), MessageForm.BARE)
    assert bare.content == f"{TITLES[State.DELIVERED]} · 30 credits"


def test_a_cancelled_request_is_one_line() -> None:
    message = status_message(status(State.CANCELLED))
    assert message.content == f"**{TITLES[State.CANCELLED]}.** {are_back(30)}"
    by_moderator = status(State.CANCELLED, failure=Failure(FailureKind.MODERATOR, "twice\nthe *same*"))
    shown = status_message(by_moderator)
    assert (shown.content.endswith(are_back(30)), labels(shown.view)) == (True, ["Why?"])
    line = ending_message(by_moderator, is_private=True).content
    assert line.endswith(f"{are_back(30)} Reason: twice the \\*same\\*")
    assert len(line.splitlines()) == 1
    assert "same" not in ending_message(by_moderator, MessageForm.BARE, is_private=True).content


def test_a_removed_song_is_one_line_and_its_reason_a_press_away() -> None:
    assert words(status(State.DELIVERED, removed=True, result_url=LINK)) == REMOVED
    reason = Failure(FailureKind.MODERATOR, "too loud")
    card = status(State.UNDELIVERABLE, removed=True, failure=reason)
    assert words(card) == REMOVED_BY_MODERATOR
    assert labels(status_message(card).view) == ["Why?"]
    assert status_message(card, is_private=True).content == f"{REMOVED_BY_MODERATOR} Reason: too loud"


def test_the_first_clip_can_be_heard_while_the_second_is_made() -> None:
    card = status(State.MAKING, clips_ready=1, listen_url="https://cdn.example/1.mp3")
    view = status_message(card).view
    assert (labels(view), links(view)) == (["Listen"], ["https://cdn.example/1.mp3"])
    assert card.fingerprint != replace(card, listen_url=None).fingerprint
    assert not labels(status_message(replace(card, state=State.READY)).view)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_offers_to_try_again_unless_it_would_fail_again(kind: FailureKind) -> None:
    offered = labels(status_message(status(State.FAILED, failure=Failure(kind))).view)
    again = [] if kind in WOULD_FAIL_AGAIN else ["Try again · 30"]
    change = ["Change and make again · 30"] if kind in CHANGES_HELP else []
    assert offered == ["Why?"] * (kind in BY_MODERATORS) + again + change
    assert labels(status_message(status(State.EXPIRED, cost=0)).view) == ["Try again"]


def test_a_song_that_could_not_be_posted_is_kept() -> None:
    assert KEPT in words(status(State.UNDELIVERABLE))


def test_a_kept_song_can_be_heard_all_the_same() -> None:
    card = status(State.UNDELIVERABLE, clip_ids=("not an id", *CLIPS), partial=True)
    message = status_message(card)
    assert PRESS_LISTEN in words(card)
    assert ONE_CLIP in words(card)
    assert labels(message.view) == ["Listen to 2", "Listen to 3"]
    check_sendable(embeds=message.embeds, view=message.view)


def test_a_song_that_may_have_been_posted_is_not_said_to_be_lost_or_there() -> None:
    card = status(State.UNDELIVERABLE, delivery_uncertain=True, clip_ids=CLIPS)
    message = ending_message(card)
    assert UNSEEN_TITLE in message.content
    assert UNSEEN in str(message.embeds[0].description)
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)


@pytest.mark.parametrize("hint", Hint)
def test_a_hint_is_given_until_the_end(hint: Hint) -> None:
    assert "-# " in words(status(State.WAITING, hints=(hint,)))
    assert "-# " not in words(status(State.DELIVERED, hints=(hint,)))


def test_an_ending_by_itself_mentions_the_member() -> None:
    message = ending_message(status(State.FAILED))
    assert message.content.startswith(f"<@{MEMBER}> ")
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)


@given(
    st.builds(
        StatusCard,
        request_id=st.integers(10**14, 10**20 - 1),
        guild_id=st.integers(0, 2**63),
        user_id=st.integers(0, 2**63),
        playlist_id=st.just(PLAYLIST),
        model=st.text(),
        cost=st.integers(0, 10**12),
        state=st.sampled_from(State),
        position=st.none() | st.integers(1, 10**6),
        pause=st.none() | st.builds(Pause, st.text()),
        quarters=st.integers(0, 3),
        clips_ready=st.integers(0, 5),
        expected_at=st.none() | st.just(NOW),
        hints=st.lists(st.sampled_from(Hint), unique=True).map(tuple),
        failure=st.none() | st.builds(Failure, st.sampled_from(FailureKind), st.text()),
        partial=st.booleans(),
        result_url=st.none() | st.text() | st.just(LINK) | st.just(LINK + "0" * 600),
        title=st.none() | st.text() | st.just("*" * 300),
        listen_url=st.none() | st.text() | st.just(LINK),
        playlist_name=st.none() | st.text() | st.just("*" * 80),
        prompt_quote=st.none() | st.text() | st.just("> *" * 300),
        removed=st.booleans(),
    )
)
def test_every_status_is_within_discords_limits(card: StatusCard) -> None:
    message = status_message(card)
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)


def test_the_song_services_words_format_and_mention_nothing_and_are_short() -> None:
    hostile = "Don't <@1> **name** [artists](https://x.example)\n@everyone " + "é " * 500
    text = words(status(State.FAILED, failure=Failure(FailureKind.MODERATED, hostile)))
    said = text.split("\n> ")[1].split("\n")[0]
    assert said.startswith(
        "Don't \\<\\@1\\> \\*\\*name\\*\\* \\[artists\\]\\(https\\://x.example\\) \\@everyone"
    )
    assert len(said) <= 300


def test_a_ping_about_a_removed_song_speaks_of_no_credits() -> None:
    card = status(
        State.DELIVERED, removed=True, failure=Failure(FailureKind.MODERATOR, "no"), status_url=LINK
    )
    assert ending_message(card).content == f"<@{MEMBER}> {REMOVED_SONG}. [See why](<{LINK}>)"


def test_a_ping_is_short_and_leads_to_the_status() -> None:
    url = "https://discord.com/channels/1/2/3"
    message = ending_message(status(State.FAILED, status_url=url))
    check_sendable(content=message.content)
    assert message.content == (
        f"<@{MEMBER}> {TITLES[State.FAILED]}. Your 30 credits are back. [See why](<{url}>)"
    )
    assert (message.embeds, message.view.children, message.notifies) == ((), [], MEMBER)
