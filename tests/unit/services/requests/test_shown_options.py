"""What messages in a server show of a request's options, and the setting that hides prompts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.audit import Action
from bot.domain.song_options import SongOptions
from bot.domain.songs import Viewer
from bot.services.audit_log import Actor
from bot.services.cards import OriginCard, ResultCard
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, PLAYLIST, ServicesHarness

WARM = SongOptions(playlist=PLAYLIST, prompt="warm rain")
RADIO = CHANNEL + 51


async def save(harness: ServicesHarness, name: str) -> None:
    by = Actor(interaction_id=harness.actor().interaction_id, guild_id=GUILD, actor_id=ADA)
    await harness.playlists.add(by, name, PLAYLIST)


async def hide(harness: ServicesHarness) -> None:
    await harness.services.guild_settings.set_results(harness.actor(), hides_prompts=True)


async def shown_again(harness: ServicesHarness, request_id: int) -> ResultCard:
    viewer = Viewer(guild_id=GUILD, user_id=ADA, channel_ids=frozenset())
    return await harness.library.card(request_id, viewer)


@pytest.mark.parametrize("hidden", [False, True])
async def test_each_message_shows_the_playlists_name_and_perhaps_the_prompt(
    harness: ServicesHarness, hidden: bool
) -> None:
    await save(harness, "Rainy nights")
    await save(harness, "Zzz")
    if hidden:
        await hide(harness)
    request_id = await harness.place_and_finish(ADA, WARM)
    await harness.dispatch()
    expected = ("Rainy nights", None if hidden else "warm rain")
    asked = (await harness.place(ADA, WARM)), harness.messenger.edits[-1].card
    posted = harness.messenger.results[-1].card, await shown_again(harness, request_id)
    for card in (*asked, *posted):
        assert (card.playlist_name, card.prompt_quote) == expected


async def test_without_saved_playlists_and_prompt_nothing_is_shown(harness: ServicesHarness) -> None:
    card = await harness.place()
    assert (card.playlist_name, card.prompt_quote) == (None, None)


async def test_a_song_in_the_style_of_a_clip_names_it_until_that_is_removed(
    harness: ServicesHarness,
) -> None:
    first = await harness.place_and_finish()
    await harness.dispatch()
    more = await harness.requests.repeat(first, harness.context(), like_clip=2)
    await harness.requests.record_answer(more.request_id, 5)
    await harness.submit()
    harness.clock.advance(31)
    harness.provider.finish("task-2")
    await harness.poll()
    await harness.dispatch()
    assert harness.messenger.results[-1].card.origin == OriginCard("Slow Harbour", 2)  # type: ignore[union-attr] # a result
    by = Actor(interaction_id=5, guild_id=GUILD, actor_id=ADA)
    await harness.library.remove(first, by)
    assert (await shown_again(harness, more.request_id)).origin == OriginCard(None, 2)


async def test_a_song_of_another_channel_is_not_named(harness: ServicesHarness) -> None:
    first = await harness.place_and_finish()
    await harness.dispatch()
    elsewhere = replace(harness.context(BEN), channel_id=CHANNEL + 50)
    more = await harness.requests.repeat(first, elsewhere, like_clip=2)
    await harness.requests.record_answer(more.request_id, 5)
    await harness.submit()
    harness.clock.advance(31)
    harness.provider.finish("task-2")
    await harness.poll()
    await harness.dispatch()
    assert harness.messenger.results[-1].card.origin == OriginCard(None, 2)  # type: ignore[union-attr] # a result


async def test_a_removed_songs_status_quotes_no_prompt(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish(ADA, WARM)
    await harness.dispatch()
    by = Actor(interaction_id=5, guild_id=GUILD, actor_id=ADA)
    await harness.library.remove(request_id, by)
    harness.clock.advance(5)
    await harness.dispatch()
    card = harness.messenger.edits[-1].card
    assert (card.removed, card.prompt_quote) == (True, None)


async def test_hiding_prompts_keeps_the_channel_and_is_logged(harness: ServicesHarness) -> None:
    rules = harness.services.guild_settings
    await rules.set_results(harness.actor(), hides_prompts=False, channel_id=RADIO)
    await hide(harness)
    settings = (await rules.effective(GUILD)).settings
    assert (settings.results_channel_id, settings.prompts_hidden) == (RADIO, True)
    entry = (await harness.services.allowances.audit_log(GUILD))[0]
    assert (entry.action, entry.before["prompts"], entry.after["prompts"]) == (
        Action.RESULTS_CHANNEL,
        "shown",
        "hidden",
    )
    assert entry.at - harness.clock.now < timedelta(seconds=1)
