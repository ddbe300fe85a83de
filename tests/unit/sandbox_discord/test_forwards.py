import pytest

from sandbox.discord import Permission
from sandbox.discord.errors import UnimplementedError
from sandbox.discord.gateway.sessions import MESSAGE_CONTENT
from sandbox.discord.model.message import Message
from sandbox.discord.model.world import Channel
from sandbox.discord.payloads import Payload, as_payload, entries, entry, number, text
from sandbox.discord.rules.messages import Upload
from sandbox.discord.schema import SchemaChecker
from tests.unit.sandbox_discord.conftest import EDIT, POST, Api

MANY = "GET /channels/{channel_id}/messages"
BUTTON: Payload = {"type": 2, "style": 2, "label": "Again", "custom_id": "again"}
SONG: Payload = {
    "content": "a song",
    "embeds": [{"title": "Quiet Harbour"}],
    "components": [{"type": 1, "components": [BUTTON]}],
}


@pytest.fixture
def song(api: Api) -> Message:
    place = api.discord.channel("general")
    files = {0: Upload("quiet-harbour.mp3", b"mp3")}
    made = api.ask(POST, body=SONG, files=files, at={"channel_id": place.id})
    message = place.message(number(made, "id"))
    assert message is not None
    return message


def reference(message: Message, **more: object) -> Payload:
    return {"type": 1, "message_id": str(message.id), "channel_id": str(message.channel_id), **more}


def forwarded(api: Api, message: Message, *, to: str = "songs", nonce: str = "") -> Payload:
    place = {"channel_id": api.discord.channel(to).id}
    body: Payload = {"message_reference": reference(message)}
    if nonce:
        body |= {"nonce": nonce, "enforce_nonce": True}
    return api.ask(POST, body=body, at=place)


def refused(api: Api, asked: Payload, **body: object) -> tuple[int, int]:
    place = {"channel_id": api.discord.channel("songs").id}
    return api.refused(POST, body={"message_reference": asked, **body}, at=place)


def only_one(listed: object) -> Payload:
    assert isinstance(listed, list)
    (message,) = listed
    return as_payload(message)


def snapshot(message: Payload) -> Payload:
    (shown,) = entries(message, "message_snapshots")
    return entry(shown, "message")


def hidden(api: Api, channel: Channel, permission: Permission) -> None:
    api.discord.disruptions.deny(channel, permission)


def test_a_bot_forwards_what_its_message_shows_now(api: Api, song: Message) -> None:
    sent = forwarded(api, song)
    assert (sent["content"], sent["embeds"], sent["attachments"], sent["components"]) == ("", [], [], [])
    assert number(sent, "flags") & 1 << 14
    guild = {"guild_id": str(api.discord.guild.id)}
    assert entry(sent, "message_reference") == reference(song) | guild
    shown = snapshot(sent)
    assert (shown["content"], entries(shown, "embeds")[0]["title"]) == ("a song", "Quiet Harbour")
    assert [text(one, "filename") for one in entries(shown, "attachments")] == ["quiet-harbour.mp3"]
    api.ask(EDIT, body={"content": "no song"}, at={"channel_id": song.channel_id, "message_id": song.id})
    assert shown["content"] == "a song"


def test_a_forward_is_posted_once_for_one_nonce(api: Api, song: Message) -> None:
    first = forwarded(api, song, nonce="r1")
    assert forwarded(api, song, nonce="r1")["id"] == first["id"] != forwarded(api, song)["id"]


def test_the_forward_of_a_forward_shows_the_first_message(api: Api, song: Message) -> None:
    copy = api.discord.channel("songs").message(number(forwarded(api, song), "id"))
    assert copy is not None
    assert snapshot(forwarded(api, copy, to="general"))["content"] == "a song"


@pytest.mark.parametrize(
    "own", [{"content": "look"}, {"embeds": [{"title": "look"}]}, {"components": SONG["components"]}]
)
def test_a_forward_has_nothing_of_its_own(api: Api, song: Message, own: Payload) -> None:
    assert refused(api, reference(song), **own) == (400, 50035)
    assert api.discord.channel("songs").messages == []


def test_a_forward_needs_a_message_that_the_bot_can_read(api: Api, song: Message) -> None:
    general = api.discord.channel("general")
    assert refused(api, reference(song) | {"message_id": "1"}) == (400, 50035)
    assert refused(api, reference(song, fail_if_not_exists=False) | {"message_id": "1"}) == (400, 50006)
    assert refused(api, reference(song) | {"channel_id": "1"}) == (404, 10003)
    hidden(api, general, Permission.READ_MESSAGE_HISTORY)
    assert refused(api, reference(song)) == (400, 160009)
    hidden(api, general, Permission.VIEW_CHANNEL)
    assert refused(api, reference(song)) == (403, 50001)


async def test_what_members_write_is_forwarded_only_with_the_intent_to_read_it(api: Api) -> None:
    said = await api.discord.member("Ada").say("general", "hello")
    assert refused(api, reference(said)) == (400, 160014)
    api.discord.state.credentials.privileged_intents = MESSAGE_CONTENT
    assert snapshot(forwarded(api, said))["content"] == "hello"


async def test_a_thread_s_first_message_cannot_be_forwarded(api: Api) -> None:
    discord = api.discord
    said = await discord.member("Ada").say("general", "hello")
    owner = discord.member("Ben").user
    begun = discord.add.thread(discord.channel("general"), name="aside", owner=owner, message=said)
    assert refused(api, reference(begun.messages[0])) == (400, 50035)


def test_a_forwarded_file_outlives_its_message(api: Api, song: Message) -> None:
    state, (file,) = api.discord.state, song.attachments
    forwarded(api, song)
    api.discord.disruptions.delete_message(song)
    assert state.attachment(song.channel_id, attachment_id=file.id) is file


def test_a_file_is_gone_with_its_message(api: Api, song: Message) -> None:
    state, (file,) = api.discord.state, song.attachments
    assert state.attachment(song.channel_id, attachment_id=file.id) is file
    api.discord.disruptions.delete_message(song)
    assert state.attachment(song.channel_id, attachment_id=file.id) is None


def test_an_edit_of_a_forward_is_not_known_here(api: Api, song: Message) -> None:
    made = forwarded(api, song)
    place = {"channel_id": api.discord.channel("songs").id, "message_id": made["id"]}
    with pytest.raises(UnimplementedError):
        api.ask(EDIT, body={"content": "more"}, at=place)


async def test_a_forwarded_message_shows_what_was_said_and_not_by_whom(api: Api) -> None:
    ada, general = api.discord.member("Ada"), api.discord.channel("general")
    first = await ada.say("general", "hello")
    copy = await api.discord.member("Ben").forward(first, "general")
    api.discord.disruptions.delete_message(first)
    checker = SchemaChecker()
    shown = only_one(api.answer(MANY, at={"channel_id": general.id}))
    checker.response(MANY, status=200, body=[shown])
    assert checker.problems == []
    assert (shown["id"], shown["content"], entry(shown, "author")["username"]) == (str(copy.id), "", "ben")
    assert entry(shown, "message_reference")["type"] == 1
    (snapshot,) = entries(shown, "message_snapshots")
    assert entry(snapshot, "message")["content"] == "hello"
    assert "author" not in entry(snapshot, "message")
