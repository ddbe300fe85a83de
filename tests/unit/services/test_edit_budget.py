from dataclasses import replace

import pytest

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import State
from bot.domain.scheduling import Pause
from bot.services.cards import EditBudget, StatusCard

WAITING = StatusCard(
    request_id=1, guild_id=2, user_id=3, playlist_id="p", model="v55", cost=30, state=State.WAITING
)
MAKING = replace(WAITING, state=State.MAKING)
SONG = (
    MAKING,
    *(replace(MAKING, quarters=quarters) for quarters in (1, 2, 3)),
    replace(MAKING, quarters=3, clips_ready=1),
    replace(WAITING, state=State.DELIVERED, result_url="https://discord.com/channels/1/2/3"),
)


def edits(*cards: StatusCard) -> list[StatusCard]:
    """Return the cards after the first that are sent, with the budget as the outbox stores it."""
    remembered: str | None = cards[0].fingerprint
    told = []
    for card in cards[1:]:
        said = EditBudget.parse(remembered)
        if not said.skips(card):
            said = said.edited(card)
            told.append(card)
        remembered = str(said)
    return told


def down_from(position: int) -> list[StatusCard]:
    return [replace(WAITING, position=place) for place in range(position, 0, -1)]


@pytest.mark.parametrize("position", [1, 2, 5, 9, 200, 10_000])
def test_a_song_takes_at_most_eight_edits_however_long_the_line_was(position: int) -> None:
    told = edits(*down_from(position), *SONG)
    assert len(told) <= 8
    assert told[-1] == SONG[-1]
    assert SONG[0] in told
    assert SONG[-2] in told


def test_the_nearest_places_are_told_whatever_came_before() -> None:
    assert [card.position for card in edits(*down_from(200))] == [128, 4, 2, 1]


def test_a_line_in_which_others_are_let_in_again_and_again_is_not_told_of_for_ever() -> None:
    to_and_fro = [replace(WAITING, position=place) for place in (1, 2) * 20]
    assert len(edits(*to_and_fro)) == 4
    assert len(edits(*to_and_fro, *SONG)) <= 8


def test_a_place_that_was_not_known_is_told_and_one_that_is_no_longer_known_is_not() -> None:
    place = replace(WAITING, position=1)
    assert edits(WAITING, place, WAITING) == [place]


def test_a_pause_and_its_end_are_told_however_often_there_was_something_to_tell() -> None:
    place = replace(WAITING, position=1)
    held_up = (
        replace(WAITING, pause=Pause("1|2 3")),
        replace(place, paused_by_operator=True),
        replace(place, outage=ProviderOutage.OUTAGE),
    )
    cards = [card for one in held_up * 4 for card in (one, place)]
    assert edits(place, *cards) == cards


def test_after_the_first_clip_the_quarters_are_not_told() -> None:
    clip = replace(MAKING, quarters=2, clips_ready=1)
    assert edits(MAKING, clip, replace(clip, quarters=3)) == [clip]


def test_what_nobody_knows_is_told() -> None:
    assert not EditBudget.parse(None).skips(WAITING)
    assert EditBudget.parse(str(EditBudget.parse(None).edited(WAITING))).skips(WAITING)
