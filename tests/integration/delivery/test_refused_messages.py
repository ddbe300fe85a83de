"""Messages that Discord refuses: what is sent instead, later or elsewhere; no song is lost."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.chat.delivery.approval_message import NOT_SHOWN
from bot.chat.delivery.status_message import TITLES, UNSEEN_REQUEST
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import love
from bot.domain.requests import State
from sandbox.cqtai.faults import Fault as ProviderFault
from sandbox.cqtai.faults import Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord import Fault, FaultKind
from sandbox.discord.limits import Bucket, Limits
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, OFTEN, PLENTY, SONG_S, BotHarness, bot
from tests.harness.message_readers import SONG_LINK, labels, seen
from tests.integration.engines import of_variants, on_both

READY, BACK = TITLES[State.DELIVERED], are_back(30)
POST = "POST /channels/*/messages"


@dataclass(frozen=True)
class Refused:
    """A refusal of a post, how often, and what the member sees of the song all the same."""

    status: int
    code: int
    times: int | None
    sees: str
    containing: str = ""


REFUSALS = {
    "AutoMod, once": Refused(400, 200000, 1, "[listen]"),
    "AutoMod, whatever is in an embed": Refused(400, 200000, None, "https://suno.com/song/", '"title"'),
    "filter for harmful links": Refused(400, 240000, None, "/songs show song:", "suno.com"),
    "explicit content": Refused(403, 20009, 2, "https://suno.com/song/"),
    "uploads are limited": Refused(403, 400001, 1, "[listen]"),
    "sending is disabled for a while": Refused(403, 40004, 2, "[listen]"),
    "slow mode": Refused(400, 20016, 1, "[listen]"),
    "overloaded": Refused(503, 130000, 1, "[listen]"),
    "an unknown 400": Refused(400, 987654, 1, "[listen]"),
    "an unknown 403": Refused(403, 987654, 1, "[listen]"),
    "an unknown 403 in every form": Refused(403, 987654, 4, "[listen]"),
    "a part is not allowed": Refused(400, 50035, 2, "https://suno.com/song/"),
    "not understood": Refused(415, 0, 3, "/songs show song:"),
    "without a code": Refused(400, 0, 2, "https://suno.com/song/"),
    "verification level": Refused(403, 50009, 1, "[listen]"),
}


@on_both
@pytest.mark.usefixtures("patient")
@of_variants
async def test_no_refusal_of_its_post_ends_a_song(
    local: BotHarness, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(default_allowance=PLENTY) as app:
        for name, refused in REFUSALS.items():
            with subtests.test(name):
                await is_delivered(local, refused)
        assert (await local.credits())["Used"] == 30 * len(REFUSALS)
        page, _ = await app.metrics.page("")
    bugs = 'inspire_discord_message_failures_total{message="result",reason="bug"} 7.0'
    assert bugs in page.decode()
    assert caplog.text.count("A message to Discord was malformed, reference") == 7
    assert len(local.results()) == len(local.submissions) == len(REFUSALS)


async def is_delivered(local: BotHarness, refused: Refused) -> None:
    before = len(local.results())
    fault = Fault(
        kind=FaultKind.REFUSED,
        on=POST,
        times=refused.times,
        status=refused.status,
        code=refused.code,
        containing=refused.containing,
    )
    local.discord.faults.add(fault)
    status = await local.place()
    said = await local.shows(status, READY, SONG_LINK)
    local.discord.faults.clear()
    (result,) = local.results()[before:]
    assert refused.sees in seen(result)
    assert result.now.mentions == (local.ada.id,)
    assert love(1, 0) in labels(result)
    assert TITLES[State.UNDELIVERABLE] not in said


@on_both
async def test_a_failure_is_told_though_its_words_are_refused(local: BotHarness) -> None:
    local.song_takes(0.4)
    local.provider.faults.add(ProviderFault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        status = await local.place()
        local.discord.disruptions.delete_message(status)
        local.discord.faults.add(
            Fault(kind=FaultKind.REFUSED, on=POST, times=None, status=400, code=200000, containing="playlist")
        )
        ending = await local.result()
        await local.shows(ending, f"<@{local.ada.id}>", TITLES[State.FAILED], BACK)


@on_both
async def test_an_edit_that_is_refused_is_made_plainer(local: BotHarness) -> None:
    local.discord.faults.add(
        Fault(
            kind=FaultKind.REFUSED,
            on="PATCH /webhooks/*",
            times=None,
            status=400,
            code=200000,
            containing="this playlist",
        )
    )
    async with local.bot():
        said = await local.shows(await local.place(), READY, SONG_LINK)
    assert "this playlist" not in said


@on_both
@pytest.mark.parametrize("late", [False, True])
async def test_how_it_ended_is_seen_though_a_moderator_has_hidden_the_embed(
    local: BotHarness, late: bool
) -> None:
    local.song_takes(0.4)
    local.provider.faults.add(ProviderFault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        asked = await local.order()
        status = await asked.answer(timeout_s=LONG_S)
        if late:
            local.discord.disruptions.end_token(asked)
        local.discord.disruptions.suppress_embeds(status)
        await local.shows(status, TITLES[State.FAILED], BACK)
    assert status.shown_embeds == []


@on_both
async def test_moderators_decide_without_a_prompt_that_is_refused(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot():
        asked = await local.discord.member("Mo").slash(
            "songs", "settings approval", mode="on", channel=general
        )
        await asked.answer(timeout_s=LONG_S)
        local.discord.faults.add(
            Fault(kind=FaultKind.REFUSED, on=POST, times=None, status=400, code=200000, containing="badword")
        )
        status = await local.place(prompt="a badword in it")
        shown = await local.result("general")
        assert NOT_SHOWN in seen(shown)
        assert UNSEEN_REQUEST not in seen(status)
        await local.discord.member("Mo").press(shown, "Approve")
        await local.shows(status, READY)


@on_both
async def test_a_love_counts_though_its_message_can_no_longer_change(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot():
        result = await local.placed_result()
        assert "archived" in await unchanged_by_love(local, result, 50083)
        await local.discord.member("Mo").press(result, love(1, 0))
        await local.shows(result, love(1, 1), love(2, 1))
        for code, why in {
            160005: "locked",
            200000: "this message.",
            987654: "this message.",
        }.items():
            with subtests.test(f"{code}"):
                assert why in await unchanged_by_love(local, result, code)


async def unchanged_by_love(local: BotHarness, result: Message, code: int) -> str:
    """Return what Ben reads after a love that Discord does not let the message show."""
    fault = Fault(
        kind=FaultKind.REFUSED,
        on="POST /interactions/*",
        times=None,
        status=400,
        code=code,
        containing='"type": 7',
    )
    local.discord.faults.add(fault)
    told = await (await local.discord.member("Ben").press(result, labels(result)[1])).answer(timeout_s=LONG_S)
    local.discord.faults.clear()
    assert told.ephemeral
    assert "doesn't let the bot change this message" in told.content
    assert "it counts" in told.content
    return told.content


def slowly(direct_openings: Bucket) -> Limits:
    return Limits(
        interaction_deadline_s=LONG_S,
        identify_window_s=0,
        channel_route=OFTEN,
        channel_webhook=OFTEN,
        interaction_webhook=OFTEN,
        direct_openings=direct_openings,
    )


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_twenty_songs_of_a_hidden_channel_all_reach_their_members(tmp_path: Path) -> None:
    refusals = await all_reach_their_members(tmp_path, 20, Bucket(requests=5, per_s=10.0))
    assert refusals <= 5


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_they_do_though_discord_allows_fewer_conversations_than_the_bot_expects(tmp_path: Path) -> None:
    refusals = await all_reach_their_members(tmp_path, 8, Bucket(requests=2, per_s=6.0))
    assert 0 < refusals <= 8


async def all_reach_their_members(tmp_path: Path, songs: int, direct_openings: Bucket) -> int:
    """How often Discord said that conversations were opened too fast, until every song had arrived."""
    async with bot(tmp_path, limits=slowly(direct_openings)) as local, local.bot():
        local.song_takes(SONG_S * 20)
        discord = local.discord
        names = [f"Member {number}" for number in range(songs)]
        for name in names:
            discord.add.member(discord.guild, user=discord.add.user(name))
        asked = [await local.order(name) for name in names]
        for one in asked:
            await one.answer(timeout_s=LONG_S)
            discord.disruptions.end_token(one)
        discord.disruptions.hide(discord.channel("songs"))

        def reached() -> list[Message]:
            return [message for name in names for message in discord.member(name).direct_messages]

        await discord.wait_for(lambda: len(reached()) == songs, timeout_s=200)
        assert all("is ready" in seen(message) for message in reached())
        return sum(request.code == 40003 for request in discord.requests)
