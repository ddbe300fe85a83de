import asyncio
import json
import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.app import Application
from bot.chat.delivery.status_message import TITLES
from bot.chat.display_names import ERASED_MEMBERS
from bot.chat.messages.privacy import NOTHING_KEPT, NOTHING_LEFT
from bot.chat.text.labels import DELETE_DATA
from bot.domain.requests import State
from bot.services.unit_of_work import UnitOfWork
from bot.storage.unit_of_work import SqlUnitOfWork
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload, entries, entry
from sandbox.discord.payloads import text as text_of
from sandbox.discord.people.person import Person, PickerError
from tests.harness.bot import LONG_S, BotHarness, thread_kept_busy
from tests.harness.message_readers import fields, labels, seen
from tests.integration.engines import on_both

pytestmark = on_both

PROMPT = "a waltz for one mouse"
BUTTON = DELETE_DATA
LOOK_UPS = min(32, (os.cpu_count() or 1) + 4)
"""How many threads the event loop has, by which it looks up hosts."""


async def privacy(who: Person, what: str) -> Message:
    """The one answer to the command, which only its member sees."""
    return await answered(await who.slash("songs", f"privacy {what}", past_picker=True))


async def answered(asked: Invocation) -> Message:
    message = await asked.answer(timeout_s=LONG_S)
    assert message.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return message


async def values(app: Application, query: str) -> list[object]:
    def unit(uow: UnitOfWork) -> list[object]:
        assert isinstance(uow, SqlUnitOfWork)
        return list(uow.connection.execute(text(query)).scalars())

    return await app.store.read(unit)


async def until(app: Application, query: str, *, gives: bool = True) -> None:
    async with asyncio.timeout(LONG_S):
        while True:
            if [bool(value) for value in await values(app, query)] == [gives]:
                return
            await asyncio.sleep(0.01)


async def told(app: Application) -> None:
    """Wait until all outbox messages are sent and recorded as sent."""
    await until(app, "SELECT count(*) = 0 FROM outbox WHERE due_at IS NOT NULL")


async def exported(who: Person) -> Payload:
    message = await privacy(who, "export")
    (file,) = message.attachments
    assert file.filename == "inspire-data.json"
    document = json.loads(file.content)
    assert isinstance(document, dict)
    return document


async def test_the_notice_has_the_settings_numbers_and_a_member_sees_it_alone(local: BotHarness) -> None:
    async with local.bot(prompt_retention_days=12, guild_retention_days=3):
        message = await privacy(local.ada, "notice")
        said = fields(message.embeds[0])
        assert list(said) == ["What is kept", "Why", "How long", "Who sees it", "Get it, delete it"]
        assert "Prompts: 12 days" in said["How long"]
        assert "3 days after the bot leaves it" in said["How long"]


async def test_nothing_waits_while_exports_are_written(local: BotHarness) -> None:
    async with local.bot() as app:
        async with thread_kept_busy(app, "Privacy"):
            asked = [await local.ada.slash("songs", "privacy export") for _ in range(LOOK_UPS + 1)]
            for one in asked:
                await one.acknowledged(timeout_s=LONG_S)
            await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("localhost", 80), 2)
            await local.shows(await local.place(), TITLES[State.DELIVERED])
        for one in asked:
            assert len((await one.answer(timeout_s=LONG_S)).attachments) == 1


async def test_the_export_is_ones_own_with_everything_and_without_secrets(local: BotHarness) -> None:
    async with local.bot() as app:
        status = await local.place(prompt=PROMPT)
        await local.shows(status, TITLES[State.DELIVERED])
        await told(app)
        document = await exported(local.ada)
        assert document["user_id"] == str(local.ada.id)
        (request,) = entries(document, "requests")
        options = entry(request, "options")
        assert (options["prompt"], options["playlist"]) == (PROMPT, PLAYLISTS[0].id)
        assert entry(entry(request, "messages"), "status")["message_id"] == str(status.id)
        steps = [event["transition"] for event in entries(request, "events")]
        assert steps == ["place", "claim", "accept", "finish", "deliver"]
        assert datetime.fromisoformat(text_of(request, "placed_at")).tzinfo == UTC
        assert len(entries(request, "clips")) == 2
        whole = json.dumps(document)
        assert "token" not in whole
        assert local.provider.origin not in whole  # no link to a file, which would die
        assert [line["kind"] for line in entries(document, "entries")] == ["post", "pending", "single"]
        ben = await exported(local.discord.member("Ben"))
        assert PROMPT not in json.dumps(ben)
        assert ben["requests"] == ben["memberships"] == []


