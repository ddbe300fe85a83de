from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import RefusalError
from bot.domain.requests import Request, State
from bot.domain.songs import (
    UNLOVED,
    NotFinishedError,
    Song,
    SongNotFoundError,
    SongRemovedError,
    TopPeriod,
    require_available,
)
from tests.unit.storage.factories import CLIP, GUILD, NOW, new_request

NEW = new_request(1)
REQUEST = Request(
    id=1,
    guild_id=GUILD,
    user_id=2,
    spec=NEW.spec,
    cost=30,
    policy=NEW.policy,
    address=NEW.address,
    placed_at=NOW,
    state=State.DELIVERED,
    version=1,
    clips=(replace(CLIP, title=None), CLIP),
    result_channel_id=NEW.address.channel_id,
    result_message_id=77,
)


@pytest.mark.parametrize(("span", "days"), [(TopPeriod.DAY, 1), (TopPeriod.WEEK, 7), (TopPeriod.MONTH, 30)])
def test_a_span_reaches_back_from_now(span: TopPeriod, days: int) -> None:
    assert span.since(NOW) == NOW - timedelta(days=days)
    assert TopPeriod.ALL.since(NOW) is None


def test_a_song_goes_by_the_first_title_that_it_has() -> None:
    song = Song(REQUEST, UNLOVED)
    assert (song.title, song.duration_s) == ("Rain", 125.5)
    bare = Song(replace(REQUEST, clips=()), UNLOVED)
    assert (bare.title, bare.duration_s) == (None, None)


def test_a_result_is_found_where_the_server_sees_it_only() -> None:
    assert Song(REQUEST, UNLOVED).post == (12, 77)
    elsewhere = replace(REQUEST, result_channel_id=13)
    assert Song(elsewhere, UNLOVED).post is None, "it went to the member directly"
    assert Song(replace(elsewhere, delivery_channel_id=13), UNLOVED).post == (13, 77)
    assert Song(replace(REQUEST, result_message_id=None), UNLOVED).post is None


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (None, SongNotFoundError),
        (replace(REQUEST, guild_id=GUILD + 1), SongNotFoundError),
        (replace(REQUEST, removed_at=NOW), SongRemovedError),
        (replace(REQUEST, state=State.READY), NotFinishedError),
    ],
)
def test_what_cannot_be_heard_is_refused(request_: Request | None, error: type[RefusalError]) -> None:
    with pytest.raises(error):
        require_available(request_, GUILD)


@pytest.mark.parametrize("state", [State.DELIVERED, State.UNDELIVERABLE])
def test_a_finished_song_can_be_heard(state: State) -> None:
    request = replace(REQUEST, state=state)
    assert require_available(request, GUILD) == request
