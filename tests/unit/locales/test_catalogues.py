"""What `make locales` collects, and whether each catalogue has all of it, with nothing lost on the way."""

import re
from collections import Counter
from configparser import ConfigParser
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.chat.translation import CATALOGUES

ROOT = Path(__file__).parents[3]
TEMPLATE = CATALOGUES / "messages.pot"
LANGUAGES = sorted(path.name for path in CATALOGUES.iterdir() if (path / "LC_MESSAGES").is_dir())
KEPT = re.compile(
    r"\{\w*\}|<[@#:t/][^>]*>|`[^`]*`|\*\*|(?<![\w/])/[a-z]+|https?://\S+|-# |\n"
    r"|\b[A-Z]+(?:_[A-Z]+)+\b|\b[a-z]+_[a-z]+\b|\*\w+\*",
    re.ASCII,
)
"""What a translation has as the source has it: placeholders, mentions, code, commands and settings."""
NUMBER = re.compile(r"\b\d+(?:[.:]\d+)*", re.ASCII)
"""What it has, too; some languages write more numbers as digits."""


@cache
def catalogue(language: str) -> Catalog:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def places(catalog: Catalog) -> dict[object, set[str]]:
    return {message.id: {file for file, _ in message.locations} for message in messages(catalog)}


@cache
def collected() -> dict[object, set[str]]:
    """Each text of the source that is to be translated, with its files."""
    config = ConfigParser()
    config.read(ROOT / "babel.cfg", encoding="utf-8")
    methods = dict(config.items("extractors"))
    found: dict[object, set[str]] = {}
    for method, pattern in (section.split(": ") for section in config.sections() if ": " in section):
        folder = pattern.removesuffix("/**.py")
        for name, _, message, _, _ in extract_from_dir(
            ROOT / folder, [("**.py", methods.get(method, method))]
        ):
            found.setdefault(message, set()).add(f"{folder}/{name}")
    return found


def translations(catalog: Catalog) -> list[tuple[str, str]]:
    """Each text of the source with its translation; all plural forms beside the source's plural."""
    return [
        (forms_of(message.id)[-1], form) for message in messages(catalog) for form in forms_of(message.string)
    ]


def forms_of(text: object) -> list[str]:
    return [str(form or "") for form in (text if isinstance(text, list | tuple) else [text])]


def loses(source: str, translation: str) -> bool:
    """Whether the translation lacks something of the source, or has a placeholder or name of its own."""
    kept = Counter(KEPT.findall(source)) == Counter(KEPT.findall(translation))
    return not kept or bool(Counter(NUMBER.findall(source)) - Counter(NUMBER.findall(translation)))


def test_the_template_is_what_the_source_has() -> None:
    with TEMPLATE.open("rb") as file:
        assert places(read_po(file)) == collected(), "run `make locales`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_each_text_where_the_source_has_it_and_no_other(language: str) -> None:
    assert places(catalogue(language)) == collected(), "run `make locales`"
    assert list(catalogue(language).obsolete) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_is_translated_and_no_translation_is_a_guess(language: str) -> None:
    catalog = catalogue(language)
    assert not catalog.fuzzy
    assert [one.id for one in messages(catalog) if one.fuzzy] == []
    assert [source for source, translation in translations(catalog) if not translation] == []
    plurals = [one for one in messages(catalog) if isinstance(one.id, tuple)]
    assert {len(forms_of(one.string)) for one in plurals} == {catalog.num_plurals}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_loses_what_it_has_to_keep(language: str) -> None:
    assert [both for both in translations(catalogue(language)) if loses(*both)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_ends_as_its_source_does(language: str) -> None:
    different = [
        (source, translation)
        for source, translation in translations(catalogue(language))
        if translation != translation.strip() or translation.endswith((".", "。")) != source.endswith(".")
    ]
    assert different == []


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("{n} songs", "{m} Songs"),
        ("In <#1> only", "Nur in <#2>"),
        ("Type `/help`", "Gib /hilfe ein"),
        ("which /inspire offers", "die /inspiriere anbietet"),
        ("**Set up**: here", "Einrichten: hier"),
        ("whatever ALLOWED_GUILD_IDS says", "egal was die Einstellung sagt"),
        ("together with artist_clip", "zusammen mit dem Clip"),
        ("0.7 for 70%", "0,7 für 70 %"),
    ],
)
def test_what_a_translation_loses_is_found(source: str, translation: str) -> None:
    assert loses(source, translation)
