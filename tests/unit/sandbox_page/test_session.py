import pytest

from sandbox.discord.messages.service import Posting, post
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.payloads import Payload, as_payload, entries, entry
from sandbox.discord.rules.commands import check_commands
from sandbox.discord.rules.messages import EPHEMERAL, Sent
from tests.unit.sandbox_page.conftest import PageClientHarness, Visit

BUTTON: Payload = {"type": 2, "style": 2, "label": "Cancel", "custom_id": "cancel:1"}
COMMANDS: list[Payload] = [
    {
        "name": "grant",
        "description": "Give credits",
        "default_member_permissions": str(1 << 5),
        "options": [
            {"type": 6, "name": "member", "description": "Who", "required": True},
            {"type": 4, "name": "credits", "description": "How many", "required": True, "max_value": 100},
        ],
    },
    {"name": "credits", "description": "See your credits"},
]


def whisper(harness: PageClientHarness, name: str) -> Message:
    """An ephemeral message to that person, with a button."""
    discord = harness.world.discord
    sent = Sent(
        payload={"content": f"for {name}", "components": [{"type": 1, "components": [BUTTON]}]}, files={}
    )
    bot, person = discord.state.world.bot, discord.member(name)
    posting = Posting(author=bot, origin=Origin.BOT, flags=EPHEMERAL, visible_to=person.id)
    return post(discord.state, channel=discord.channel("songs"), sent=sent, posting=posting)


def channels(visit: Visit) -> list[object]:
    return [one["name"] for one in entries(visit.last("places"), "channels")]


def offered(harness: PageClientHarness, visit: Visit) -> list[object]:
    songs = str(harness.world.discord.channel("songs").id)
    return [one["name"] for one in entries(entry(visit.last("places"), "commands"), songs)]


async def test_moderators_see_more_channels_and_commands(harness: PageClientHarness) -> None:
    harness.world.discord.state.commands.replace(None, commands=check_commands(COMMANDS))
    async with harness.visit("Ada") as ada, harness.visit("Mo") as mo:
        assert channels(ada) == ["general", "songs"]
        assert channels(mo) == ["general", "songs", "moderators", "bot-log"]
        assert offered(harness, ada) == ["credits"]
        assert offered(harness, mo) == ["credits", "grant"]
        assert "Only moderators read along here." in mo.messages
        assert "Only moderators read along here." not in ada.messages


async def test_a_person_sees_the_commands_in_the_language_that_they_choose(
    harness: PageClientHarness,
) -> None:
    translated = {"description_localizations": {"de": "Zeigt deine Credits"}}
    commands = [{"name": "credits", "description": "See your credits", **translated}]
    harness.world.discord.state.commands.replace(None, commands=check_commands(commands))
    async with harness.visit("Ada") as ada:

        def described() -> object:
            (command,) = entries(entry(ada.last("places"), "commands"), songs)
            return command.get("description_localized")

        songs = str(harness.world.discord.channel("songs").id)
        assert (ada.last("places")["locale"], described()) == ("en-US", None)
        assert "error" not in await ada.ask("speak", locale="de")
        assert (ada.last("places")["locale"], described()) == ("de", "Zeigt deine Credits")
        assert "error" in await ada.ask("speak", locale="tlh")


async def test_an_ephemeral_message_is_told_to_nobody_else(harness: PageClientHarness) -> None:
    message = whisper(harness, "Ada")
    pressing = {"channel": str(message.channel_id), "message": str(message.id), "custom_id": "cancel:1"}
    async with harness.visit("Ada") as ada, harness.visit("Ben") as ben:
        assert "for Ada" in ada.messages
        assert "for Ada" not in ben.messages
        assert await ben.ask("press", **pressing) | {"id": 0} == {
            "type": "reply",
            "id": 0,
            "error": "This message is gone.",
        }
        whisper(harness, "Ada")
        harness.world.discord.disruptions.delete_message(message)
        assert entry(await ada.told("message"), "message")["content"] == "for Ada"
        assert (await ada.told("gone"))["id"] == str(message.id)
        await ben.ask("say", channel=str(message.channel_id), content="hello")
        told = [one for one in ben.heard if one["type"] == "message"]
        assert [entry(one, "message")["content"] for one in told] == ["hello"]


