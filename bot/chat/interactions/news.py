"""What moderators decided for a member, after the answer to the member's next command."""

import logging

from bot.chat.api_errors import API_ERRORS
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond
from bot.chat.messages.audit import news_text
from bot.domain.errors import AnsweredElsewhereError, StoreError

log = logging.getLogger(__name__)


async def tell_news(interaction: GuildInteraction) -> None:
    """Tell the member privately and once; what Discord does not take is told at the next command.

    The command is answered already, so that errors are logged and never raised.
    """
    news_of = interaction.services.news
    try:
        news = await news_of.take(interaction.guild_id, interaction.user_id)
        if not news:
            return
        try:
            await respond(interaction, news_text(news))
        except (*API_ERRORS, AnsweredElsewhereError) as error:
            log.warning("News could not be told: %r", error, extra={"interaction": interaction.raw.id})
            await news_of.put_back(news)
    except StoreError as error:
        log.warning("News could not be read: %s", error, extra={"interaction": interaction.raw.id})
