"""Commands in the languages of the catalogues, as Discord shows them to each member."""

from collections.abc import Callable

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation, TranslationContextTypes
from typing_extensions import override

from bot.chat.translation import ENGLISH, Language, gettext, language_of, using

TYPED = frozenset({TranslationContextLocation.group_name, TranslationContextLocation.parameter_name})
"""Names that are typed and shared, so they are the same for everyone; those of slash commands are, too."""


class CommandTranslator(app_commands.Translator):
    """Translator of descriptions, choices and the names of message commands."""

    def __init__(self, language_of: Callable[[str], Language] = language_of) -> None:
        self._language_of = language_of

    @override
    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        language = self._language_of(locale.value)
        if language is ENGLISH or _is_typed(context):
            return None
        with using(language):
            translated = gettext(string.message)
        return translated if translated != string.message else None


def _is_typed(context: TranslationContextTypes) -> bool:
    if context.location is TranslationContextLocation.command_name:
        return isinstance(context.data, app_commands.Command)
    return context.location in TYPED