async def test_a_hidden_channel_takes_nothing_from_those_who_do_not_see_it(
    harness: PageClientHarness,
) -> None:
    harness.world.discord.state.commands.replace(None, commands=check_commands(COMMANDS))
    hidden = str(harness.world.discord.channel("moderators").id)
    async with harness.visit("Ben") as ben:
        for act, details in (("say", {"content": "hello"}), ("use", {"command": "credits"})):
            answer = await ben.ask(act, channel=hidden, **details)
            assert answer["error"] == "You do not see this channel."


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ({}, "required: member, credits"),
        ({"member": "1", "credits": 5}, "member: Choose a member"),
        ({"member": "{ben}", "credits": "many"}, "credits: Must be a whole number"),
        ({"member": "{ben}", "credits": 101}, "credits: 101 is above 100"),
        ({"member": "{ben}", "credits": 5, "else": 1}, "no such option: else"),
    ],
)
async def test_what_the_picker_would_not_send_is_not_sent(
    harness: PageClientHarness, options: Payload, mistake: str
) -> None:
    discord = harness.world.discord
    discord.state.commands.replace(None, commands=check_commands(COMMANDS))
    ben = str(discord.member("Ben").id)
    given = {name: str(value).format(ben=ben) for name, value in options.items()}
    async with harness.visit("Mo") as mo:
        songs = str(discord.channel("songs").id)
        answer = await mo.ask("use", channel=songs, command="grant", options=given)
        assert mistake in str(answer["error"])
    assert not discord.state.interactions.by_token


async def test_where_no_bot_is_nothing_responds(harness: PageClientHarness) -> None:
    harness.world.discord.state.commands.replace(None, commands=check_commands(COMMANDS))
    message = whisper(harness, "Ada")
    songs = str(harness.world.discord.channel("songs").id)
    async with harness.visit("Ada") as ada:
        answer = await ada.ask("use", channel=songs, command="credits", options={})
        assert answer["failed"] == "The application did not respond"
        answer = await ada.ask("press", channel=songs, message=str(message.id), custom_id="cancel:1")
        assert answer["failed"] == "This interaction failed"


@pytest.mark.parametrize(
    ("act", "details"),
    [
        ("be", {"name": "Nobody"}),
        ("press", {"message": "x"}),
        ("submit", {"modal": "1"}),
        ("world", {"control": "provider", "value": "on fire"}),
        ("world", {"control": "pace", "value": "0"}),
        ("nonsense", {}),
        ("say", {"content": " "}),
    ],
)
async def test_nonsense_is_answered_with_an_error(
    harness: PageClientHarness, act: str, details: Payload
) -> None:
    async with harness.visit("Ada") as ada:
        assert (await ada.ask(act, channel="1", **details))["error"]
        songs = str(harness.world.discord.channel("songs").id)
        assert "error" not in await ada.ask("say", channel=songs, content="still there")


async def test_the_panel_s_levers_move_the_provider_and_the_network(harness: PageClientHarness) -> None:
    provider, discord = harness.world.provider, harness.world.discord
    async with harness.visit("Ada") as ada:

        async def turn(control: str, value: str) -> Payload:
            assert "error" not in await ada.ask("world", control=control, value=value)
            return harness.page.controls.snapshot()

        assert (await turn("provider", "slow"))["provider"] == "slow"
        assert len(list(provider.faults)) == 2
        assert (await turn("provider", "empty"))["balance"] == 0
        assert (await turn("network", "bad"))["balance"] == 0
        assert len(list(provider.faults)) == 3
        assert (await turn("provider", "down"))["balance"] == 1_000_000
        await turn("provider", "normal")
        assert (await turn("network", "good"))["network"] == "good"
        assert list(provider.faults) == []
        assert discord.faults.strike("GET /gateway/bot") is None
        assert (await turn("pace", "5"))["pace"] == "5"
        assert provider.pace.song_s == 5.0
        assert (await turn("bot", "kill"))["bot"] == "stopped"


async def test_direct_messages_are_read_by_their_owner_alone(harness: PageClientHarness) -> None:
    discord = harness.world.discord
    async with harness.visit("Ada") as ada, harness.visit("Ben") as ben:
        own = discord.member("Ada").direct_channel
        posting = Posting(author=discord.state.world.bot, origin=Origin.BOT)
        post(discord.state, channel=own, sent=Sent(payload={"content": "psst"}, files={}), posting=posting)
        assert [one["direct"] for one in entries(await ada.told("places"), "channels")] == [
            False,
            False,
            True,
        ]
        assert as_payload((await ada.told("message"))["message"])["content"] == "psst"
        await ben.ask("be", name="Ben")
        assert "psst" not in ben.messages
        assert channels(ben) == ["general", "songs"]
