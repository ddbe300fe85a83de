from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.audit import Action
from bot.domain.errors import (
    CooldownError,
    CreditsError,
    NoAccessError,
    PriceChangedError,
    RefusalError,
    RequestNotFoundError,
    SecondPressError,
)
from bot.domain.moderator_errors import ReasonError
from bot.domain.requests import Failure, FailureKind, Origin, State
from bot.domain.song_options import SongOptions, SongSpec
from bot.domain.songs import (
    DetailsErasedError,
    Loves,
    NotFinishedError,
    OwnSongError,
    RemovalForbiddenError,
    SongNotFoundError,
    SongRemovedError,
    TopPeriod,
    Viewer,
)
from bot.services.audit_log import Actor
from bot.services.library.songs import RemovedSong
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, PLAYLIST, ServicesHarness

MO = 10**17 + 9
PRESS = 10**18
LATER = PRESS + (2000 << 22)
"""Two seconds later, in Discord's ids."""
HUGE = 10**20 - 1
"""As many digits as an id may have in a button's id, and more than Discord's ids have."""
PERSONA = "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907"
CLIP = "0a64b8a1-9fb5-4a6c-8a3c-3f9d5a0c9b11"
FULL = SongOptions(
    playlist=PLAYLIST,
    prompt="warm",
    model="v40",
    style_weight=0.1,
    audio_weight=0.2,
    weirdness=0.3,
    persona_id=PERSONA,
    artist_clip_id=CLIP,
)


BENS = Viewer(guild_id=GUILD, user_id=BEN, channel_ids=frozenset({CHANNEL}))
ELSEWHERE = replace(BENS, guild_id=GUILD + 1)


async def delivered(harness: ServicesHarness, user_id: int = ADA, *, order: SongOptions | None = None) -> int:
    """A song that was posted; gives its request's id."""
    request_id = await harness.place_and_finish(user_id, order)
    await harness.dispatch()
    harness.clock.advance(5)
    await harness.dispatch()
    return request_id


async def love(
    harness: ServicesHarness, request_id: int, user_id: int, clip: int = 1, *, press_id: int = PRESS
) -> Loves:
    press = Actor(interaction_id=press_id, guild_id=GUILD, actor_id=user_id)
    return await harness.library.press_heart(request_id, clip, press, public_channel_ids=())


async def remove(
    harness: ServicesHarness, request_id: int, user_id: int, *, reason: str | None = None
) -> RemovedSong:
    by = Actor(interaction_id=5, guild_id=GUILD, actor_id=user_id)
    return await harness.library.remove(request_id, by, reason=reason)


async def spec(harness: ServicesHarness, request_id: int) -> SongSpec:
    return (await harness.request(request_id)).spec


async def test_the_same_is_asked_for_again_at_the_cost_of_who_asks(harness: ServicesHarness) -> None:
    card = await harness.place(order=FULL)
    again = await harness.requests.repeat(card.request_id, harness.context(BEN))
    assert await spec(harness, again.request_id) == await spec(harness, card.request_id)
    assert again.user_id == BEN
    assert [(await harness.credits(user)).held for user in (ADA, BEN)] == [30, 30]


