import pytest

from sandbox.discord import Permission, PickerError
from sandbox.discord.interactions.event import interaction_payload
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.payloads import Payload, entries, entry, text
from tests.harness.clock import FakeClock
from tests.unit.sandbox_discord.conftest import (
    CALLBACK,
    COMMANDS,
    DELETE_ORIGINAL,
    EDIT,
    EDIT_ORIGINAL,
    FOLLOW_UP,
    GET,
    Api,
    command,
    option,
)

DEFER, MESSAGE, UPDATE, CHOICES, MODAL = 5, 4, 7, 8, 9
EPHEMERAL = {"flags": 64}
BUTTON: Payload = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}


@pytest.fixture
async def used(api: Api) -> Invocation:
    api.ask(COMMANDS, body=[command("do", option("text", 3))])
    return await api.discord.member("Ada").slash("general", "do", text="x")


def by_token(invocation: Invocation) -> dict[str, object]:
    return {"webhook_token": invocation.interaction.token}


def refused_callback(api: Api, used: Invocation, body: Payload) -> tuple[int, int]:
    ids = {"interaction_id": used.id, "interaction_token": used.interaction.token}
    return api.refused(CALLBACK, body=body, at=ids)


async def test_an_answer_after_three_seconds_meets_an_unknown_interaction(
    api: Api, used: Invocation, clock: FakeClock
) -> None:
    clock.advance(3.01)
    assert used.expired
    assert refused_callback(api, used, {"type": DEFER}) == (404, 10062)
    assert used.answers == 0


async def test_an_interaction_is_answered_once(api: Api, used: Invocation, clock: FakeClock) -> None:
    clock.advance(2.5)
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "hi"})
    assert refused_callback(api, used, {"type": DEFER}) == (400, 40060)
    assert (used.answers, used.refused, used.answered_in_s, used.expired) == (1, [40060], 2.5, False)


async def test_a_wrong_answer_can_be_put_right(api: Api, used: Invocation) -> None:
    broken: list[Payload] = [
        {"type": MESSAGE, "data": {"content": "x" * 2001}},
        {"type": CHOICES},
        {"type": 99},
    ]
    for body in broken:
        assert refused_callback(api, used, body) == (400, 50035)
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "hi"})
    assert used.answers == 1


async def test_the_webhook_opens_with_the_answer_and_dies_with_the_token(
    api: Api, used: Invocation, clock: FakeClock
) -> None:
    assert api.refused(FOLLOW_UP, body={"content": "x"}, at=by_token(used)) == (404, 10015)
    assert api.refused(FOLLOW_UP, body={"content": "x"}, at={"webhook_token": "none"}) == (404, 10015)
    api.callback(used.interaction.token, kind=DEFER)
    clock.advance(899)
    api.answer(EDIT_ORIGINAL, body={"content": "x"}, at=by_token(used))
    clock.advance(1)
    assert api.refused(EDIT_ORIGINAL, body={"content": "y"}, at=by_token(used)) == (401, 50027)
    assert api.refused(FOLLOW_UP, body={"content": "y"}, at=by_token(used)) == (401, 50027)


async def test_the_deferral_decides_whether_the_answer_is_ephemeral(api: Api, used: Invocation) -> None:
    told = api.callback(used.interaction.token, kind=DEFER, data=dict(EPHEMERAL))
    assert entry(told, "interaction")["response_message_ephemeral"] is True
    api.answer(EDIT_ORIGINAL, body={"content": "x", "flags": 0}, at=by_token(used))
    assert used.ephemeral
    assert api.discord.member("Ben").sees("general") == []


async def test_the_first_follow_up_fills_a_deferral_as_visible_as_that_is(api: Api, used: Invocation) -> None:
    told = api.callback(used.interaction.token, kind=DEFER)
    first = api.ask(FOLLOW_UP, body={"content": "x", **EPHEMERAL}, query={"wait": "1"}, at=by_token(used))
    assert first["id"] == entry(told, "interaction")["response_message_id"]
    assert not used.ephemeral
    second = api.ask(FOLLOW_UP, body={"content": "y", **EPHEMERAL}, query={"wait": "1"}, at=by_token(used))
    assert second["id"] != first["id"]
    assert used.followups[0].ephemeral
    assert second["flags"] == 64


