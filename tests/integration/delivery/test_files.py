from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.songs import NO_FILE
from bot.domain.requests import State
from sandbox.cqtai.effects import MediaFault
from sandbox.cqtai.faults import Fault, Phase
from sandbox.discord.faults import Fault as DiscordFault
from sandbox.discord.faults import FaultKind
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.limits import MIB, Limits
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from tests.harness.bot import LONG_S, PLENTY, UNHURRIED, BotHarness, bot
from tests.harness.message_readers import links, listen_links, seen
from tests.integration.engines import of_variants, on_both

pytestmark = on_both


HURRIED = {"work.retries.message.first_s": 0.03}


@pytest.fixture(autouse=True)
def hurried(local: BotHarness) -> None:
    """Half a minute of tries takes half a second here."""
    local.hurry(HURRIED)


UNATTACHABLE = {
    MediaFault.FORBIDDEN: "HTTP 403",
    MediaFault.MISSING: "HTTP 404",
    MediaFault.SERVER_ERROR: "HTTP 500",
    MediaFault.HTML: "not an audio file",
    MediaFault.HTML_IN_DISGUISE: "not an audio file",
    MediaFault.EMPTY: "not an audio file",
    MediaFault.TRUNCATED: "not fetched: ClientPayloadError",
    MediaFault.ENDLESS: "larger than",
    MediaFault.REDIRECT_LOOP: "too many redirects",
    MediaFault.REDIRECT_PRIVATE: "leads to no public file",
    MediaFault.DROPPED: "not fetched: ServerDisconnectedError",
}


PASSING = {MediaFault.SLOW, *UNATTACHABLE} - {
    MediaFault.HTML,
    MediaFault.HTML_IN_DISGUISE,
    MediaFault.EMPTY,
    MediaFault.REDIRECT_LOOP,
    MediaFault.REDIRECT_PRIVATE,
}
"""The faults after which the link may still work for a member."""


def can_be_heard(local: BotHarness, result: Message, *, dead: Collection[int] = ()) -> None:
    """Check that each clip links to its file, or else its page, and its title to its page."""
    clips = local.provider.tasks[-1].song.clips
    pages = [f"https://suno.com/song/{clip.id}" for clip in clips]
    files = [f"{local.provider.origin}/media/{clip.id}.mp3" for clip in clips]
    expected = [pages[n] if n in dead else files[n] for n in range(len(clips))]
    assert listen_links(result) == expected
    missing = len(expected) - len(result.attachments)
    assert len(links(result)) == missing
    assert set(links(result).values()) <= set(expected)
    assert [embed["url"] for embed in result.embeds] == pages


async def no_file_comes(local: BotHarness, fault: MediaFault) -> None:
    """Check that a running bot delivers a song whose files have the fault as links only."""
    local.provider.faults.clear()
    local.provider.faults.add(Fault(Phase.AUDIO, fault, times=None))
    result = await local.placed_result()
    assert result.attachments == ()
    assert NO_FILE in seen(result)
    can_be_heard(local, result, dead=() if fault in PASSING else (0, 1))


@of_variants
async def test_a_file_that_cannot_be_had_leaves_a_link_and_a_word(
    local: BotHarness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    subtests: pytest.Subtests,
) -> None:
    local.hurry({"media_s": LONG_S})
    async with local.bot(default_allowance=PLENTY):
        for fault, cause in UNATTACHABLE.items():
            with subtests.test(fault.value):
                caplog.clear()
                await no_file_comes(local, fault)
                assert cause in caplog.text


