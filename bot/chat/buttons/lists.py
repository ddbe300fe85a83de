"""Paginated lists: a server's songs, its best songs and its saved playlists; for the owner, all servers."""

from bot.chat.buttons.pages import PageButton, PageView, custom_id_template, page_view
from bot.chat.guild_facts import guild_facts, visible_guilds
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import Operators
from bot.chat.messages.library import loved_line, playlist_line, song_line
from bot.chat.messages.operator import SERVERS_TITLE, server_lines, servers_together
from bot.chat.text.songs import (
    LIST_TITLE,
    MEMBERS_TITLE,
    NO_PLAYLISTS,
    NO_SONGS,
    NOTHING_LOVED,
    PLAYLISTS_TITLE,
    TOP_TITLES,
    no_songs_of,
)
from bot.domain.requests import MAX_ID
from bot.domain.songs import SongNotFoundError, TopPeriod
from bot.domain.spending import ServerSpending


class SongPages(PageButton, template=custom_id_template("songs")):
    """List of a server's songs; the topic is a member's id, or empty for all members."""

    name = "songs"

    @classmethod
    async def page(cls, interaction: GuildInteraction, topic: str, number: int) -> PageView:
        """Return one page of songs, newest first."""
        user_id = _user_of(topic)
        library = interaction.services.songs
        page = await library.songs(interaction.viewer(), user_id, number)
        title, nothing = (MEMBERS_TITLE, no_songs_of(user_id)) if user_id else (LIST_TITLE, NO_SONGS)
        return page_view(page, song_line, title=title, nothing=nothing)


class TopPages(PageButton, template=custom_id_template("top")):
    """List of a server's most loved songs; the topic is their period."""

    name = "top"

    @classmethod
    async def page(cls, interaction: GuildInteraction, topic: str, number: int) -> PageView:
        """Return one page of songs, most loved first."""
        if topic not in set(TopPeriod):
            raise SongNotFoundError
        span = TopPeriod(topic)
        page = await interaction.services.songs.best(interaction.viewer(), span, number)
        return page_view(page, loved_line, title=TOP_TITLES[span], nothing=NOTHING_LOVED)


class PlaylistPages(PageButton, template=custom_id_template("playlists")):
    """List of a server's saved playlists."""

    name = "playlists"

    @classmethod
    async def page(cls, interaction: GuildInteraction, topic: str, number: int) -> PageView:  # noqa: ARG003 - there is one list
        """Return one page of playlists, by name."""
        page = await interaction.services.playlists.page(interaction.guild_id, number)
        return page_view(page, playlist_line, title=PLAYLISTS_TITLE, nothing=NO_PLAYLISTS)


class ServerPages(PageButton, template=custom_id_template("servers")):
    """List of all servers, for the bot's owner."""

    name = "servers"

    @classmethod
    async def page(cls, interaction: GuildInteraction, topic: str, number: int) -> PageView:  # noqa: ARG003 - there is one list
        """Return one page of servers, the most expensive first."""
        client = interaction.raw.client
        visible, operator = visible_guilds(client), interaction.services.operator
        shown = await Operators().only(interaction, lambda: operator.servers(number, visible))
        facts = await guild_facts(client, (one.guild_id for one in shown.page.items if not one.has_left))

        def lines(server: ServerSpending) -> str:
            return server_lines(server, facts.get(server.guild_id))

        view = page_view(shown.page, lines, title=SERVERS_TITLE, nothing="")
        view.embed.description = f"{servers_together(shown.together)}\n\n{view.embed.description}"
        return view


def _user_of(topic: str) -> int | None:
    """Parse the id of the member whose songs a list shows; None for all members.

    Raises:
        SongNotFoundError: the topic is no id; a modified Discord client may send any topic.
    """
    if not topic:
        return None
    if not topic.isdigit() or int(topic) > MAX_ID:
        raise SongNotFoundError
    return int(topic)
