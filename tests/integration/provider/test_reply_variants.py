import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text import songs
from bot.chat.text.formatting import DASH, are_back
from bot.chat.text.songs import CLIP_INCOMPLETE, file_missing
from bot.domain.requests import State
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import ReplyVariant
from sandbox.discord.payloads import entry, text
from tests.harness.bot import PLENTY, BotHarness
from tests.harness.message_readers import links, listen_links, seen
from tests.integration.engines import of_variants, on_both

pytestmark = on_both

BACK = are_back(30)
READY = TITLES[State.DELIVERED]
ONE_CLIP = frozenset({ReplyVariant.ONE_CLIP, ReplyVariant.SECOND_CLIP_ERRORED})
NO_RESULT = frozenset({ReplyVariant.RESULT_ABSENT, ReplyVariant.RESULT_NULL, ReplyVariant.RESULT_EMPTY})
NO_CLIP = NO_RESULT | {ReplyVariant.ALL_CLIPS_ERRORED, ReplyVariant.ALL_CLIPS_MODERATED}
UNFINISHED = frozenset(
    {ReplyVariant.CLIPS_STREAMING, ReplyVariant.SECOND_CLIP_STREAMING, ReplyVariant.STATUS_MISSING}
)
NO_FILE = frozenset(
    {
        ReplyVariant.AUDIO_FORBIDDEN,
        ReplyVariant.AUDIO_NONE,
        ReplyVariant.AUDIO_PIPE,
        ReplyVariant.AUDIO_MISSING,
    }
)
HARMLESS = frozenset(ReplyVariant) - ONE_CLIP - NO_CLIP - UNFINISHED - NO_FILE


def always(local: BotHarness, variant: ReplyVariant) -> None:
    """Apply this variant, and no other, to every answer from now on."""
    local.provider.faults.clear()
    local.provider.faults.add(Fault(Phase.DOCUMENT, variant, times=None))


@pytest.fixture(autouse=True)
def short_grace(local: BotHarness) -> None:
    local.hurry({"work.streaming_grace_s": 0.2})


@of_variants
async def test_an_odd_answer_still_delivers_both_clips_and_their_files(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for variant in sorted(HARMLESS):
            with subtests.test(variant.value):
                always(local, variant)
                result = await local.placed_result()
                assert len(result.shown_embeds) == len(result.attachments) == len(listen_links(result)) == 2
                first = local.provider.tasks[-1].song.clips[0]
                assert result.embeds[0]["url"] == f"https://suno.com/song/{first.id}"
        assert (await local.credits())["Used"] == 30 * len(HARMLESS)
    assert len(local.submissions) == len(HARMLESS)


async def test_a_length_that_is_not_known_is_a_dash(local: BotHarness) -> None:
    always(local, ReplyVariant.DURATION_NULL)
    async with local.bot():
        result = await local.placed_result()
    assert all(text(embed, "description").startswith(f"{DASH} · ") for embed in result.embeds)


async def test_a_length_in_words_is_a_length(local: BotHarness) -> None:
    always(local, ReplyVariant.DURATION_TEXT)
    async with local.bot():
        result = await local.placed_result()
    assert all(text(embed, "description")[1] == ":" for embed in result.embeds)


@of_variants
async def test_a_link_too_long_for_a_button_stands_in_the_text(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for variant, is_text in ((ReplyVariant.AUDIO_SIGNED, True), (ReplyVariant.AUDIO_SIGNED_LONG, False)):
            with subtests.test(variant.value):
                always(local, variant)
                result = await local.placed_result()
                clips = local.provider.tasks[-1].song.clips
                for clip, url in zip(clips, listen_links(result), strict=True):
                    signed = f"{local.provider.origin}/media/{clip.id}.mp3?Signature=sss"
                    assert url.startswith(signed if is_text else f"https://suno.com/song/{clip.id}")


async def test_a_clip_without_a_cover_is_shown_without_one(local: BotHarness) -> None:
    always(local, ReplyVariant.IMAGE_MISSING)
    async with local.bot():
        result = await local.placed_result()
    assert [entry(embed, "thumbnail") for embed in result.embeds] == [{}, {}]


@of_variants
async def test_a_link_that_is_no_file_is_replaced_by_the_songs_page(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for variant in sorted(NO_FILE):
            with subtests.test(variant.value):
                always(local, variant)
                result = await local.placed_result()
                clips = local.provider.tasks[-1].song.clips
                pages = [f"https://suno.com/song/{clip.id}" for clip in clips]
                assert list(links(result).values()) == listen_links(result) == pages
                assert result.attachments == ()
                assert songs.NO_FILE in result.content


@pytest.mark.parametrize("variant", sorted(ONE_CLIP))
async def test_one_clip_of_two_is_delivered_and_called_so(local: BotHarness, variant: ReplyVariant) -> None:
    always(local, variant)
    async with local.bot():
        await local.shows(await local.place(), READY)
        assert (await local.credits())["Used"] == 30
    (result,) = local.results()
    assert len(result.embeds) == len(result.attachments) == len(listen_links(result)) == 1
    assert songs.ONE_CLIP in seen(result)


@of_variants
async def test_a_done_task_that_never_has_a_clip_gives_the_credits_back(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot():
        for variant in sorted(NO_CLIP):
            with subtests.test(variant.value):
                always(local, variant)
                await local.shows(await local.place(), TITLES[State.FAILED], BACK)
                assert (await local.credits())["Available"] == 90
    assert local.results() == []


async def test_clips_that_never_stop_streaming_are_delivered_as_what_they_are(local: BotHarness) -> None:
    always(local, ReplyVariant.CLIPS_STREAMING)
    async with local.bot():
        result = await local.placed_result()
    assert CLIP_INCOMPLETE in result.content
    assert len(result.embeds) == 2
    assert result.attachments == ()


async def test_a_second_clip_that_never_stops_streaming_comes_without_its_file(local: BotHarness) -> None:
    always(local, ReplyVariant.SECOND_CLIP_STREAMING)
    async with local.bot():
        result = await local.placed_result()
    assert len(result.embeds) == 2
    assert len(result.attachments) == 1
    assert file_missing("2") in result.content


async def test_a_task_without_any_status_is_done_when_its_clips_are(local: BotHarness) -> None:
    always(local, ReplyVariant.STATUS_MISSING)
    async with local.bot():
        result = await local.placed_result()
    assert len(result.embeds) == len(result.attachments) == 2
