"""All commands as Discord gets them, in every language."""

import asyncio
from collections.abc import Callable, Iterator
from functools import cache

import discord
import pytest

from bot.app import _client
from bot.chat.connection.command_sync import are_same
from bot.chat.connection.command_translator import CommandTranslator
from bot.chat.translation import Language, language_of
from bot.config import Settings
from bot.domain.models import model_name
from bot.service_configs import song_config
from bot.services.runtime.heartbeat import ProcessConfig
from bot.timings import TIMINGS
from cogs.quota import USUAL_DAYS
from sandbox.discord.commands import localized
from sandbox.discord.payloads import Payload, entries, entry, text
from sandbox.discord.rules.commands import MAX_CHARACTERS, check_commands, command_characters
from sandbox.discord.rules.locales import LOCALES
from tests.fakes.media import FakeMedia
from tests.harness.bot import addresses_restored
from tests.unit.chat.bots import NoStore
from tests.unit.locales.pseudo import PSEUDO

OPERATORS_GUILD = 5
TRANSLATED = sorted(locale for locale in LOCALES if language_of(locale).code != "en")
OPTION_NAMES = {"ping", "deciders", "exempt"}
"""Choices that name an option, which is called the same in every language."""


@cache
def registered(choose: Callable[[str], Language]) -> list[Payload]:
    """The commands as they are sent to Discord."""

    async def payloads() -> list[Payload]:
        settings = Settings(discord_token="x", cqtai_api_key="x", operator_guild_id=OPERATORS_GUILD)
        with addresses_restored():
            client = _client(settings, ProcessConfig(), NoStore(), FakeMedia(), TIMINGS)
            await client._async_setup_hook()
            await client.setup_hook()
        translator = CommandTranslator(choose)
        commands = [
            one
            for place in (None, discord.Object(OPERATORS_GUILD))
            for one in client.tree.get_commands(guild=place)
        ]
        return [await one.get_translated_payload(client.tree, translator) for one in commands]

    return asyncio.run(payloads())


def parts(command: Payload, path: str = "") -> Iterator[tuple[str, Payload]]:
    """Yield a command and all that is nested in it, with where it is."""
    path = f"{path} {command['name']}".strip()
    yield path, command
    for nested in ("options", "choices"):
        for one in entries(command, nested):
            yield from parts(one, path)


def all_parts() -> list[tuple[str, Payload]]:
    return [part for command in registered(language_of) for part in parts(command)]


def is_choice(part: Payload) -> bool:
    return "value" in part


def models() -> set[str]:
    settings = Settings(discord_token="x", cqtai_api_key="x")
    return {model_name(model) for model in song_config(settings, TIMINGS.work).models}


def test_discord_takes_the_commands_in_all_languages() -> None:
    commands = check_commands(registered(language_of))
    assert len(commands) == 13
    assert max(map(command_characters, commands)) <= MAX_CHARACTERS


def test_each_description_is_in_every_language() -> None:
    described = [(path, part) for path, part in all_parts() if part.get("description")]
    assert len(described) > 100
    missing = {
        path for path, part in described if sorted(entry(part, "description_localizations")) != TRANSLATED
    }
    assert missing == set()


def test_each_choice_is_in_every_language_but_names_of_options_and_models() -> None:
    choices = [(path, part) for path, part in all_parts() if is_choice(part)]
    kept = {text(part, "name") for _, part in choices if not part.get("name_localizations")}
    assert {name.partition(" (")[0] for name in kept} == OPTION_NAMES | models()
    assert all(set(entry(part, "name_localizations")) <= set(TRANSLATED) for _, part in choices)


def test_only_names_that_are_not_typed_are_translated() -> None:
    named = {path for path, part in all_parts() if part.get("name_localizations") and not is_choice(part)}
    assert named == {"Song like this"}


def test_spanish_is_one_language_for_both_of_discords() -> None:
    for _, part in all_parts():
        translations = entry(part, "description_localizations")
        assert translations.get("es-ES") == translations.get("es-419")


def test_no_description_is_left_in_english() -> None:
    def left(command: Payload) -> Iterator[str]:
        for path, part in parts(localized(command, locale="de")):
            if part.get("description") and not text(part, "description_localized").endswith("~"):
                yield path

    assert [path for command in registered(lambda _: PSEUDO) for path in left(command)] == []


def test_the_report_says_its_usual_days() -> None:
    days = next(part for path, part in all_parts() if path == "quota report days")
    assert f"{USUAL_DAYS} if left out" in text(days, "description")


@pytest.mark.parametrize("choose", [lambda _: PSEUDO, lambda _: language_of("en-US")], ids=["other", "none"])
def test_commands_with_other_translations_are_registered_again(choose: Callable[[str], Language]) -> None:
    assert are_same(registered(language_of), registered(language_of))
    assert not are_same(registered(choose), registered(language_of))
