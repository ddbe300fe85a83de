"""Sentences about finished songs, and about lists of songs and playlists."""

from bot.chat.text import labels
from bot.chat.text.formatting import mention
from bot.domain.songs import TopPeriod

UNTITLED = "Untitled"
READY = "your song is ready."
"""Follows the requester's mention."""
ONE_CLIP = "Only one of the two clips came out."
CLIP_INCOMPLETE = "One clip may be incomplete."
LISTEN = "listen"
"""The words of a link to a clip's audio, in a line of facts."""
PRESS_LISTEN = f"Press **{labels.LISTEN}** to hear it."
NO_FILE = f"No file is attached. {PRESS_LISTEN}"
INSTRUMENTAL = "This song is instrumental: it has no lyrics."
LYRICS_MISSING = "The lyrics of this song aren't stored: they were never kept, or were deleted after a while."
PROMPT_ERASED = "-# The prompt is no longer stored."
EXPLICIT = "explicit"
EARLIER_SONG = "an earlier song"
LIST_TITLE = "Songs of this server"
MEMBERS_TITLE = "Songs of one member"
NO_SONGS = "There are no songs here yet. Request one with `/inspire`."
NOTHING_LOVED = f"Nobody loves a song here yet. Press {labels.HEART} below one that you love."
STARS_REPLACED = f"-# Stars are hearts now. Press {labels.HEART} for each clip that you love."
TOP_TITLES = {
    TopPeriod.DAY: "Most loved songs of the last 24 hours",
    TopPeriod.WEEK: "Most loved songs of the last 7 days",
    TopPeriod.MONTH: "Most loved songs of the last 30 days",
    TopPeriod.ALL: "Most loved songs of all time",
}
PLAYLISTS_TITLE = "Saved playlists"
NO_PLAYLISTS = "No playlists are saved here yet. Moderators save them with `/playlists add`."


def no_songs_of(user_id: int) -> str:
    """Say that a member has no songs in the server."""
    return f"{mention(user_id)} has no songs here yet."


def file_missing(clips: str) -> str:
    """Say which clips' files are not attached."""
    return f"The file of clip {clips} couldn't be attached. {PRESS_LISTEN}"
