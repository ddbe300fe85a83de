import pytest

from sandbox.discord import Bucket, Limits, LocalDiscord, Permission
from sandbox.discord.errors import ApiError
from sandbox.discord.interactions.event import interaction_payload
from sandbox.discord.limits import MIB
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload, entries, items, number, text
from sandbox.discord.rules.messages import Upload
from tests.harness.clock import FakeClock
from tests.unit.sandbox_discord.conftest import (
    COMMANDS,
    EDIT,
    EDIT_ORIGINAL,
    GET,
    POST,
    Api,
    command,
)


def posted(api: Api, **body: object) -> Message:
    place = api.discord.channel("general")
    made = api.ask(POST, body=body or {"content": "hello"}, at={"channel_id": place.id})
    message = place.message(number(made, "id"))
    assert message is not None
    return message


def at(message: Message) -> dict[str, object]:
    return {"channel_id": message.channel_id, "message_id": message.id}


def test_every_state_of_a_message_is_kept_with_its_time(api: Api, clock: FakeClock) -> None:
    message = posted(api, content="one")
    clock.advance(5)
    edited = api.ask(EDIT, body={"content": "two"}, at=at(message))
    assert [state.content for state in message.states] == ["one", "two"]
    assert (message.states[1].at - message.states[0].at).total_seconds() == 5
    assert edited["edited_timestamp"] == clock().isoformat(timespec="microseconds")


def test_the_same_nonce_finds_the_same_message_for_some_minutes(api: Api, clock: FakeClock) -> None:
    body = {"content": "x", "nonce": "r1", "enforce_nonce": True}
    first = posted(api, **body)
    assert posted(api, **body) is first
    assert posted(api, content="x", nonce="r1") is not first
    clock.advance(api.discord.state.limits.nonce_s + 1)
    assert posted(api, **body) is not first


def test_a_message_needs_something_to_show(api: Api) -> None:
    channel = api.discord.channel("general")
    assert api.refused(POST, body={"content": "  "}, at={"channel_id": channel.id}) == (400, 50006)
    message = posted(api)
    assert api.refused(EDIT, body={"content": None}, at=at(message)) == (400, 50006)
    assert message.content == "hello"


def test_files_that_an_edit_does_not_list_are_removed(api: Api) -> None:
    place = api.discord.channel("general")
    files = {0: Upload("a b.mp3", b"one"), 1: Upload("c.txt", b"two")}
    made = api.ask(
        POST,
        body={"attachments": [{"id": 1, "description": "text"}]},
        files=files,
        at={"channel_id": place.id},
    )
    assert [text(one, "filename") for one in entries(made, "attachments")] == ["a_b.mp3", "c.txt"]
    assert entries(made, "attachments")[1]["description"] == "text"
    ids = [number(one, "id") for one in entries(made, "attachments")]
    where: dict[str, object] = {"channel_id": place.id, "message_id": made["id"]}
    kept = api.ask(EDIT, body={"content": "still"}, at=where)
    assert len(items(kept, "attachments")) == 2
    less = api.ask(
        EDIT, body={"attachments": [{"id": ids[1]}, {"id": 0}]}, files={0: Upload("n", b"3")}, at=where
    )
    assert [text(one, "filename") for one in entries(less, "attachments")] == ["c.txt", "n"]
    assert api.refused(EDIT, body={"attachments": [{"id": ids[0]}]}, at=where) == (400, 50035)


def test_files_are_limited_by_size(api: Api) -> None:
    limits = api.discord.state.limits
    place: dict[str, object] = {"channel_id": api.discord.channel("general").id}
    large, half = bytes(limits.attachment_size + 1), bytes(limits.attachment_size)
    assert api.refused(POST, files={0: Upload("a", large)}, at=place) == (413, 40005)
    assert api.refused(POST, files={n: Upload("a", half) for n in range(3)}, at=place) == (413, 40005)
    assert api.ask(POST, files={n: Upload("a", half) for n in range(2)}, at=place)


def test_a_boosted_guild_takes_larger_posts_and_a_member_larger_answers(api: Api, clock: FakeClock) -> None:
    place: dict[str, object] = {"channel_id": api.discord.channel("general").id}
    large = {0: Upload("a", bytes(10 * MIB + 1))}
    assert api.refused(POST, files=large, at=place) == (413, 40005)
    api.discord.guild.premium_tier = 2
    made = api.ask(POST, files=large, at=place)
    assert number(entries(made, "attachments")[0], "size") == 10 * MIB + 1
    direct: dict[str, object] = {"channel_id": api.discord.member("Ada").direct_channel.id}
    assert api.refused(POST, files=large, at=direct) == (413, 40005)