async def test_more_like_a_clip_has_that_clip_as_its_reference(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    request = await harness.request(request_id)
    for number in (1, 2):
        harness.clock.advance(harness.config.press_pause_s)
        more = await harness.requests.repeat(request_id, harness.context(BEN), like_clip=number)
        wanted = replace(request.spec, artist_clip_id=request.clips[number - 1].id)
        assert await spec(harness, more.request_id) == wanted
        assert more.hints == ()
        again = await harness.requests.repeat(more.request_id, harness.context(ADA))
        for like in (more, again):
            assert (await harness.request(like.request_id)).origin == Origin(request_id, number)
            await harness.requests.cancel(like.request_id, guild_id=GUILD, user_id=like.user_id)


async def test_a_model_that_is_gone_gives_way_to_the_usual_one(harness: ServicesHarness) -> None:
    card = await harness.place(order=SongOptions(playlist=PLAYLIST, model="v40"))
    harness.requests._config = replace(harness.requests._config, models=("v55",))
    again = await harness.requests.repeat(card.request_id, harness.context(BEN))
    assert await spec(harness, again.request_id) == SongSpec(playlist_id=PLAYLIST, model="v55")


@pytest.mark.parametrize("clip", [None, 1])
@pytest.mark.parametrize("what", ["prompt", "person", "server"])
async def test_what_is_no_longer_kept_cannot_be_asked_for_again(
    harness: ServicesHarness, what: str, clip: int | None
) -> None:
    with_prompt, without = await delivered(harness, order=FULL), await delivered(harness)
    later = harness.clock() + timedelta(days=1)

    def wipe(uow: UnitOfWork) -> None:
        if what == "prompt":
            assert uow.cleanup.erase_prompts(before=later, now=later, limit=9) == 2
            assert uow.cleanup.erase_prompts(before=later, now=later, limit=9) == 0
        elif what == "person":
            uow.personal_data.anonymize(ADA, before=datetime.max.replace(tzinfo=UTC), limit=9)
        else:
            uow.cleanup.erase_guild_requests(GUILD, limit=9)

    await harness.store.write(wipe)
    with pytest.raises(DetailsErasedError):
        await harness.requests.repeat(with_prompt, harness.context(BEN), like_clip=clip)
    assert (await harness.credits(BEN)).held == 0
    if what == "prompt":  # of one that never had any, nothing is missing
        again = await harness.requests.repeat(without, harness.context(BEN), like_clip=clip)
        assert (await spec(harness, again.request_id)).prompt is None


@pytest.mark.parametrize("clip", [None, 1])
async def test_what_is_not_there_cannot_be_asked_for_again(
    harness: ServicesHarness, clip: int | None
) -> None:
    card = await harness.place()
    elsewhere = replace(harness.context(BEN), guild_id=GUILD + 1)
    for request_id, asked in (
        (HUGE, harness.context()),
        (7, harness.context()),
        (card.request_id, elsewhere),
    ):
        with pytest.raises(RequestNotFoundError):
            await harness.requests.repeat(request_id, asked, like_clip=clip)
    with pytest.raises(RequestNotFoundError):
        await harness.requests.repeat(card.request_id, harness.context(BEN), like_clip=3)


async def test_asking_again_is_refused_like_any_request(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    for _ in range(2):
        await harness.place()
    harness.clock.advance(harness.config.press_pause_s)
    with pytest.raises(CreditsError):
        await harness.requests.repeat(request_id, harness.context())


async def test_the_card_of_a_song_is_its_result_with_its_loves(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    (post,) = harness.messenger.results
    assert await harness.library.card(request_id, BENS) == post.card
    await love(harness, request_id, BEN)
    assert await harness.library.card(request_id, BENS) == replace(post.card, loves=Loves(1, (1, 0)))


async def test_a_member_loves_each_clip_once_and_can_take_it_back(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    assert await harness.library.loves(request_id) == Loves()
    assert await love(harness, request_id, BEN) == Loves(1, (1, 0))
    assert await love(harness, request_id, BEN, 2) == Loves(1, (1, 1))
    assert await love(harness, request_id, MO, 2) == Loves(2, (1, 2))
    assert await love(harness, request_id, BEN, 2) == Loves(2, (1, 2)), "the same press once more"
    assert await love(harness, request_id, BEN, 2, press_id=LATER - 1) == Loves(2, (1, 2)), "a double click"
    assert await love(harness, request_id, BEN, 2, press_id=LATER) == Loves(2, (1, 1))
    assert await harness.library.loves(request_id) == Loves(2, (1, 1))


async def test_nobody_loves_their_own_song_or_a_clip_that_it_has_not(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    with pytest.raises(OwnSongError):
        await love(harness, request_id, ADA)
    with pytest.raises(SongNotFoundError):
        await love(harness, request_id, BEN, 3)
    assert await harness.library.loves(request_id) == Loves()


async def test_only_finished_songs_are_loved_shown_and_removed(harness: ServicesHarness) -> None:
    card = await harness.place()
    for request_id, error in (
        (card.request_id, NotFinishedError),
        (7, SongNotFoundError),
        (HUGE, SongNotFoundError),
    ):
        await refused(harness, request_id, error)


async def refused(harness: ServicesHarness, request_id: int, error: type[RefusalError]) -> None:
    with pytest.raises(error):
        await love(harness, request_id, BEN)
    with pytest.raises(error):
        await harness.library.card(request_id, BENS)
    with pytest.raises(error):
        await remove(harness, request_id, ADA)


async def test_its_requester_removes_a_song_and_nobody_decides_anything(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    await love(harness, request_id, BEN)
    request = await harness.request(request_id)
    with pytest.raises(RemovalForbiddenError):
        await remove(harness, request_id, BEN)
    assert await remove(harness, request_id, ADA) == RemovedSong(
        request.result_channel_id, request.result_message_id, 30
    )
    assert await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=9)) == []
    for page in (
        await harness.library.songs(BENS, None, 0),
        await harness.library.best(BENS, TopPeriod.ALL, 0),
    ):
        assert page.items == ()
    assert await harness.library.suggestions(BENS, "") == []
    for again in (
        harness.requests.repeat(request_id, harness.context()),
        harness.library.card(request_id, BENS),
    ):
        with pytest.raises(SongRemovedError):
            await again
    with pytest.raises(SongRemovedError):
        await love(harness, request_id, BEN)


async def test_the_status_of_a_removed_song_says_so(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    await remove(harness, request_id, ADA)
    harness.clock.advance(5)
    await harness.dispatch()
    edit = harness.messenger.edits[-1]
    assert (edit.card.request_id, edit.card.removed, edit.card.result_url) == (request_id, True, None)
    assert edit.token is None
    assert (await harness.credits()).used == 30


async def test_a_moderators_removal_is_written_down_once(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    with pytest.raises(ReasonError):
        await remove(harness, request_id, MO, reason=" \u200b")
    first = await remove(harness, request_id, MO, reason="too loud")
    assert await remove(harness, request_id, MO, reason="again") == first
    (change,) = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=9))
    assert (change.action, change.actor_id, change.subject_id) == (Action.REMOVE_SONG, MO, ADA)
    assert (change.before["request"], change.reason) == (request_id, "too loud")
    harness.clock.advance(5)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.failure == Failure(FailureKind.MODERATOR, "too loud")


async def test_a_requesters_own_removal_has_no_reason(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    await remove(harness, request_id, ADA, reason="mine")
    assert (await harness.request(request_id)).failure is None
    assert await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=9)) == []


async def test_a_second_press_within_seconds_orders_nothing(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    await harness.requests.repeat(request_id, harness.context(BEN))
    for step_s in (0, -1):  # a press that was made earlier may be counted later
        harness.clock.advance(step_s)
        with pytest.raises(SecondPressError):
            await harness.requests.repeat(request_id, harness.context(BEN))
    await harness.requests.repeat(request_id, harness.context(ADA))
    assert (await harness.credits(BEN)).held == 30
    harness.clock.advance(harness.config.press_pause_s + 1)
    await harness.requests.repeat(request_id, harness.context(BEN))
    assert (await harness.credits(BEN)).held == 60


@pytest.mark.parametrize(
    ("cooldown_s", "errors"), [(2, [CooldownError, SecondPressError]), (60, [CooldownError] * 2)]
)
async def test_the_servers_own_pause_is_said_first(
    harness: ServicesHarness, cooldown_s: int, errors: list[type[RefusalError]]
) -> None:
    request_id = await delivered(harness)
    await harness.set_guild_settings(cooldown_s=cooldown_s)
    await harness.requests.repeat(request_id, harness.context(BEN))
    for error in errors:
        with pytest.raises(error):
            await harness.requests.repeat(request_id, harness.context(BEN))
        harness.clock.advance(3)


async def test_a_price_that_has_changed_is_said_and_orders_nothing(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    for price in (29, 31, 0):
        with pytest.raises(PriceChangedError) as refused:
            await harness.requests.repeat(request_id, harness.context(BEN), price=price)
        assert refused.value.price == 30
    assert (await harness.credits(BEN)).held == 0
    card = await harness.requests.repeat(request_id, harness.context(BEN), price=30)
    assert card.cost == 30


async def test_a_removed_song_that_was_never_posted_is_not_announced_once_more(
    harness: ServicesHarness,
) -> None:
    harness.messenger.failures += [NoAccessError("missing access")] * 9
    request_id = await harness.place_and_finish()
    await harness.dispatch()
    harness.messenger.failures.clear()
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE
    assert [song.request.id for song in (await harness.library.songs(BENS, ADA, 0)).items] == [request_id]
    assert await remove(harness, request_id, ADA) == RemovedSong(None, None, 30)
    harness.clock.advance(5)
    harness.messenger.failures.append(NoAccessError("missing access"))
    endings = len(harness.messenger.endings)
    await harness.dispatch()
    assert len(harness.messenger.endings) == endings


async def test_songs_are_paged_and_the_best_are_of_a_time(harness: ServicesHarness) -> None:
    old = await delivered(harness)
    for lover in (BEN, MO):
        await love(harness, old, lover)
    harness.clock.advance(25 * 3600)
    new = await delivered(harness, BEN)
    await love(harness, new, ADA)
    assert [song.request.id for song in (await harness.library.songs(BENS, None, 0)).items] == [new, old]
    assert [song.request.id for song in (await harness.library.songs(BENS, ADA, 0)).items] == [old]
    for span, ids in ((TopPeriod.DAY, [new]), (TopPeriod.WEEK, [old, new]), (TopPeriod.ALL, [old, new])):
        page = await harness.library.best(BENS, span, 7)
        assert [song.request.id for song in page.items] == ids
        assert (page.number, page.pages) == (0, 1)


async def test_songs_are_found_by_a_part_of_their_title_in_any_case(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    (title,) = await harness.library.suggestions(BENS, "")
    assert title.request_id == request_id
    assert title.words
    assert await harness.library.suggestions(BENS, f" {title.words.upper()} ") == [title]
    assert await harness.library.suggestions(BENS, "no such title") == []
    assert await harness.library.suggestions(ELSEWHERE, "") == []


async def test_a_song_of_a_private_channel_is_listed_for_those_who_see_it(harness: ServicesHarness) -> None:
    request_id = await delivered(harness)
    await love(harness, request_id, MO)
    outside = replace(BENS, channel_ids=frozenset({CHANNEL + 1}))
    for viewer, seen in ((outside, False), (replace(outside, user_id=ADA), True), (BENS, True)):
        pages = (
            await harness.library.songs(viewer, None, 0),
            await harness.library.songs(viewer, ADA, 0),
            await harness.library.best(viewer, TopPeriod.ALL, 0),
        )
        assert [page.total for page in pages] == [int(seen)] * 3
        assert len(await harness.library.suggestions(viewer, "")) == int(seen)
        if seen:
            await harness.library.card(request_id, viewer)
        else:
            with pytest.raises(SongNotFoundError):
                await harness.library.card(request_id, viewer)


async def test_where_results_have_a_channel_of_their_own_that_one_counts(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(results_channel_id=CHANNEL + 5)
    request_id = await delivered(harness)
    there = replace(BENS, channel_ids=frozenset({CHANNEL + 5}))
    for viewer, seen in ((there, 1), (BENS, 0)):
        assert (await harness.library.songs(viewer, None, 0)).total == seen
        assert viewer.can_see(await harness.request(request_id)) is bool(seen)
