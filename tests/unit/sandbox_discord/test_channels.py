import pytest

from sandbox.discord import LocalDiscord, Permission, PickerError
from sandbox.discord.interactions.event import interaction_payload
from sandbox.discord.model.world import (
    ANNOUNCEMENT_CHANNEL,
    CATEGORY,
    FORUM_CHANNEL,
    STAGE_CHANNEL,
    TEXT_CHANNEL,
    VOICE_CHANNEL,
    Channel,
)
from sandbox.discord.payloads import Payload, as_payload, entries, entry, items, number
from sandbox.discord.rendering import guild_create_payload
from sandbox.discord.schema import SchemaChecker
from tests.unit.sandbox_discord.conftest import (
    CALLBACK,
    COMMANDS,
    EDIT,
    FOLLOW_UP,
    POST,
    Api,
    command,
    option,
)

CHANNEL = "GET /channels/{channel_id}"
MANY = "GET /channels/{channel_id}/messages"
DELETE = EDIT.replace("PATCH", "DELETE")
HELLO: Payload = {"content": "hello"}


def place(channel: Channel, **more: object) -> dict[str, object]:
    return {"channel_id": channel.id, **more}


def made(discord: LocalDiscord, kind: int, name: str = "place") -> Channel:
    return discord.add.channel(discord.guild, name=name, kind=kind)


def thread(discord: LocalDiscord, *, private: bool = False, with_bot: bool = False) -> Channel:
    owner = discord.member("Ada").user
    parent = discord.channel("general")
    return discord.add.thread(parent, name="aside", owner=owner, private=private, with_bot=with_bot)


def told(discord: LocalDiscord) -> Payload:
    return guild_create_payload(discord.guild, bot=discord.state.world.bot, every_member=False)


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        (TEXT_CHANNEL, None),
        (VOICE_CHANNEL, None),
        (STAGE_CHANNEL, None),
        (ANNOUNCEMENT_CHANNEL, None),
        (CATEGORY, (400, 50008)),
        (FORUM_CHANNEL, (400, 50008)),
    ],
)
def test_every_kind_of_channel_is_shown_and_takes_messages_or_not(
    api: Api, kind: int, refused: tuple[int, int] | None
) -> None:
    channel = made(api.discord, kind)
    checker = SchemaChecker()
    checker.response(CHANNEL, status=200, body=api.ask(CHANNEL, at=place(channel)))
    assert checker.problems == []
    assert [one["type"] for one in entries(told(api.discord), "channels")].count(kind) >= 1
    if refused is None:
        assert api.ask(POST, body=HELLO, at=place(channel))["channel_id"] == str(channel.id)
    else:
        assert api.refused(POST, body=HELLO, at=place(channel)) == refused


def test_the_text_of_a_voice_channel_needs_connect(api: Api) -> None:
    channel = made(api.discord, VOICE_CHANNEL)
    api.discord.disruptions.deny(channel, Permission.CONNECT)
    assert api.refused(POST, body=HELLO, at=place(channel)) == (403, 50001)
    assert api.refused(MANY, at=place(channel)) == (403, 50001)
    assert api.ask(CHANNEL, at=place(channel))