async def test_an_answer_may_hold_what_the_member_may_upload_and_a_post_what_the_bot_may() -> None:
    limits = Limits(attachment_size=10, member_attachment_size=20)
    api = Api(LocalDiscord(limits=limits))
    api.ask(COMMANDS, body=[command("do")])
    used = await api.discord.member("Ada").slash("general", "do")
    told = interaction_payload(api.discord.state, interaction=used.interaction)
    assert told["attachment_size_limit"] == 20
    files = {0: Upload("a", bytes(20))}
    api.callback(used.interaction.token, kind=5)
    hook: dict[str, object] = {"webhook_token": used.interaction.token}
    assert api.ask(EDIT_ORIGINAL, files=files, at=hook)
    place: dict[str, object] = {"channel_id": api.discord.channel("general").id}
    assert api.refused(POST, files=files, at=place) == (413, 40005)


def test_an_embed_shows_a_file_that_is_then_not_listed(api: Api) -> None:
    embed = {"title": "t", "image": {"url": "attachment://c.png"}}
    channel_id = api.discord.channel("general").id
    files = {0: Upload("c.png", b"png")}
    made = api.ask(POST, body={"embeds": [embed]}, files=files, at={"channel_id": channel_id})
    assert items(made, "attachments") == []
    assert str(made["embeds"]).count(f"/attachments/{channel_id}/") == 2


@pytest.mark.parametrize(
    ("missing", "body", "code"),
    [
        (Permission.VIEW_CHANNEL, {"content": "x"}, 50001),
        (Permission.SEND_MESSAGES, {"content": "x"}, 50013),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}, 50013),
    ],
)
def test_posting_needs_permissions(api: Api, missing: Permission, body: Payload, code: int) -> None:
    channel = api.discord.channel("general")
    api.discord.disruptions.deny(channel, missing)
    assert api.refused(POST, body=body, at={"channel_id": channel.id}) == (403, code)
    api.discord.disruptions.allow(channel, missing)
    assert api.ask(POST, body=body, at={"channel_id": channel.id})


def test_files_need_their_permission(api: Api) -> None:
    channel = api.discord.channel("general")
    api.discord.disruptions.deny(channel, Permission.ATTACH_FILES)
    assert api.refused(POST, files={0: Upload("a", b"1")}, at={"channel_id": channel.id}) == (403, 50013)


def test_editing_an_own_message_needs_the_view_alone(api: Api) -> None:
    message = posted(api)
    api.discord.disruptions.deny(api.discord.channel("general"), Permission.SEND_MESSAGES)
    assert api.ask(EDIT, body={"content": "two"}, at=at(message))
    api.discord.disruptions.hide(api.discord.channel("general"))
    assert api.refused(EDIT, body={"content": "three"}, at=at(message)) == (403, 50001)


async def test_only_the_author_edits(api: Api) -> None:
    theirs = await api.discord.member("Ada").say("general", "mine")
    assert api.refused(EDIT, body={"content": "x"}, at=at(theirs)) == (403, 50005)
    delete = EDIT.replace("PATCH", "DELETE")
    assert api.refused(delete, at=at(theirs)) == (403, 50013)


def test_what_is_gone_is_unknown(api: Api) -> None:
    message = posted(api)
    api.discord.disruptions.delete_message(message)
    assert api.refused(EDIT, body={"content": "x"}, at=at(message)) == (404, 10008)
    assert message.deleted
    api.discord.disruptions.delete_channel(api.discord.channel("general"))
    assert api.refused(GET, at=at(message)) == (404, 10003)


def test_direct_messages_need_a_shared_guild(api: Api) -> None:
    ada = api.discord.member("Ada")
    place = {"channel_id": ada.direct_channel.id}
    assert api.ask(POST, body={"content": "x"}, at=place)
    api.discord.disruptions.remove_member(ada)
    assert api.refused(POST, body={"content": "x"}, at=place) == (403, 50007)


def test_only_so_many_conversations_are_opened_at_once_and_a_look_opens_none(clock: FakeClock) -> None:
    api = Api(LocalDiscord(clock=clock, limits=Limits(direct_openings=Bucket(requests=1, per_s=10))))
    opening, people = "POST /users/@me/channels", [api.discord.member("Ada"), api.discord.member("Ben")]
    first, second = ({"recipient_id": str(person.id)} for person in people)
    assert not any(person.direct_messages for person in people)
    assert api.ask(opening, body=first) == api.ask(opening, body=first)
    assert api.refused(opening, body=second) == (403, 40003)
    clock.advance(10)
    assert api.ask(opening, body=second)


def test_a_bot_that_was_thrown_out_has_no_access(api: Api) -> None:
    message = posted(api)
    api.discord.disruptions.remove_bot(api.discord.guild)
    assert api.refused(EDIT, body={"content": "x"}, at=at(message)) == (403, 50001)
    assert api.refused("GET /guilds/{guild_id}", at={"guild_id": api.discord.guild.id}) == (404, 10004)