async def test_a_file_that_comes_too_slowly_leaves_a_link_and_a_word(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    local.hurry({"media_s": 1.0})
    async with local.bot():
        await no_file_comes(local, MediaFault.SLOW)
    assert "not fetched in time" in caplog.text


FRESH = {
    "403 for both": Fault(Phase.AUDIO, MediaFault.FORBIDDEN, times=4),
    "404 for one": Fault(Phase.AUDIO, MediaFault.MISSING, times=4, clip_index=1),
    "500 once": Fault(Phase.AUDIO, MediaFault.SERVER_ERROR),
    "a page of the edge": Fault(Phase.AUDIO, MediaFault.HTML, times=3),
    "empty": Fault(Phase.AUDIO, MediaFault.EMPTY, times=3),
    "half a file": Fault(Phase.AUDIO, MediaFault.TRUNCATED, times=2),
    "a reset": Fault(Phase.AUDIO, MediaFault.DROPPED, times=2, clip_index=0),
}


@of_variants
async def test_a_file_that_is_not_there_at_once_is_attached_when_it_comes(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for name, fault in FRESH.items():
            with subtests.test(name):
                local.provider.faults.clear()
                local.provider.faults.add(fault)
                result = await local.placed_result()
                assert local.provider.faults.struck(fault) == fault.times
                assert len(result.attachments) == 2
                can_be_heard(local, result)


@pytest.mark.parametrize("index", [0, 1])
async def test_one_file_that_cannot_be_had_does_not_cost_the_other(local: BotHarness, index: int) -> None:
    fault = Fault(Phase.AUDIO, MediaFault.FORBIDDEN, times=None, clip_index=index)
    local.provider.faults.add(fault)
    async with local.bot():
        result = await local.placed_result()
    assert len(result.attachments) == 1
    assert f"The file of clip {index + 1} couldn't be attached" in seen(result)
    can_be_heard(local, result)


async def test_a_redirect_to_the_file_is_followed(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.AUDIO, MediaFault.REDIRECT, times=None))
    async with local.bot():
        result = await local.placed_result()
    assert len(result.attachments) == 2
    can_be_heard(local, result)


async def test_a_file_larger_than_the_server_takes_is_linked(
    tmp_path: Path, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        bot(tmp_path, HURRIED, database_url=database, limits=Limits(attachment_size=500)) as local,
        local.bot(),
    ):
        result = await local.placed_result()
        assert result.attachments == ()
        assert NO_FILE in seen(result)
        can_be_heard(local, result)
    assert caplog.text.count("413 40005 too large") == 2  # the larger file first, then the other


async def test_an_operator_who_wants_no_files_gets_links(tmp_path: Path, database: str) -> None:
    async with (
        bot(tmp_path, HURRIED, database_url=database, attach_audio=False) as local,
        local.bot(),
    ):
        result = await local.placed_result()
        assert result.attachments == ()
        can_be_heard(local, result)
    assert not any(line.path.endswith(".mp3") for line in local.provider.requests)


async def test_a_host_that_nobody_trusts_is_neither_asked_nor_offered(tmp_path: Path, database: str) -> None:
    async with (
        bot(tmp_path, HURRIED, database_url=database, media_trusted_origins=()) as local,
        local.bot(),
    ):
        result = await local.placed_result()
        pages = [f"https://suno.com/song/{clip.id}" for clip in local.provider.tasks[0].song.clips]
        assert list(links(result).values()) == listen_links(result) == pages
        assert result.attachments == ()
    assert not any(line.path.startswith("/media/") for line in local.provider.requests)


@pytest.mark.parametrize(
    ("tier", "limit"), [(0, 10 * MIB), (1, 10 * MIB), (2, 50 * MIB), (3, 100 * MIB), (4, 10 * MIB)]
)
async def test_a_members_nitro_lets_the_bot_post_no_larger_files(
    tmp_path: Path, database: str, tier: int, limit: int
) -> None:
    limits = replace(UNHURRIED, member_attachment_size=500 * MIB)
    async with bot(tmp_path, HURRIED, database_url=database, limits=limits) as local:
        local.discord.guild.premium_tier = tier
        async with local.bot() as app:
            asked = await local.order()
            await asked.answer(timeout_s=LONG_S)
            request = await app.store.read(lambda work: work.requests.find(asked.id))
            assert request is not None
            assert request.address.attachment_limit == limit
            await local.result()


def in_the_channel(_: BotHarness, __: Invocation) -> None:
    """The result is posted where its song was asked for."""


def as_a_follow_up(local: BotHarness, _: Invocation) -> None:
    """The bot can't post in the channel."""
    local.discord.disruptions.deny(local.discord.channel("songs"), Permission.SEND_MESSAGES)


def as_a_direct_message(local: BotHarness, asked: Invocation) -> None:
    """Let follow-ups be refused, too."""
    as_a_follow_up(local, asked)
    local.discord.disruptions.end_token(asked)


def by_a_proxy(local: BotHarness, _: Invocation) -> None:
    """Somebody in front of Discord refuses the file."""
    fault = DiscordFault(kind=FaultKind.STATUS, on="POST /channels/*/messages", status=413, times=2)
    local.discord.faults.add(fault)


@pytest.mark.parametrize("refused", [in_the_channel, by_a_proxy, as_a_follow_up, as_a_direct_message])
async def test_files_that_were_not_too_large_when_the_song_was_asked_for_are_linked(
    tmp_path: Path, database: str, refused: Callable[[BotHarness, Invocation], None]
) -> None:
    async with bot(tmp_path, HURRIED, database_url=database) as local:
        local.discord.guild.premium_tier = 3
        local.song_takes(0.5)
        async with local.bot():
            asked = await local.order()
            status = await asked.answer(timeout_s=LONG_S)
            local.discord.guild.premium_tier = 0
            local.discord.state.limits = replace(UNHURRIED, attachment_size=500)
            refused(local, asked)
            await local.shows(status, TITLES[State.DELIVERED])
            (result,) = [*local.results(), *local.ada.direct_messages]
            assert NO_FILE in seen(result)
            can_be_heard(local, result)