@pytest.mark.parametrize("in_forum", [False, True])
def test_a_thread_or_post_has_the_shape_and_the_permissions_of_its_channel(api: Api, in_forum: bool) -> None:
    discord = api.discord
    parent = made(discord, FORUM_CHANNEL) if in_forum else discord.channel("general")
    channel = discord.add.thread(parent, name="aside", owner=discord.member("Ada").user, with_bot=True)
    checker, shown = SchemaChecker(), api.ask(CHANNEL, at=place(channel))
    checker.response(CHANNEL, status=200, body=shown)
    active = api.ask("GET /guilds/{guild_id}/threads/active", at={"guild_id": discord.guild.id})
    checker.response("GET /guilds/{guild_id}/threads/active", status=200, body=active)
    assert checker.problems == []
    assert (shown["type"], shown["parent_id"], "member" in shown) == (11, str(parent.id), True)
    assert [one["id"] for one in entries(told(discord), "threads")] == [str(channel.id)]
    assert api.ask(POST, body=HELLO, at=place(channel))
    discord.disruptions.deny(parent, Permission.SEND_MESSAGES)
    assert api.ask(POST, body=HELLO, at=place(channel))
    discord.disruptions.deny(parent, Permission.SEND_MESSAGES_IN_THREADS)
    assert api.refused(POST, body=HELLO, at=place(channel)) == (403, 50013)
    discord.disruptions.hide(parent)
    assert api.refused(POST, body=HELLO, at=place(channel)) == (403, 50001)
    assert items(told(discord), "threads") == []


def test_an_announcement_channels_threads_are_of_their_own_kind(discord: LocalDiscord) -> None:
    parent = made(discord, ANNOUNCEMENT_CHANNEL)
    assert discord.add.thread(parent, name="t", owner=discord.member("Ada").user).kind == 10
    with pytest.raises(ValueError, match="no threads"):
        discord.add.thread(discord.member("Ada").direct_channel, name="t", owner=discord.member("Ada").user)


def test_a_private_thread_is_seen_by_those_who_joined_and_by_moderators(api: Api) -> None:
    discord = api.discord
    channel = thread(discord, private=True)
    guild, bot = discord.guild, discord.guild.members[discord.application_id]
    assert api.refused(CHANNEL, at=place(channel)) == (403, 50001)
    assert Permission.VIEW_CHANNEL in guild.permissions(discord.member("Ada").member, channel=channel)
    assert not guild.permissions(discord.member("Ben").member, channel=channel)
    assert thread(discord, private=True, with_bot=True).id in {
        number(one, "id") for one in entries(told(discord), "threads")
    }
    role = discord.add.role(guild, name="Keeper", permissions=Permission.MANAGE_THREADS)
    bot.role_ids.append(role.id)
    assert api.ask(CHANNEL, at=place(channel))


def test_a_message_opens_an_archived_thread_again(api: Api) -> None:
    channel = thread(api.discord)
    message_id = api.ask(POST, body=HELLO, at=place(channel))["id"]
    api.discord.disruptions.archive(channel)
    assert items(told(api.discord), "threads") == []
    assert api.refused(EDIT, body=HELLO, at=place(channel, message_id=message_id)) == (400, 50083)
    api.ask(POST, body=HELLO, at=place(channel))
    assert channel.thread is not None
    assert not channel.thread.archived
    assert api.ask(EDIT, body=HELLO, at=place(channel, message_id=message_id))


async def test_a_member_opens_an_archived_thread_too(discord: LocalDiscord) -> None:
    channel = thread(discord)
    discord.disruptions.archive(channel)
    assert (await discord.member("Ben").say("aside", "hi")).channel_id == channel.id
    assert entries(told(discord), "threads")


@pytest.mark.parametrize(("archived", "code"), [(False, 160005), (True, 50083)])
async def test_a_locked_thread_takes_nothing_from_those_who_do_not_manage_threads(
    api: Api, archived: bool, code: int
) -> None:
    discord = api.discord
    channel = thread(discord)
    api.ask(COMMANDS, body=[command("do")])
    message_id = api.ask(POST, body=HELLO, at=place(channel))["id"]
    where = place(channel, message_id=message_id)
    discord.disruptions.archive(channel, locked=True) if archived else discord.disruptions.lock(channel)
    assert api.refused(POST, body=HELLO, at=place(channel)) == (400, code)
    assert api.refused(EDIT, body=HELLO, at=where) == (400, code)
    used = await discord.member("Ada").slash("aside", "do")
    hook: dict[str, object] = {"interaction_id": used.id, "interaction_token": used.interaction.token}
    assert api.refused(CALLBACK, body={"type": 4, "data": HELLO}, at=hook) == (400, code)
    if archived:
        assert api.refused(DELETE, at=where) == (400, 50083)
    else:
        api.answer(DELETE, at=where)
    role = discord.add.role(discord.guild, name="Keeper", permissions=Permission.MANAGE_THREADS)
    discord.guild.members[discord.application_id].role_ids.append(role.id)
    assert api.ask(POST, body=HELLO, at=place(channel))


