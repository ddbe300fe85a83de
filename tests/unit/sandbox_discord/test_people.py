import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sandbox.discord import LocalDiscord, Permission, PickerError
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.payloads import entries, entry
from sandbox.discord.people.person import Person
from sandbox.discord.people.transcript import transcript
from tests.unit.sandbox_discord.conftest import COMMANDS, POST, Api, command, option

WEIGHT = option("weight", 10, min_value=0, max_value=1)
MODEL = option("model", 3, choices=[{"name": "Five", "value": "v5"}])
INSPIRE = command("inspire", option("playlist", 3, required=True, max_length=10), WEIGHT, MODEL)
GRANT = option("grant", 1, options=[option("member", 6, required=True), option("credits", 4, required=True)])
QUOTA = command("quota", GRANT, default_member_permissions=str(int(Permission.MANAGE_GUILD)))


@pytest.fixture
def discord(api: Api) -> LocalDiscord:
    api.ask(COMMANDS, body=[INSPIRE, QUOTA])
    return api.discord


@pytest.fixture
def api() -> Api:
    return Api(LocalDiscord())


async def test_options_are_typed_as_the_command_declares_them(discord: LocalDiscord) -> None:
    used = await discord.member("Ada").slash("general", "inspire", playlist="abc", weight=0.5)
    assert used.interaction.data["options"] == [
        {"type": 3, "name": "playlist", "value": "abc"},
        {"type": 10, "name": "weight", "value": 0.5},
    ]


UNFIT: list[Callable[[Person], Awaitable[Invocation]]] = [
    lambda ada: ada.slash("general", "inspire"),
    lambda ada: ada.slash("general", "inspire", playlist=7),
    lambda ada: ada.slash("general", "inspire", playlist="x" * 11),
    lambda ada: ada.slash("general", "inspire", playlist=" "),
    lambda ada: ada.slash("general", "inspire", playlist="x", weight=1.5),
    lambda ada: ada.slash("general", "inspire", playlist="x", weight=-0.1),
    lambda ada: ada.slash("general", "inspire", playlist="x", weight=True),
    lambda ada: ada.slash("general", "inspire", playlist="x", model="v9"),
    lambda ada: ada.slash("general", "inspire", playlist="x", other=1),
]


@pytest.mark.parametrize("use", UNFIT)
async def test_the_picker_refuses_what_does_not_fit(
    discord: LocalDiscord, use: Callable[[Person], Awaitable[Invocation]]
) -> None:
    with pytest.raises(PickerError):
        await use(discord.member("Ada"))


async def test_a_request_past_the_picker_can_hold_anything(discord: LocalDiscord) -> None:
    used = await discord.member("Ada").slash("general", "inspire", past_picker=True, weight=7)
    assert entries(used.interaction.data, "options")[0]["value"] == 7


async def test_a_subcommand_takes_a_member_who_is_described(discord: LocalDiscord) -> None:
    ben = discord.member("Ben")
    used = await discord.member("Mo").slash("general", "quota grant", member=ben, credits=3)
    assert used.interaction.command_name == "quota grant"
    assert entries(used.interaction.data, "options")[0]["name"] == "grant"
    resolved = entry(used.interaction.data, "resolved")
    assert set(entry(resolved, "users")) == set(entry(resolved, "members")) == {str(ben.id)}


async def test_a_command_is_offered_only_to_those_it_is_for(discord: LocalDiscord) -> None:
    ada, ben = discord.member("Ada"), discord.member("Ben")
    for line in ("quota grant", "quota", "nothing", "quota none"):
        with pytest.raises(PickerError):
            await ada.slash("general", line, member=ben, credits=3)
    discord.disruptions.remove_member(ada)
    with pytest.raises(PickerError):
        await ada.slash("general", "inspire", playlist="x")


async def test_a_silent_bot_offers_no_choices(discord: LocalDiscord, api: Api) -> None:
    ada = discord.member("Ada")
    with pytest.raises(PickerError):
        await ada.autocomplete("general", "inspire", playlist="a")
    api.ask(COMMANDS, body=[command("find", option("song", 3, autocomplete=True))])
    with pytest.raises(AssertionError):
        await ada.autocomplete("general", "find", timeout_s=0.01, song="a")


async def test_choices_are_what_the_bot_answered(discord: LocalDiscord, api: Api) -> None:
    api.ask(COMMANDS, body=[command("find", option("song", 3, autocomplete=True))])
    typing = asyncio.create_task(discord.member("Ada").autocomplete("general", "find", song="a"))
    begun = await discord.wait_for(lambda: list(discord.state.interactions.by_token.values()))
    assert entries(begun[0].data, "options")[0]["focused"] is True
    api.callback(begun[0].token, kind=8, data={"choices": [{"name": "Song A", "value": "a1"}]})
    assert [(choice.name, choice.value) for choice in await typing] == [("Song A", "a1")]


def test_a_command_keeps_its_id_when_it_is_registered_again(discord: LocalDiscord, api: Api) -> None:
    def ids() -> list[object]:
        return [(one["id"], one["version"]) for one in discord.state.commands.by_guild[None]]

    first = ids()
    api.ask(COMMANDS, body=[INSPIRE, QUOTA])
    assert ids() == first
    api.ask(COMMANDS, body=[INSPIRE | {"description": "new"}, QUOTA])
    assert ids()[0] != first[0]
    assert ids()[1] == first[1]
    assert discord.registrations() == 3


async def test_a_transcript_shows_what_one_member_sees(discord: LocalDiscord, api: Api) -> None:
    embed = {
        "title": "Song",
        "url": "https://example.org/1",
        "description": "A line",
        "fields": [{"name": "Duration", "value": "2:05"}],
        "footer": {"text": "v5"},
    }
    row = [
        {"type": 2, "style": 4, "label": "Cancel", "custom_id": "c"},
        {"type": 2, "style": 5, "label": "Listen", "url": "https://example.org/a"},
    ]
    body = {
        "content": f"Here <@{discord.member('Ben').id}>",
        "embeds": [embed],
        "components": [{"type": 1, "components": row}],
    }
    api.ask(POST, body=body, at={"channel_id": discord.channel("general").id})
    used = await discord.member("Ada").slash("general", "inspire", playlist="x")
    api.callback(used.interaction.token, kind=4, data={"content": "No credits", "flags": 64})
    ada, ben = discord.member("Ada"), discord.member("Ben")
    seen = transcript(discord.channel("general"), seen_by=ada)
    for line in (
        "  Here @Ben",
        "  | Song <https://example.org/1>",
        "  | A line",
        "  | Duration: 2:05",
        "  | -- v5",
        "  [Cancel] [Listen -> https://example.org/a]",
        "Ada used /inspire",
        "  No credits",
        "  (only you can see this)",
    ):
        assert line in seen.splitlines()
    assert "No credits" not in transcript(discord.channel("general"), seen_by=ben)
    await ben.forward(discord.channel("general").messages[0], "songs")
    copied = transcript(discord.channel("songs"), seen_by=ben).splitlines()[1:4]
    assert copied == ["  forwarded:", "  > Here @Ben", "  > | Song <https://example.org/1>"]


async def test_a_subscriber_hears_of_changes_until_it_leaves(discord: LocalDiscord) -> None:
    heard: list[str] = []
    leave = discord.subscribe(lambda change: heard.append(change.kind))
    message = await discord.member("Ada").say("general", "hi")
    discord.disruptions.delete_message(message)
    leave()
    await discord.member("Ada").say("general", "hi")
    assert heard == ["message_posted", "message_deleted"]
