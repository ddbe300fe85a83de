"""The lists that members turn the pages of: songs, the best of them, and saved playlists."""

from bot.chat.client import client_of
from bot.chat.pages import Page, PageButton, ids_of, page_of
from bot.chat.render.lines import playlist_line, rated_line, song_line
from bot.chat.showing import Asked
from bot.chat.viewing import viewer_of
from bot.domain.songbook import SongNotFoundError, Span
from bot.services.songs import LARGEST_ID

SPANS = {
    Span.DAY: "of the last 24 hours",
    Span.WEEK: "of the last 7 days",
    Span.MONTH: "of the last 30 days",
    Span.ALL: "of all time",
}


class SongPages(PageButton, template=ids_of("songs")):
    """A server's songs; the topic is a member's id if only theirs are shown."""

    name = "songs"

    @classmethod
    async def page(cls, interaction: Asked, topic: str, number: int) -> Page:
        """One page, newest first."""
        user_id = _user_of(topic)
        songbook = client_of(interaction).services.songbook
        sheet = await songbook.songs(viewer_of(interaction), user_id, number)
        nothing = "This member has no songs here yet." if user_id else "There are no songs here yet."
        title = "Songs of one member" if user_id else "Songs of this server"
        return page_of(sheet, song_line, title=title, nothing=f"{nothing} Ask for one with `/inspire`.")


class TopPages(PageButton, template=ids_of("top")):
    """A server's best songs; the topic is the time that they are from."""

    name = "top"

    @classmethod
    async def page(cls, interaction: Asked, topic: str, number: int) -> Page:
        """One page, best first."""
        if topic not in set(Span):
            raise SongNotFoundError
        span = Span(topic)
        sheet = await client_of(interaction).services.songbook.best(viewer_of(interaction), span, number)
        nothing = "Nobody has rated one yet: press the stars under a song."
        return page_of(sheet, rated_line, title=f"Best songs {SPANS[span]}", nothing=nothing)


class PlaylistPages(PageButton, template=ids_of("playlists")):
    """A server's saved playlists."""

    name = "playlists"

    @classmethod
    async def page(cls, interaction: Asked, topic: str, number: int) -> Page:  # noqa: ARG003 - there is one list
        """One page, by name."""
        sheet = await client_of(interaction).services.playlists.page(interaction.guild_id or 0, number)
        nothing = "No playlists are saved here yet. Moderators save them with `/playlists add`."
        return page_of(sheet, playlist_line, title="Saved playlists", nothing=nothing)


def _user_of(topic: str) -> int | None:
    """Return whose songs a list shows, None for everybody's; a client may send any topic.

    Raises:
        SongNotFoundError: the topic is nobody's id.
    """
    if not topic:
        return None
    if not topic.isdigit() or int(topic) > LARGEST_ID:
        raise SongNotFoundError
    return int(topic)
