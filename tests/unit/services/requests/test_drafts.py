from dataclasses import replace

import pytest

from bot.domain.requests import MAX_ID, Origin
from bot.domain.song_form import SongForm, SongSource
from bot.domain.song_options import SongOptions
from bot.domain.songs import DetailsErasedError, SongNotFoundError, SongRemovedError, Viewer
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, PLAYLIST, ServicesHarness

CLIP = "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907"
OTHER = "0b8dbbf0-0000-4000-8000-000000000001"
BENS = Viewer(guild_id=GUILD, user_id=BEN, channel_ids=frozenset({CHANNEL}))
ORDER = SongOptions(
    playlist=PLAYLIST, prompt="rain", model="v40", weirdness=0.5, persona_id=CLIP, artist_clip_id=CLIP
)


async def finished(harness: ServicesHarness) -> int:
    request_id = await harness.place_and_finish(ADA, ORDER)
    await harness.dispatch()
    return request_id


async def test_the_form_has_the_options_of_the_request(harness: ServicesHarness) -> None:
    source = SongSource(request_id=await finished(harness))
    draft = await harness.requests.draft(source, BENS)
    assert draft.form == SongForm(playlist=PLAYLIST, prompt="rain", model="v40", weights="weirdness 0.5")
    assert (draft.saved, draft.models, draft.usual_model, draft.cost) == ((), ("v55", "v40"), "v55", 30)
    card = await harness.requests.place_form(source, replace(draft.form, prompt="sun"), harness.context(BEN))
    request = await harness.request(card.request_id)
    assert (request.user_id, request.spec.prompt, request.origin) == (BEN, "sun", None)
    assert (request.spec.persona_id, request.spec.artist_clip_id) == (CLIP, CLIP)


async def test_a_changed_song_is_still_like_the_song_that_the_first_was_like(
    harness: ServicesHarness,
) -> None:
    first = await finished(harness)
    await harness.set_guild_settings(max_active=9, allowance=900)
    like = await harness.requests.repeat(first, harness.context(BEN), like_clip=1)
    harness.clock.advance(harness.config.press_pause_s)
    card = await harness.requests.place_form(
        SongSource(request_id=like.request_id), SongForm(playlist=OTHER), harness.context(BEN)
    )
    assert (await harness.request(card.request_id)).origin == Origin(first, 1)


async def test_the_form_of_a_link_begins_with_what_is_usual_here(harness: ServicesHarness) -> None:
    draft = await harness.requests.draft(SongSource(playlist_id=OTHER), BENS)
    assert draft.form == SongForm(playlist=OTHER, model="v55")
    actor = harness.actor()
    await harness.playlists.add(actor, "Beats", OTHER)
    await harness.playlists.set_default(harness.actor(), "Beats")
    await harness.set_guild_settings(has_playlists=True, default_playlist="Beats", model="v40")
    source = SongSource(clip_id=CLIP)
    draft = await harness.requests.draft(source, BENS)
    assert draft.form == SongForm(playlist=OTHER, model="v40")
    assert [one.name for one in draft.saved] == ["Beats"]
    with_persona = replace(source, persona_id=OTHER)
    card = await harness.requests.place_form(with_persona, SongForm(), harness.context(BEN))
    spec = (await harness.request(card.request_id)).spec
    assert (spec.artist_clip_id, spec.persona_id) == (CLIP, OTHER)


async def test_a_model_that_is_no_longer_offered_gives_way_to_the_usual_one(harness: ServicesHarness) -> None:
    source = SongSource(request_id=await finished(harness))
    harness.requests._config = replace(harness.requests._config, models=("v55",))
    assert (await harness.requests.draft(source, BENS)).form.model == "v55"


@pytest.mark.parametrize("request_id", [7, MAX_ID + 1])
async def test_an_unknown_song_cannot_be_changed(harness: ServicesHarness, request_id: int) -> None:
    source = SongSource(request_id=request_id)
    with pytest.raises(SongNotFoundError):
        await harness.requests.draft(source, BENS)
    with pytest.raises(SongNotFoundError):
        await harness.requests.place_form(source, SongForm(), harness.context(BEN))


async def test_only_those_who_see_a_song_can_read_its_options(harness: ServicesHarness) -> None:
    source = SongSource(request_id=await finished(harness))
    for viewer in (replace(BENS, guild_id=GUILD + 1), replace(BENS, channel_ids=frozenset())):
        with pytest.raises(SongNotFoundError):
            await harness.requests.draft(source, viewer)
    own = await harness.requests.draft(source, replace(BENS, user_id=ADA, channel_ids=frozenset()))
    assert own.form.prompt == "rain"


async def test_what_was_removed_or_erased_cannot_be_changed(harness: ServicesHarness) -> None:
    request_id = await finished(harness)

    def erase(uow: UnitOfWork) -> None:
        uow.cleanup.erase_prompts(before=harness.clock(), now=harness.clock(), limit=9)

    harness.clock.advance(10)
    await harness.store.write(erase)
    with pytest.raises(DetailsErasedError):
        await harness.requests.draft(SongSource(request_id=request_id), BENS)
    await harness.library.remove(request_id, replace(harness.actor(), actor_id=ADA))
    with pytest.raises(SongRemovedError):
        await harness.requests.draft(SongSource(request_id=request_id), BENS)
