import asyncio
import csv
import io

import pytest
from PIL import Image

from bot.chat.text.errors import NOT_MODERATOR
from bot.chat.text.moderator_errors import REPORT_BUSY
from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.people.person import PickerError
from tests.harness.bot import LONG_S, BotHarness, thread_kept_busy
from tests.integration.engines import on_both

pytestmark = on_both


async def reported(asked: Invocation) -> Message:
    message = await asked.answer(timeout_s=LONG_S)
    assert message.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return message


async def test_a_moderator_sees_who_used_what(local: BotHarness) -> None:
    async with local.bot():
        await local.placed_result()
        message = await reported(await local.discord.member("Mo").slash("songs", "quota report"))
        assert message.content == "**30 credits** used for 1 song in the last 30 days (UTC)."
        chart, table = message.attachments
        assert Image.open(io.BytesIO(chart.content)).format == "PNG"
        assert "Ada 30" in (chart.description or "")
        rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
        days = [int(row["credits"]) for row in rows if row["kind"] == "day"]
        assert (len(days), sum(days)) == (30, 30)
        (member,) = (row for row in rows if row["kind"] == "member")
        assert member == {
            "kind": "member",
            "day": "",
            "user_id": str(local.ada.id),
            "name": "Ada",
            "credits": "30",
            "songs": "1",
            "requests": "",
        }
        (embed,) = message.embeds
        assert "**v5.5**: 30 credits for 1 song, of 1 request" in str(embed)
        assert "1 not saved here: 30 credits for 1 song, of 1 request" in str(embed)


async def test_reports_are_made_one_at_a_time_and_nothing_else_waits_for_them(
    local: BotHarness,
) -> None:
    local.hurry({"chat.defer_s": 0.1})
    async with local.bot() as app:
        async with thread_kept_busy(app, "Quota"):
            moderator = local.discord.member("Mo")
            first = await moderator.slash("songs", "quota report")
            await first.acknowledged(timeout_s=LONG_S)
            for _ in range(8):  # more than the event loop's own threads
                second = await reported(await moderator.slash("songs", "quota report"))
                assert REPORT_BUSY in second.content
            await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("localhost", 80), 2)
        assert len((await reported(first)).attachments) == 2


async def test_a_report_whose_chart_takes_too_long_is_a_table_alone(local: BotHarness) -> None:
    local.hurry({"chat.chart_s": 0.05})
    async with local.bot() as app, thread_kept_busy(app, "Quota"):
        late = await reported(await local.discord.member("Mo").slash("songs", "quota report"))
        assert [attachment.filename for attachment in late.attachments] == ["credits.csv"]


async def test_a_report_of_nothing_says_so(local: BotHarness) -> None:
    async with local.bot():
        asked = await local.discord.member("Mo").slash("songs", "quota report", days=1)
        assert (await reported(asked)).content == "No credits were used today (UTC)."


async def test_a_member_is_refused_also_past_the_picker(local: BotHarness) -> None:
    async with local.bot():
        with pytest.raises(PickerError, match="not offered"):
            await local.ada.slash("songs", "quota report")
        message = await reported(await local.ada.slash("songs", "quota report", past_picker=True))
        assert message.content.startswith(NOT_MODERATOR)
        assert not message.attachments


async def test_one_who_left_keeps_their_name_and_one_whom_nobody_knows_their_number(
    local: BotHarness,
) -> None:
    async with local.bot():
        await local.placed_result()
        ada, moderator = local.ada, local.discord.member("Mo")
        local.discord.disruptions.remove_member(ada)
        left, _ = (await reported(await moderator.slash("songs", "quota report"))).attachments
        assert "Ada 30" in (left.description or "")
        local.discord.faults.add(Fault(kind=FaultKind.RESET, on="GET /users/{user_id}", times=None))
        unknown, _ = (await reported(await moderator.slash("songs", "quota report"))).attachments
        assert f"Member …{ada.id % 10_000:04} 30" in (unknown.description or "")
