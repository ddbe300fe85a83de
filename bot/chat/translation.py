"""What people read in their language: gettext over the catalogues in `bot/locales`."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from types import MappingProxyType

from babel.core import negotiate_locale
from babel.numbers import format_decimal

log = logging.getLogger(__name__)

CATALOGUES = Path(__file__).parents[1] / "locales"
COMPILED = Path("LC_MESSAGES", "messages.mo")
"""Where a language's folder has its compiled catalogue."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language in which people can read the bot."""

    code: str
    """As its folder is called, for example `pt_BR`."""
    translations: NullTranslations


ENGLISH = Language("en", NullTranslations())
"""The language of the source, which needs no catalogue."""
_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it, which extraction looks for
    """Mark a constant for translation, and return it as it is; pass it to `gettext` where it is shown."""
    return message


def gettext(message: str, **values: object) -> str:
    """Return the message in the current language, its placeholders filled in; in English if it lacks it."""
    translated = _current.get().translations.gettext(message)
    return translated.format(**values) if values else translated


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """Return the form that fits the count, which `{count}` stands for, as `gettext` does."""
    translated = _current.get().translations.ngettext(singular, plural, abs(count))
    return translated.format(count=number(count), **values)


def number(value: int) -> str:
    """Format a number as the current language does, for example "1,200" or "1.200"."""
    return format_decimal(value, locale=_current.get().code)


@contextmanager
def using(language: Language) -> Iterator[None]:
    """Make the language the current one of this task."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


@cache
def languages(catalogues: Path = CATALOGUES) -> Mapping[str, Language]:
    """Return the languages by their codes: English, and one for each folder with a compiled catalogue."""
    found = {ENGLISH.code: ENGLISH}
    for path in sorted(catalogues.glob(f"*/{COMPILED}")):
        with path.open("rb") as file:
            code = path.relative_to(catalogues).parts[0]
            found[code] = Language(code, GNUTranslations(file))
    if len(found) == 1:
        log.warning(
            "All is in English: no translation is compiled (pybabel compile --directory %s)", catalogues
        )
    return MappingProxyType(found)


@cache
def language_of(locale: str) -> Language:
    """Return the language for one of Discord's locales, such as `es-419`; English where there is none."""
    code = negotiate_locale([locale.replace("-", "_")], list(languages()))
    return languages()[code] if code else ENGLISH
