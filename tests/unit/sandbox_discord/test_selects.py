import pytest

from sandbox.discord import PickerError
from sandbox.discord.errors import ApiError
from sandbox.discord.interactions.event import interaction_payload
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload, entries, entry, items, number, text
from sandbox.discord.rules.messages import Sent, check_message
from sandbox.discord.rules.modals import check_modal
from tests.unit.sandbox_discord.conftest import COMMANDS, POST, Api, command

MESSAGE, MODAL = 4, 9
STRING, MEMBER, ROLE, BOTH, CHANNEL = 3, 5, 6, 7, 8


def option(value: str, **more: object) -> Payload:
    return {"label": value.upper(), "value": value, **more}


def select(kind: int, **more: object) -> Payload:
    options: Payload = {"options": [option("a"), option("b")]} if kind == STRING else {}
    return {"type": kind, "custom_id": f"select:{kind}", **options, **more}


def message(*selects: Payload) -> Payload:
    return {"content": "choose", "components": [{"type": 1, "components": [one]} for one in selects]}


def modal(*components: Payload) -> Payload:
    labels = [
        {"type": 18, "label": f"Field {index}", "component": one} for index, one in enumerate(components)
    ]
    return {"custom_id": "form", "title": "Change it", "components": labels}


def words(**more: object) -> Payload:
    return {"type": 4, "custom_id": "words", "style": 1, **more}


def default(kind: str, its_id: int = 1) -> Payload:
    return {"default_values": [{"id": str(its_id), "type": kind}]}


EVERYWHERE: list[Payload] = [
    select(STRING, options=[]),
    select(STRING, options=[option(str(index)) for index in range(26)]),
    select(STRING, options=[option("a"), option("a")]),
    select(STRING, options=[option("a", description="d" * 101)]),
    select(STRING, options=[option("a", emoji={"symbol": "🎵"})]),
    select(STRING, max_values=3),
    select(STRING, options=[option("a", default=True), option("b", default=True)]),
    select(STRING, placeholder="p" * 151),
    select(STRING, min_values=2),
    select(STRING, **default("user")),
    select(MEMBER, options=[option("a")]),
    select(MEMBER, **default("role")),
    select(BOTH, **default("channel")),
    select(CHANNEL, default_values=[{"type": "channel"}]),
    select(MEMBER, channel_types=[0]),
    select(ROLE, custom_id=""),
    select(ROLE, max_values=26),
]


@pytest.mark.parametrize("broken", EVERYWHERE)
def test_a_broken_select_is_refused_in_messages_and_in_modals(broken: Payload) -> None:
    with pytest.raises(ApiError):
        check_message(Sent(payload=message(broken), files={}))
    with pytest.raises(ApiError):
        check_modal(modal(broken))


GOOD: list[Payload] = [
    select(STRING, options=[option("a", default=True, description="d", emoji={"name": "🎵"}), option("b")]),
    select(STRING, max_values=2, min_values=2, placeholder="Which"),
    select(MEMBER, **default("user")),
    select(BOTH, **default("role")),
    select(CHANNEL, channel_types=[0, 5], **default("channel")),
    select(ROLE, max_values=25),
]


@pytest.mark.parametrize("good", GOOD)
def test_a_good_select_is_taken_in_messages_and_in_modals(good: Payload) -> None:
    check_message(Sent(payload=message(good), files={}))
    assert check_modal(modal(good))


@pytest.mark.parametrize(
    "parts",
    [
        [select(STRING, disabled=True)],
        [select(STRING, min_values=0)],
        [select(STRING), select(STRING)],
        [words(), words()],
        [words(max_length=5, value="longer")],
        [words(min_length=5, value="x")],
        [words(min_length=6, max_length=5)],
        [words(style=3)],
    ],
)
def test_a_modal_refuses_what_cannot_be_filled_in(parts: list[Payload]) -> None:
    with pytest.raises(ApiError):
        check_modal(modal(*parts))


def test_a_message_can_have_a_disabled_select_and_one_that_takes_nothing() -> None:
    parts = [select(STRING, disabled=True), select(ROLE, min_values=0)]
    check_message(Sent(payload=message(*parts), files={}))
    assert check_modal(modal(select(ROLE, min_values=0, required=False)))


def posted(api: Api, *selects: Payload) -> Message:
    place = api.discord.channel("general")
    made = place.message(number(api.ask(POST, body=message(*selects), at={"channel_id": place.id}), "id"))
    assert made is not None
    return made


