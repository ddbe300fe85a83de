"""Songs and saved playlists as text: lines of a list, and choices."""

from typing import assert_never

from bot.chat.messages.choices import CHOICE_LIMIT
from bot.chat.text import labels
from bot.chat.text.failures import SHORT_FAILURES
from bot.chat.text.formatting import (
    counted,
    mention,
    message_page,
    minutes,
    plain,
    playlist_link,
    quoted,
    relative,
)
from bot.chat.text.songs import UNTITLED
from bot.domain.playlist_choice import SURPRISE, Suggestion, SuggestionKind
from bot.domain.playlists import PlaylistOutcomes
from bot.domain.songs import Loves, Song
from bot.services.library.playlists import ListedPlaylist
from bot.services.repositories.library import SongTitle

TITLE_SHOWN = 100
"""Characters of a title in a list, escapes included."""
NAME_IN_CHOICE = 70
"""Characters of a name in a choice that has more words."""
NOTHING_SAVED = "Nothing is saved here yet: paste the link of a Suno playlist"


def song_line(song: Song) -> str:
    """Format a finished song: title, requester, time, duration and loves."""
    facts = [_linked(song), _who(song), relative(song.request.ended_at or song.request.placed_at)]
    facts += [minutes(song.duration_s), in_hearts(song.loves)]
    return " · ".join(fact for fact in facts if fact)


def loved_line(song: Song) -> str:
    """Format a loved song, the members who love it first."""
    facts = [f"**{in_hearts(song.loves)}**", _linked(song), _who(song), minutes(song.duration_s)]
    return " · ".join(facts)


def playlist_line(listed: ListedPlaylist) -> str:
    """Format a saved playlist: whether it is the default one, when it was used, and what came of that."""
    playlist = listed.playlist
    default = " · **default**" if listed.is_default else ""
    used = f" · last used {relative(playlist.used_at)}" if playlist.used_at else ""
    head = f"{playlist_link(playlist.playlist_id, playlist.name)}{default}{used}"
    outcomes = _outcomes(playlist.outcomes)
    return f"{head}\n-# {outcomes}" if outcomes else head


def _outcomes(outcomes: PlaylistOutcomes) -> str:
    """Say what the requests from a playlist came to; empty if there were none."""
    parts = []
    if outcomes.songs:
        parts.append(counted(outcomes.songs, "song"))
    if outcomes.loves:
        parts.append(f"{labels.HEART} {outcomes.loves:,}")
    if outcomes.failures:
        last = f", the last one {relative(outcomes.failed_at)}" if outcomes.failed_at else ""
        why = f": {SHORT_FAILURES[outcomes.last_failure]}" if outcomes.last_failure else ""
        parts.append(f"{outcomes.failures:,} failed{last}{why}")
    return " · ".join(parts)


def playlist_choice(suggestion: Suggestion) -> str:
    """Format a suggested playlist as an autocomplete choice."""
    name = plain(suggestion.name, limit=NAME_IN_CHOICE, otherwise=UNTITLED)
    match suggestion.kind:
        case SuggestionKind.DEFAULT:
            return f"{name} (default here)"
        case SuggestionKind.SAVED:
            return plain(suggestion.name, limit=CHOICE_LIMIT)
        case SuggestionKind.SURPRISE:
            return f"{SURPRISE} (a random saved playlist)"
        case SuggestionKind.OWN:
            return f"The playlist of your song {name}"
        case SuggestionKind.LINK:
            return f"This playlist: {suggestion.value}"
        case SuggestionKind.NOTHING:
            return NOTHING_SAVED
        case _:
            assert_never(suggestion.kind)


def song_choice(title: SongTitle) -> str:
    """Format a song as an autocomplete choice, with the day (UTC) of its request."""
    day = f" · {title.placed_at:%Y-%m-%d}"
    return plain(title.words, limit=CHOICE_LIMIT - len(day), otherwise=UNTITLED) + day


def _linked(song: Song) -> str:
    title = quoted(song.title, limit=TITLE_SHOWN, otherwise=UNTITLED)
    if song.post is None:
        return f"**{title}**"
    return f"[{title}]({message_page(song.request.guild_id, *song.post)})"


def _who(song: Song) -> str:
    return mention(song.request.user_id) if song.request.user_id else "a former member"


def in_hearts(loves: Loves) -> str:
    """Format how many members love a song; empty if nobody does."""
    return f"{labels.HEART} {loves.members:,}" if loves.members else ""