async def test_a_deleted_deferral_leaves_room_for_an_ephemeral_refusal(api: Api, used: Invocation) -> None:
    api.callback(used.interaction.token, kind=DEFER)
    api.answer(DELETE_ORIGINAL, at=by_token(used))
    api.answer(FOLLOW_UP, body={"content": "no", **EPHEMERAL}, at=by_token(used))
    assert used.ephemeral
    assert (await used.answer()).content == "no"
    assert api.refused(EDIT_ORIGINAL, body={"content": "x"}, at=by_token(used)) == (404, 10008)


async def test_an_ephemeral_message_is_unknown_to_the_bot_token(api: Api, used: Invocation) -> None:
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "x", **EPHEMERAL})
    message = await used.answer()
    where = {"channel_id": message.channel_id, "message_id": message.id}
    assert api.refused(EDIT, body={"content": "y"}, at=where) == (404, 10008)
    assert api.refused(GET, at=where) == (404, 10008)


async def test_a_token_touches_only_its_own_messages(api: Api, used: Invocation) -> None:
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "x"})
    other = await api.discord.member("Ben").say("general", "mine")
    edit = EDIT_ORIGINAL.replace("@original", "{message_id}")
    assert api.refused(edit, body={"content": "y"}, at=by_token(used) | {"message_id": other.id}) == (
        404,
        10008,
    )


async def test_a_button_updates_its_message(api: Api, used: Invocation) -> None:
    rows = [{"type": 1, "components": [BUTTON]}]
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "x", "components": rows})
    message = await used.answer()
    ben = api.discord.member("Ben")
    pressed = await ben.press(message, "go")
    api.callback(pressed.interaction.token, kind=UPDATE, data={"content": "y", "components": []})
    assert message.content == "y"
    with pytest.raises(PickerError):
        await ben.press(message, "Go")


async def test_a_button_of_a_hidden_message_is_not_pressed_by_others(api: Api, used: Invocation) -> None:
    rows = [{"type": 1, "components": [BUTTON | {"disabled": True}]}]
    data: Payload = {"content": "x", "components": rows, **EPHEMERAL}
    api.callback(used.interaction.token, kind=MESSAGE, data=data)
    message = await used.answer()
    for name in ("Ada", "Ben"):
        with pytest.raises(PickerError):
            await api.discord.member(name).press(message, "Go")


async def test_a_modal_takes_what_its_fields_take(api: Api, used: Invocation) -> None:
    field: Payload = {"type": 4, "custom_id": "why", "style": 1, "max_length": 5}
    label: Payload = {"type": 18, "label": "Why", "component": field}
    api.callback(
        used.interaction.token, kind=MODAL, data={"custom_id": "m", "title": "T", "components": [label]}
    )
    ada = api.discord.member("Ada")
    for values in ({}, {"Why": "too long"}, {"Why": "x", "Other": "y"}):
        with pytest.raises(PickerError):
            await ada.submit_modal(used, values)
    sent = await ada.submit_modal(used, {"why": "so"})
    part = entries(sent.interaction.data, "components")[0]
    assert entry(part, "component") == {"type": 4, "custom_id": "why", "value": "so"}
    told = api.callback(sent.interaction.token, kind=MESSAGE, data={"content": "thanks"})
    message = entry(entry(told, "resource"), "message")
    assert entry(message, "interaction_metadata")["triggering_interaction_metadata"]


