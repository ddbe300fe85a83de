"""The buttons of `/help`, each of which answers as a command does."""

from bot.chat.buttons.lists import PlaylistPages, SongPages
from bot.chat.interactions.components import SafeButton
from bot.chat.interactions.context import GuildInteraction
from bot.chat.member_responses import respond_with_credits, respond_with_queue
from bot.chat.messages.buttons import HelpTopic

ANSWERS = {
    HelpTopic.CREDITS: respond_with_credits,
    HelpTopic.QUEUE: respond_with_queue,
    HelpTopic.SONGS: SongPages.open,
    HelpTopic.PLAYLISTS: PlaylistPages.open,
}


class HelpButton(SafeButton, template=rf"help:(?P<topic>{'|'.join(HelpTopic)})"):
    """Button that answers as the command of its topic does, for the member who presses it."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Answer as the command does."""
        await ANSWERS[HelpTopic(self.match["topic"])](interaction)