async def test_a_button_in_an_archived_thread_cannot_change_its_message(api: Api) -> None:
    channel = thread(api.discord)
    button: Payload = {"type": 2, "style": 1, "label": "Vote", "custom_id": "v"}
    rows = [{"type": 1, "components": [button]}]
    made_id = number(api.ask(POST, body={"components": rows}, at=place(channel)), "id")
    message = channel.message(made_id)
    assert message is not None
    api.discord.disruptions.archive(channel)
    used = await api.discord.member("Ben").press(message, "Vote")
    where: dict[str, object] = {"interaction_id": used.id, "interaction_token": used.interaction.token}
    assert api.refused(CALLBACK, body={"type": 7, "data": HELLO}, at=where) == (400, 50083)
    assert used.answers == 0
    api.callback(used.interaction.token, kind=6)
    assert api.ask(FOLLOW_UP, body=HELLO, query={"wait": "1"}, at={"webhook_token": used.interaction.token})
    assert channel.thread is not None
    assert not channel.thread.archived


async def test_a_command_in_a_thread_tells_of_the_thread_and_its_parent(api: Api) -> None:
    channel = thread(api.discord)
    api.ask(COMMANDS, body=[command("do")])
    used = await api.discord.member("Ada").slash("aside", "do")
    payload = interaction_payload(api.discord.state, interaction=used.interaction)
    shown = entry(payload, "channel")
    assert (shown["type"], shown["parent_id"]) == (11, str(api.discord.channel("general").id))
    assert entry(shown, "thread_metadata")["locked"] is False
    assert payload["channel_id"] == str(channel.id)


async def test_a_command_is_typed_where_messages_are_and_names_channels_of_its_kinds(api: Api) -> None:
    forum = made(api.discord, FORUM_CHANNEL, "forum")
    api.ask(COMMANDS, body=[command("send", option("to", 7, channel_types=[0, 15]))])
    ada = api.discord.member("Ada")
    with pytest.raises(PickerError, match="nothing can be typed"):
        await ada.slash("forum", "send")
    with pytest.raises(PickerError, match="not offered"):
        await ada.slash("general", "send", to=thread(api.discord))
    used = await ada.slash("general", "send", to=forum)
    chosen = entry(entry(used.interaction.data, "resolved"), "channels")
    assert as_payload(chosen[str(forum.id)])["type"] == 15


def test_a_deleted_channel_takes_its_threads_with_it(api: Api) -> None:
    channel = thread(api.discord)
    api.discord.disruptions.delete_channel(api.discord.channel("general"))
    assert api.refused(CHANNEL, at=place(channel)) == (404, 10003)
    assert not api.discord.guild.threads


def only(listed: object) -> Payload:
    assert isinstance(listed, list)
    (message,) = listed
    return as_payload(message)


async def test_a_thread_that_is_started_from_a_message_begins_with_a_pointer_to_it(api: Api) -> None:
    ada, general = api.discord.member("Ada"), api.discord.channel("general")
    first = await ada.say("general", "hello")
    begun = api.discord.add.thread(general, name="aside", owner=api.discord.member("Ben").user, message=first)
    checker = SchemaChecker()
    shown = only(api.answer(MANY, at=place(begun)))
    checker.response(MANY, status=200, body=[shown])
    assert checker.problems == []
    assert begun.id == first.id != int(str(shown["id"]))
    assert (shown["type"], shown["content"], entry(shown, "author")["username"]) == (21, "", "ben")
    assert entry(shown, "referenced_message")["content"] == "hello"
