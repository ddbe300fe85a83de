import asyncio
from gettext import NullTranslations
from pathlib import Path

import pytest

from bot.chat.translation import (
    CATALOGUES,
    ENGLISH,
    N_,
    Language,
    gettext,
    language_of,
    languages,
    ngettext,
    number,
    using,
)


class Shouting(NullTranslations):
    def gettext(self, message: str) -> str:
        return message.upper()


SHOUTED = Language("xx", Shouting())


def test_each_folder_with_a_catalogue_is_a_language() -> None:
    folders = {path.parts[-3] for path in CATALOGUES.glob("*/LC_MESSAGES/messages.po")}
    assert set(languages()) == {"en", "de", "es", "fr", "ja", "pt_BR", "zh_CN"} == folders | {"en"}


def test_without_compiled_catalogues_there_is_english_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    assert set(languages(tmp_path)) == {"en"}
    assert str(tmp_path) in caplog.text


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("de", "de"),
        ("es-ES", "es"),
        ("es-419", "es"),
        ("fr", "fr"),
        ("ja", "ja"),
        ("pt-BR", "pt_BR"),
        ("zh-CN", "zh_CN"),
        ("en-US", "en"),
        ("en-GB", "en"),
        ("zh-TW", "en"),
        ("sv-SE", "en"),
        ("tlh", "en"),
        ("", "en"),
    ],
)
def test_a_locale_of_discord_has_a_language_english_where_there_is_none(locale: str, code: str) -> None:
    assert language_of(locale).code == code


def test_a_marked_constant_is_translated_where_it_is_shown() -> None:
    day = N_("day")
    with using(language_of("de")):
        assert gettext(day) == "Tag"
        with using(ENGLISH):
            assert gettext(day) == "day"
        assert gettext("nobody has translated this") == "nobody has translated this"
    assert gettext(day) == "day"


def test_values_take_the_places_of_their_names() -> None:
    assert gettext("{a} before {b}", b="{a}", a=1) == "1 before {a}"
    assert gettext("a {literal} brace") == "a {literal} brace"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 credits"), (1, "1 credit"), (-1, "-1 credit"), (1200, "1,200 credits")]
)
def test_a_count_chooses_its_form(count: int, said: str) -> None:
    assert ngettext("{count} credit", "{count} credits", count) == said


def test_numbers_are_written_as_in_the_language() -> None:
    with using(language_of("de")):
        assert number(1_234_567) == "1.234.567"
    assert number(1_234_567) == "1,234,567"


def test_an_error_ends_the_language_of_its_block() -> None:
    with pytest.raises(LookupError), using(SHOUTED):
        raise LookupError
    assert gettext("day") == "day"


async def test_members_who_are_answered_at_once_have_their_own_languages() -> None:
    both = asyncio.Barrier(2)

    async def answer(language: Language) -> str:
        with using(language):
            await both.wait()
            return gettext("day")

    assert tuple(await asyncio.gather(answer(SHOUTED), answer(ENGLISH))) == ("DAY", "day")
