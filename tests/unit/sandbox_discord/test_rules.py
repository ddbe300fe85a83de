import pytest

from sandbox.discord import LocalDiscord
from sandbox.discord.errors import ApiError, UnimplementedError, too_large
from sandbox.discord.payloads import Payload, entries, entry, items
from sandbox.discord.rules.commands import check_commands, command_characters
from sandbox.discord.rules.messages import Sent, Upload, check_message, check_sizes
from sandbox.discord.rules.modals import check_choices, check_modal
from tests.unit.sandbox_discord.conftest import CALLBACK, COMMANDS, POST, Api, command, option


def found_in(error: ApiError, path: str) -> list[object]:
    assert (error.status, error.code) == (400, 50035)
    tree = error.errors or {}
    for step in path.split(".") if path else []:
        assert step in tree, f"{step} is not in {tree}"
        tree = entry(tree, step)
    return items(tree, "_errors")


def button(**more: object) -> Payload:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **more}


def row(*parts: Payload) -> Payload:
    return {"type": 1, "components": list(parts)}


BROKEN_MESSAGES: list[tuple[Payload, str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"colour": 1}, "colour"),
    ({"flags": -1}, "flags"),
    ({"tts": "yes"}, "tts"),
    ({"nonce": "n" * 26}, "nonce"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    ({"embeds": ["text"]}, "embeds.0"),
    ({"embeds": {}}, "embeds"),
    ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
    ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
    ({"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]}, "embeds"),
    ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
    ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds.0.fields"),
    ({"embeds": [{"fields": [{"name": "n", "value": ""}]}]}, "embeds.0.fields.0.value"),
    ({"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]}, "embeds.0.fields.0.value"),
    ({"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]}, "embeds.0.fields.0.name"),
    ({"embeds": [{"url": "ftp://example.org"}]}, "embeds.0.url"),
    ({"embeds": [{"image": {"url": "cover.png"}}]}, "embeds.0.image.url"),
    ({"embeds": [{"image": {}}]}, "embeds.0.image.url"),
    ({"embeds": [{"color": 0x1000000}]}, "embeds.0.color"),
    ({"embeds": [{"timestamp": "yesterday"}]}, "embeds.0.timestamp"),
    ({"embeds": [{"colour": 1}]}, "embeds.0.colour"),
    ({"components": [row(button())] * 6}, "components"),
    ({"components": [row(*[button(custom_id=str(n)) for n in range(6)])]}, "components.0.components"),
    ({"components": [row()]}, "components.0.components"),
    ({"components": [button()]}, "components.0.type"),
    ({"components": [row(button(), button())]}, "components.0.components.1.custom_id"),
    ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
    ({"components": [row(button(label=None))]}, "components.0.components.0.label"),
    ({"components": [row(button(custom_id="x" * 101))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(custom_id=None))]}, "components.0.components.0.custom_id"),
    ({"components": [row(button(style=9))]}, "components.0.components.0.style"),
    ({"components": [row(button(style=5, custom_id=None))]}, "components.0.components.0.url"),
    (
        {"components": [row(button(style=5, url="https://example.org"))]},
        "components.0.components.0.custom_id",
    ),
    (
        {"components": [row(button(style=5, custom_id=None, url="https://e.org/" + "x" * 512))]},
        "components.0.components.0.url",
    ),
    ({"components": [row({"type": 3, "custom_id": "s"})]}, "components.0.components.0.options"),
    ({"components": [row({"type": 5, "custom_id": "s"}, button())]}, "components.0.components"),
    ({"allowed_mentions": {"parse": ["all"]}}, "allowed_mentions.parse.0"),
    ({"allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
    ({"attachments": [{"filename": "a"}]}, "attachments.0.id"),
    ({"attachments": [{"id": n} for n in range(11)]}, "attachments"),
]


@pytest.mark.parametrize(("payload", "path"), BROKEN_MESSAGES)
def test_a_broken_message_is_refused_at_the_field_that_is_wrong(payload: Payload, path: str) -> None:
    with pytest.raises(ApiError) as refusal:
        check_message(Sent(payload=payload, files={}))
    assert found_in(refusal.value, path)


def test_a_message_at_every_limit_is_taken() -> None:
    embed: Payload = {"title": "t" * 256, "description": "d" * 4096, "footer": {"text": "f" * 1648}}
    rows = [row(*[button(custom_id=f"{line}{place}") for place in range(5)]) for line in range(5)]
    payload: Payload = {"content": "c" * 2000, "embeds": [embed], "components": rows}
    check_message(Sent(payload=payload, files={}))


def test_an_interactions_problems_stand_below_data() -> None:
    with pytest.raises(ApiError) as refusal:
        check_message(Sent(payload={"content": "x" * 2001}, files={}), path=("data",), webhook=True)
    assert found_in(refusal.value, "data.content")


def test_what_the_stand_in_does_not_do_is_refused_loudly() -> None:
    with pytest.raises(UnimplementedError):
        check_message(Sent(payload={"flags": 1 << 15, "components": []}, files={}))
    with pytest.raises(UnimplementedError):
        check_message(Sent(payload={"poll": {"question": "?"}}, files={}))


def test_files_are_limited_each_in_sum_and_in_number() -> None:
    check_sizes({0: Upload("a", b"12")}, each=2, all_together=2)
    for files in ({0: Upload("a", b"123")}, {0: Upload("a", b"12"), 1: Upload("b", b"1")}):
        with pytest.raises(ApiError) as refusal:
            check_sizes(files, each=2, all_together=2)
        assert refusal.value.code == too_large().code
    with pytest.raises(ApiError) as refusal:
        check_message(Sent(payload={}, files={n: Upload("a", b"") for n in range(11)}))
    assert found_in(refusal.value, "attachments")


GROUP_IN_GROUP = option("a", 2, options=[option("b", 2, options=[option("c", 1)])])
BROKEN_COMMANDS: list[tuple[Payload, str]] = [
    (command("Upper"), "0.name"),
    (command("two words"), "0.name"),
    (command("x" * 33), "0.name"),
    (command("a", description=""), "0.description"),
    (command("a", description="x" * 101), "0.description"),
    (command("a", help="?"), "0.help"),
    (command("a", description_localizations={"de": "x" * 101}), "0.description_localizations.de"),
    (command("a", description_localizations={"tlh": "x"}), "0.description_localizations.tlh"),
    (command("a", name_localizations={"de": "Zwei Wörter"}), "0.name_localizations"),
    (
        command("a", option("b", 3, description_localizations={"de": ""})),
        "0.options.0.description_localizations.de",
    ),
    (
        command(
            "a", option("b", 3, choices=[{"name": "n", "value": "v", "name_localizations": {"xx": "n"}}])
        ),
        "0.options.0.choices.0.name_localizations.xx",
    ),
    ({"type": 3, "name": "Like this", "name_localizations": {"de": "x" * 33}}, "0.name_localizations.de"),
    (command("a", *[option(f"o{n}", 3) for n in range(26)]), "0.options"),
    (command("a", option("b", 3), option("b", 3)), "0.options.1.name"),
    (command("a", option("b", 3), option("c", 3, required=True)), "0.options.1"),
    (command("a", option("B", 3)), "0.options.0.name"),
    (command("a", option("b", 12)), "0.options.0.type"),
    (command("a", option("b", 1), option("c", 3)), "0.options"),
    (command("a", GROUP_IN_GROUP), "0.options.0.options"),
    (command("a", option("b", 1, options=[option("c", 1)])), "0.options.0.options"),
    (
        command("a", option("b", 3, choices=[{"name": str(n), "value": "v"} for n in range(26)])),
        "0.options.0.choices",
    ),
    (command("a", option("b", 4, choices=[{"name": "n", "value": "v"}])), "0.options.0.choices.0.value"),
    (command("a", option("b", 6, choices=[{"name": "n", "value": "v"}])), "0.options.0.choices"),
    (command("a", option("b", 3, autocomplete=True, choices=[{"name": "n", "value": "v"}])), "0.options.0"),
    (command("a", option("b", 6, autocomplete=True)), "0.options.0.autocomplete"),
    (command("a", option("b", 3, min_value=1)), "0.options.0.min_value"),
    (command("a", option("b", 4, min_value=2, max_value=1)), "0.options.0.min_value"),
    (command("a", option("b", 3, max_length=6001)), "0.options.0.max_length"),
]


@pytest.mark.parametrize(("broken", "path"), BROKEN_COMMANDS)
def test_a_broken_command_is_refused_at_the_field_that_is_wrong(broken: Payload, path: str) -> None:
    with pytest.raises(ApiError) as refusal:
        check_commands([broken])
    assert found_in(refusal.value, path)


def test_command_names_are_unique_and_few() -> None:
    with pytest.raises(ApiError) as refusal:
        check_commands([command("a"), command("a")])
    assert found_in(refusal.value, "1.name")
    with pytest.raises(ApiError) as refusal:
        check_commands([command(f"c{n}") for n in range(101)])
    assert found_in(refusal.value, "")
    big = [option(f"o{n}", 3, choices=[{"name": "n" * 100, "value": "v" * 100}] * 2) for n in range(20)]
    with pytest.raises(ApiError) as refusal:
        check_commands([command("a", *big)])
    assert found_in(refusal.value, "0")


def test_of_a_text_and_its_translations_the_longest_counts() -> None:
    translated = {"description": "short", "description_localizations": {"de": "d" * 90, "fr": "f" * 40}}
    assert command_characters(command("a", **translated)) == 91
    choice = {"name": "n", "value": "v", "name_localizations": {"de": "d" * 5}}
    assert command_characters({"name": "a", "description": "x" * 9, "choices": [choice]}) == 1 + 9 + 5 + 1


def test_a_good_command_with_groups_is_taken() -> None:
    inner = option("show", 1, options=[option("member", 6, required=True), option("days", 4, min_value=1)])
    assert check_commands([command("quota", inner, option("more", 2, options=[inner]))])


def test_a_modal_keeps_its_limits() -> None:
    field: Payload = {"type": 4, "custom_id": "why", "style": 1, "label": "Why"}
    good: Payload = {"custom_id": "m", "title": "T", "components": [row(field)]}
    assert check_modal(good) == good
    for broken, path in (
        ({"title": "t" * 46}, "data.title"),
        ({"components": []}, "data.components"),
        ({"components": [row(field)] * 6}, "data.components"),
        ({"components": [row(field | {"label": "l" * 46})]}, "data.components.0.components.0.label"),
    ):
        with pytest.raises(ApiError) as refusal:
            check_modal(good | broken)
        assert found_in(refusal.value, path)


def test_at_most_25_choices_of_100_characters_are_offered() -> None:
    for choices, path in (
        ([{"name": "n", "value": "v"}] * 26, "data.choices"),
        ([{"name": "n" * 101, "value": "v"}], "data.choices.0.name"),
        ([{"name": "n", "value": "v" * 101}], "data.choices.0.value"),
    ):
        with pytest.raises(ApiError) as refusal:
            check_choices({"choices": choices}, option_type=3)
        assert found_in(refusal.value, path)
    with pytest.raises(ApiError) as refusal:
        check_choices({"choices": [{"name": "n", "value": "v"}]}, option_type=4)
    assert found_in(refusal.value, "data.choices.0.value")


def test_blanks_around_an_embeds_texts_are_not_counted_and_not_kept(api: Api) -> None:
    pad = " " * 9
    embed: Payload = {
        "title": f"{pad}{'t' * 256}{pad}",
        "footer": {"text": f"{pad}f"},
        "author": {"name": f"a{pad}"},
        "fields": [{"name": f"{pad}n", "value": f"{'v' * 1024}{pad}"}],
    }
    where = {"channel_id": api.discord.channel("general").id}
    shown = entries(api.ask(POST, body={"embeds": [embed]}, at=where), "embeds")[0]
    assert shown["title"] == "t" * 256
    assert (entry(shown, "footer")["text"], entry(shown, "author")["name"]) == ("f", "a")
    assert entries(shown, "fields")[0] == {"name": "n", "value": "v" * 1024, "inline": False}
    blank: Payload = {"embeds": [{"fields": [{"name": pad, "value": "v"}]}]}
    assert api.refused(POST, body=blank, at=where) == (400, 50035)


@pytest.mark.parametrize(("kind", "most"), [(1, 100), (2, 15), (3, 15)])
def test_each_kind_of_command_has_its_own_number(api: Api, kind: int, most: int) -> None:
    more = {} if kind == 1 else {"description": "", "options": []}
    listed = [{**command(f"c{number}"), "type": kind, **more} for number in range(most + 1)]
    assert api.refused(COMMANDS, body=listed) == (400, 50035)
    made = api.answer(COMMANDS, body=listed[:-1])
    assert isinstance(made, list)
    assert len(made) == most


@pytest.mark.parametrize("strict", [True, False])
async def test_only_a_strict_stand_in_refuses_fields_that_it_does_not_know(strict: bool) -> None:
    api = Api(LocalDiscord(strict=strict))
    where = {"channel_id": api.discord.channel("general").id}
    api.ask(COMMANDS, body=[command("do")])
    used = await api.discord.member("Ada").slash("general", "do")
    token: dict[str, object] = {"interaction_id": used.id, "interaction_token": used.interaction.token}
    message: Payload = {"content": "x", "unknown": "y", "enforce_nonce": False}
    answer: Payload = {"type": 4, "data": message}
    for route, body, at in (
        (POST, message, where),
        (COMMANDS, [command("do", unknown=1)], {}),
        (CALLBACK, answer, token),
    ):
        if strict:
            assert api.refused(route, body=body, at=at) == (400, 50035)
        else:
            api.answer(route, body=body, at=at)