async def test_a_select_offers_its_options(api: Api, used: Invocation) -> None:
    select: Payload = {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}]}
    data: Payload = {"content": "x", "components": [{"type": 1, "components": [select]}]}
    api.callback(used.interaction.token, kind=MESSAGE, data=data)
    message = await used.answer()
    chosen = await api.discord.member("Ada").choose(message, "s", "a")
    assert chosen.interaction.data["values"] == ["a"]
    with pytest.raises(PickerError):
        await api.discord.member("Ada").choose(message, "s", "b")


@pytest.mark.parametrize(("values", "fits"), [("", False), ("a", False), ("ab", True), ("abc", False)])
async def test_a_select_takes_as_many_values_as_it_says(
    api: Api, used: Invocation, values: str, *, fits: bool
) -> None:
    options = [{"label": one.upper(), "value": one} for one in "abc"]
    select = {"type": 3, "custom_id": "s", "options": options, "min_values": 2, "max_values": 2}
    data: Payload = {"content": "x", "components": [{"type": 1, "components": [select]}]}
    api.callback(used.interaction.token, kind=MESSAGE, data=data)
    choosing = api.discord.member("Ada").choose(await used.answer(), "s", *values)
    if fits:
        assert (await choosing).interaction.data["values"] == list(values)
    else:
        with pytest.raises(PickerError, match="choose 2, not"):
            await choosing


async def test_a_deleted_channel_is_unknown_to_the_token_too(api: Api, used: Invocation) -> None:
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "x"})
    api.discord.disruptions.delete_channel(api.discord.channel("general"))
    for route in (EDIT_ORIGINAL, DELETE_ORIGINAL, FOLLOW_UP):
        assert api.refused(route, body={"content": "y"}, at=by_token(used)) == (404, 10003)


async def test_the_bot_is_told_all_it_needs_of_an_interaction(api: Api, used: Invocation) -> None:
    told = interaction_payload(api.discord.state, interaction=used.interaction)
    guild_id = str(api.discord.guild.id)
    assert told["attachment_size_limit"] == 10 * 1024 * 1024
    assert told["authorizing_integration_owners"] == {"0": guild_id}
    assert (told["context"], told["guild_id"]) == (0, guild_id)
    assert int(text(told, "app_permissions")) & Permission.VIEW_CHANNEL
    api.discord.disruptions.hide(api.discord.channel("general"))
    hidden = interaction_payload(api.discord.state, interaction=used.interaction)
    assert not int(text(hidden, "app_permissions")) & Permission.VIEW_CHANNEL


async def test_a_command_in_direct_messages_comes_from_a_user(api: Api, used: Invocation) -> None:
    ada = api.discord.member("Ada")
    direct = await ada.slash(ada.direct_channel, "do")
    told = interaction_payload(api.discord.state, interaction=direct.interaction)
    assert (told["context"], entry(told, "user")["id"]) == (1, str(ada.id))
    assert "member" not in told
    api.ask(COMMANDS, body=[command("do", contexts=[0])])
    with pytest.raises(PickerError):
        await ada.slash(ada.direct_channel, "do")


async def test_an_answer_mentions_users_alone_unless_it_says_otherwise(api: Api) -> None:
    discord = api.discord
    loud = discord.add.role(discord.guild, name="Loud", permissions=Permission.MENTION_EVERYONE)
    discord.guild.members[discord.application_id].role_ids.append(loud.id)
    api.ask(COMMANDS, body=[command("do")])
    text_of_all = f"<@{discord.member('Ben').id}> <@&{discord.moderators.id}> @everyone"
    used = await discord.member("Ada").slash("general", "do")
    api.callback(used.interaction.token, kind=4, data={"content": text_of_all})
    assert used.original is not None
    assert used.original.pinged == {discord.member("Ben").id}
    assert (used.original.now.mention_roles, used.original.now.mention_everyone) == ((), False)
    allowed: Payload = {"allowed_mentions": {"parse": ["everyone"]}}
    told = api.ask(
        FOLLOW_UP, body={"content": text_of_all, **allowed}, query={"wait": "1"}, at=by_token(used)
    )
    assert (told["mention_everyone"], told["mentions"]) == (True, [])