async def test_a_member_has_their_data_deleted_and_gets_no_credits_for_it(local: BotHarness) -> None:
    async with local.bot() as app:
        await local.shows(await local.place(prompt=PROMPT), TITLES[State.DELIVERED])
        await told(app)
        asked = await privacy(local.ada, "delete")
        assert "1 request with prompts and songs" in seen(asked)
        with pytest.raises(PickerError, match="does not see"):
            await local.discord.member("Ben").press(asked, BUTTON)
        assert await values(app, "SELECT count(*) FROM requests WHERE user_id = 0") == [0]
        done = await answered(await local.ada.press(asked, BUTTON))
        assert done.content.startswith("Deleted: 1 request with prompts and songs")
        assert await values(app, "SELECT user_id FROM requests") == [0]
        assert await values(app, "SELECT prompt FROM requests") == [None]
        assert (await exported(local.ada))["requests"] == []
        shown = await local.credits()
        assert (shown["Available"], shown["Used"]) == (60, 30)
        reported = await answered(await local.discord.member("Mo").slash("songs", "quota report"))
        assert f"{ERASED_MEMBERS} 30" in (reported.attachments[0].description or "")
        # once more, and then back again
        assert NOTHING_LEFT in (await answered(await local.ada.press(asked, BUTTON))).content
        await local.shows(await local.place(), TITLES[State.DELIVERED])
        assert (await local.credits())["Used"] == 60
        report = await answered(await local.discord.member("Mo").slash("songs", "quota report"))
        assert report.content.startswith("**60 credits** used for 2 songs")


async def test_nothing_is_deleted_while_a_request_is_under_way(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Stall(), times=None))
    async with local.bot() as app:
        empty = await privacy(local.ada, "delete")
        assert (empty.content, labels(empty)) == (NOTHING_KEPT, [])
        await local.place(prompt=PROMPT)
        refused = await privacy(local.ada, "delete")
        assert refused.content.startswith("You have 1 pending request")
        assert labels(refused) == []
        assert await values(app, "SELECT user_id FROM requests") == [local.ada.id]


async def test_a_server_that_the_bot_leaves_is_noticed_also_while_it_is_down(local: BotHarness) -> None:
    guild = local.ada.guild
    left = f"SELECT left_at IS NOT NULL FROM guilds WHERE guild_id = {guild.id}"
    async with local.bot() as app:
        await local.shows(await local.place(), TITLES[State.DELIVERED])
        ben = local.discord.member("Ben")
        await local.discord.member("Mo").slash("songs", "quota block", member=ben, reason="spam")
        await until(app, "SELECT count(*) = 1 FROM members WHERE blocked IS NOT NULL")
        await told(app)
        outage: Payload = {"id": str(guild.id), "unavailable": True}
        local.discord.gateway.dispatch("GUILD_DELETE", payload=outage, guild_id=guild.id)
        await local.credits()
        assert await values(app, left) == [False]
        local.discord.disruptions.remove_bot(guild)
        await until(app, left)
        local.discord.disruptions.invite_bot(guild)
        await until(app, left, gives=False)
    local.discord.disruptions.remove_bot(guild)
    async with local.bot() as app:
        await until(app, left)
    local.discord.disruptions.invite_bot(guild)
    async with local.bot() as app:
        await until(app, left, gives=False)
        assert await values(app, "SELECT user_id FROM requests") == [local.ada.id]
    local.discord.disruptions.remove_bot(guild)
    async with local.bot():
        pass
    async with local.bot(guild_retention_days=0) as app:
        await until(app, "SELECT count(*) = 0 FROM guild_settings")
        assert await values(app, "SELECT user_id FROM requests") == [0]
        local.discord.disruptions.invite_bot(guild)
        await local.discord.wait_for(lambda: app.client.get_guild(guild.id) is not None, timeout_s=LONG_S)
        assert (await local.credits())["Available"] == 60
        assert (
            "A moderator of this server has blocked your song requests."
            in (await answered(await local.order("Ben"))).content
        )
