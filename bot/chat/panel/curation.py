"""The settings of what can be asked for: only saved playlists, and forbidden words."""

from collections.abc import Sequence

from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.messages.choices import CHOICE_LIMIT
from bot.chat.messages.settings import ShownSettings, words_text
from bot.chat.panel.setting import Choice, Control, Setting, ValueControl
from bot.chat.text import confirmations, panel
from bot.chat.text.formatting import DESCRIPTION_LIMIT, capitalized, plain
from bot.domain.audit import Action
from bot.services.audit_log import Actor

PLAYLISTS, WORD, ADD = "playlists", "word", "add"
WORDS_LIMIT = 1000
"""Characters of words that are added at once."""
SAVED, EVERY = "saved", "every"
MAX_REMOVABLE = 24
"""Words that a select offers beside the one that opens the form."""


class OnlySaved(Setting):
    """Whether songs can be requested from saved playlists only."""

    action = Action.ONLY_SAVED
    name = panel.ONLY_SAVED

    @override
    def value(self, shown: ShownSettings) -> str:
        return panel.SAVED_PLAYLISTS if shown.settings.only_saved else panel.ANY_PLAYLIST

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        return [
            ValueControl(
                part=PLAYLISTS,
                placeholder=panel.CHOOSE_PLAYLISTS,
                options=[
                    (capitalized(panel.ANY_PLAYLIST), EVERY),
                    (capitalized(panel.SAVED_PLAYLISTS), SAVED),
                ],
                chosen=SAVED if shown.settings.only_saved else EVERY,
            )
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        return await self.change(interaction, actor, only_saved=choice.chosen == SAVED)

    async def change(self, interaction: GuildInteraction, actor: Actor, *, only_saved: bool) -> str:
        """Take requests from saved playlists only, or from all."""
        settings = await interaction.services.guild_settings.set_only_saved(actor, only_saved=only_saved)
        return confirmations.only_saved_set(only_saved=settings.only_saved)


class ForbiddenWords(Setting):
    """What prompts must not contain."""

    action = Action.WORDS
    name = panel.WORDS

    @override
    def value(self, shown: ShownSettings) -> str:
        return words_text(shown.settings)

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        words = shown.settings.words[:MAX_REMOVABLE]
        named = [(plain(panel.allow_again(word), limit=CHOICE_LIMIT), word) for word in words]
        return [ValueControl(part=WORD, placeholder=panel.CHOOSE_WORDS, options=named, other=panel.ADD_WORDS)]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        if choice.part == ADD:
            return await self.change(interaction, actor, add=str(choice.chosen))
        return await self.change(interaction, actor, remove=str(choice.chosen))

    async def change(
        self, interaction: GuildInteraction, actor: Actor, *, add: str = "", remove: str = ""
    ) -> str:
        """Add words to the list, and remove some."""
        settings = await interaction.services.words.change(actor, add=add, remove=remove)
        return confirmations.words_set(settings)

    @override
    async def state(self, interaction: GuildInteraction, *, role_id: int | None = None) -> str:
        settings = (await interaction.services.guild_settings.effective(interaction.guild_id)).settings
        return words_text(settings, limit=DESCRIPTION_LIMIT // 3) if settings.words else ""


ONLY_SAVED, WORDS = OnlySaved(), ForbiddenWords()