def test_old_messages_take_few_edits(clock: FakeClock) -> None:
    api = Api(LocalDiscord(clock=clock, limits=Limits(old_message_edits=Bucket(requests=1, per_s=60))))
    message = posted(api)
    for content in ("a", "b"):
        api.ask(EDIT, body={"content": content}, at=at(message))
    clock.advance(3601)
    api.ask(EDIT, body={"content": "c"}, at=at(message))
    assert api.refused(EDIT, body={"content": "d"}, at=at(message)) == (429, 30046)
    clock.advance(61)
    assert api.ask(EDIT, body={"content": "d"}, at=at(message))


def test_only_allowed_mentions_reach_people_and_edits_reach_nobody(api: Api) -> None:
    ada, ben = api.discord.member("Ada").id, api.discord.member("Ben").id
    content = f"<@{ada}> <@{ben}> @everyone"
    free = posted(api, content=content)
    assert free.pinged == {ada, ben}
    assert not free.now.mention_everyone
    held = posted(api, content=content, allowed_mentions={"parse": [], "users": [str(ada)]})
    assert held.pinged == {ada}
    none = posted(api, content=content, allowed_mentions={"parse": []})
    assert none.pinged == frozenset()
    api.ask(EDIT, body={"content": content}, at=at(none))
    assert none.pinged == frozenset()
    assert none.now.mentions == (ada, ben)


def test_everyone_is_notified_by_those_who_may(api: Api) -> None:
    discord = api.discord
    role = discord.add.role(discord.guild, name="Loud", permissions=Permission.MENTION_EVERYONE)
    discord.guild.members[discord.application_id].role_ids.append(role.id)
    message = posted(api, content=f"@everyone <@&{discord.moderators.id}>")
    assert message.now.mention_everyone
    assert message.pinged == set(discord.guild.members)
    assert message.now.mention_roles == (discord.moderators.id,)


def test_a_reply_names_the_message_it_answers_which_must_exist(api: Api) -> None:
    first = posted(api)
    reply = posted(api, content="yes", message_reference={"message_id": str(first.id)})
    assert (reply.kind, (reply.reference or {})["message_id"]) == (19, str(first.id))
    body: Payload = {"content": "no", "message_reference": {"message_id": "1"}}
    place = {"channel_id": first.channel_id}
    assert api.refused(POST, body=body, at=place) == (400, 50035)
    free = posted(api, content="ok", message_reference={"message_id": "1", "fail_if_not_exists": False})
    assert (free.kind, free.reference) == (0, None)


def test_history_is_newest_first_and_pages(api: Api) -> None:
    made = [posted(api, content=str(number)) for number in range(4)]
    many = "GET /channels/{channel_id}/messages"
    where = {"channel_id": api.discord.channel("general").id}

    def contents(**query: str) -> list[object]:
        found = api.answer(many, query=query, at=where)
        return [one["content"] for one in found] if isinstance(found, list) else []

    assert contents() == ["3", "2", "1", "0"]
    assert contents(limit="1", before=str(made[2].id)) == ["1"]
    assert contents(limit="1", after=str(made[2].id)) == ["3"]
    assert contents(limit="2", around=str(made[2].id)) == ["2", "1"]
    assert contents(limit="1", around=str(made[2].id)) == ["2"]
    assert made[0].content == "0"


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"before": "1", "after": "2"}]
)
def test_history_is_asked_for_in_one_direction_and_a_hundred_at_most(api: Api, query: dict[str, str]) -> None:
    where = {"channel_id": api.discord.channel("general").id}
    with pytest.raises(ApiError) as refusal:
        api.answer("GET /channels/{channel_id}/messages", query=query, at=where)
    assert (refusal.value.status, refusal.value.code) == (400, 50035)


def test_history_without_its_permission_is_empty_and_one_message_is_refused(api: Api) -> None:
    message, channel = posted(api), api.discord.channel("general")
    api.discord.disruptions.deny(channel, Permission.READ_MESSAGE_HISTORY)
    assert api.answer("GET /channels/{channel_id}/messages", at={"channel_id": channel.id}) == []
    assert api.refused(GET, at=at(message)) == (403, 50013)
    api.discord.disruptions.hide(channel)
    many = "GET /channels/{channel_id}/messages"
    assert api.refused(many, at={"channel_id": channel.id}) == (403, 50001)


def test_embeds_that_share_a_url_are_shown_as_one(api: Api) -> None:
    same = [{"title": str(n), "url": "https://example.org"} for n in range(2)]
    message = posted(api, embeds=[*same, {"title": "other"}])
    assert len(message.embeds) == 3
    assert [embed["title"] for embed in message.shown_embeds] == ["0", "other"]