async def test_what_is_chosen_is_described_and_of_the_select_s_kind(api: Api) -> None:
    discord, guild = api.discord, api.discord.guild
    role, songs, ben = discord.moderators.id, discord.channel("songs").id, discord.member("Ben").id
    shown = posted(api, select(MEMBER), select(ROLE), select(BOTH), select(CHANNEL, channel_types=[0]))
    for kind, good, described in (
        (MEMBER, ben, "members"),
        (ROLE, role, "roles"),
        (BOTH, role, "roles"),
        (CHANNEL, songs, "channels"),
    ):
        used = await discord.member("Ada").choose(shown, f"select:{kind}", str(good))
        assert items(used.interaction.data, "values") == [str(good)]
        assert list(entry(entry(used.interaction.data, "resolved"), described)) == [str(good)]
        wrong = songs if kind != CHANNEL else ben
        with pytest.raises(PickerError):
            await discord.member("Ada").choose(shown, f"select:{kind}", str(wrong))
    voice = discord.add.channel(guild, name="voice", kind=2)
    with pytest.raises(PickerError):
        await discord.member("Ada").choose(shown, f"select:{CHANNEL}", str(voice.id))


async def asked(api: Api, *components: Payload) -> Invocation:
    api.ask(COMMANDS, body=[command("do")])
    used = await api.discord.member("Ada").slash("general", "do")
    api.callback(used.interaction.token, kind=MODAL, data=modal(*components))
    return used


async def test_a_modal_with_selects_is_filled_in_and_sent(api: Api) -> None:
    ada, ben = api.discord.member("Ada"), api.discord.member("Ben")
    many = select(STRING, max_values=2)
    used = await asked(api, words(value="before"), many, select(MEMBER, required=False))
    sent = await ada.submit_modal(used, {"Field 1": ["a", "b"], "select:5": str(ben.id)})
    filled = [entry(part, "component") for part in entries(sent.interaction.data, "components")]
    assert filled[0]["value"] == "before"
    assert [items(one, "values") for one in filled[1:]] == [["a", "b"], [str(ben.id)]]
    assert list(entry(entry(sent.interaction.data, "resolved"), "users")) == [str(ben.id)]
    without = await ada.submit_modal(used, {"Field 1": "a"})
    assert "resolved" not in without.interaction.data


async def test_a_modal_sends_what_was_chosen_from_the_start(api: Api) -> None:
    used = await asked(api, select(STRING, options=[option("a"), option("b", default=True)]))
    sent = await api.discord.member("Ada").submit_modal(used, {})
    part = entry(entries(sent.interaction.data, "components")[0], "component")
    assert items(part, "values") == ["b"]


@pytest.mark.parametrize("values", [{}, {"Field 0": "c"}, {"Field 0": ["a", "b"]}])
async def test_a_modal_refuses_a_choice_that_is_not_offered(
    api: Api, values: dict[str, str | list[str]]
) -> None:
    used = await asked(api, select(STRING))
    with pytest.raises(PickerError, match="Field 0"):
        await api.discord.member("Ada").submit_modal(used, values)


async def test_a_message_command_is_used_on_a_message(api: Api) -> None:
    ada, general = api.discord.member("Ada"), api.discord.channel("general")
    on_message: Payload = {"name": "Song like this", "type": 3}
    api.ask(COMMANDS, body=[on_message, command("do")])
    said = await api.discord.member("Ben").say("general", "https://suno.com/song/1")
    used = await ada.use_on(said, "Song like this")
    told = entry(interaction_payload(api.discord.state, interaction=used.interaction), "data")
    assert (told["type"], told["target_id"], told["name"]) == (3, str(said.id), "Song like this")
    shown = entry(entry(entry(told, "resolved"), "messages"), str(said.id))
    assert (shown["content"], entry(shown, "author")["username"]) == ("https://suno.com/song/1", "ben")
    api.callback(used.interaction.token, kind=MESSAGE, data={"content": "here it is"})
    answer = general.messages[-1]
    assert (answer.kind, text(answer.interaction, "target_message_id")) == (23, str(said.id))
    for name in ("do", "Song like that"):
        with pytest.raises(PickerError):
            await ada.use_on(said, name)
    api.discord.disruptions.delete_message(said)
    with pytest.raises(PickerError):
        await ada.use_on(said, "Song like this")
