"""The setting of when members hear what moderators give them."""

from collections.abc import Sequence

from typing_extensions import override

from bot.chat.interactions.context import GuildInteraction
from bot.chat.messages.settings import ShownSettings
from bot.chat.panel.setting import Choice, Control, Setting, ValueControl
from bot.chat.text import confirmations, panel
from bot.chat.text.formatting import capitalized
from bot.domain.audit import Action
from bot.services.audit_log import Actor

WHEN, BY_COMMAND, BY_MESSAGE = "when", "command", "message"


class News(Setting):
    """When members are told what moderators give them."""

    action = Action.NEWS
    name = panel.NEWS

    @override
    def value(self, shown: ShownSettings) -> str:
        return panel.NEWS_AT_ONCE if shown.settings.tells_at_once else panel.NEWS_AT_COMMAND

    @override
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        return [
            ValueControl(
                part=WHEN,
                placeholder=panel.CHOOSE_NEWS,
                options=[
                    (capitalized(panel.NEWS_AT_COMMAND), BY_COMMAND),
                    (capitalized(panel.NEWS_AT_ONCE), BY_MESSAGE),
                ],
                chosen=BY_MESSAGE if shown.settings.tells_at_once else BY_COMMAND,
            )
        ]

    @override
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        return await self.change(interaction, actor, at_once=choice.chosen == BY_MESSAGE)

    async def change(self, interaction: GuildInteraction, actor: Actor, *, at_once: bool) -> str:
        """Tell members at once, or at their next command."""
        settings = await interaction.services.guild_settings.set_news(actor, at_once=at_once)
        return confirmations.news_set(at_once=settings.tells_at_once)


NEWS = News()
