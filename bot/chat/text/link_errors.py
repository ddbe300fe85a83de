"""Error messages about a text that names no playlist, no song or no persona."""

from dataclasses import dataclass
from typing import assert_never

from bot.domain.errors import LinkKind


@dataclass(frozen=True, slots=True)
class LinkOption:
    """An option that takes a link to a page on Suno."""

    noun: str
    """What the page shows; also a part of its address."""
    option: str
    paste: str
    """Tells how to get the link."""
    otherwise: str
    """What the option takes besides a link."""


_SHARE = "open it on suno.com, **Share**, **Copy link**."
PLAYLIST = LinkOption(
    "playlist", "playlist", f"Paste the link of a Suno playlist: {_SHARE}", "the name of a saved playlist"
)
SONG = LinkOption("song", "artist_clip", f"Paste the link of a Suno song: {_SHARE}", "an id of 36 characters")
PERSONA = LinkOption(
    "persona",
    "persona",
    "Open the persona on suno.com, and paste the address of its page.",
    "an id of 36 characters",
)
_LINKED = {
    LinkKind.PLAYLIST_LINK: PLAYLIST.noun,
    LinkKind.SONG_LINK: SONG.noun,
    LinkKind.PERSONA_LINK: PERSONA.noun,
}


def link_error(kind: LinkKind, wanted: LinkOption) -> str:
    """Say what was pasted instead of the wanted link, and where to get that."""
    noun, paste = wanted.noun, wanted.paste
    match kind:
        case LinkKind.EMPTY:
            return f"The {noun} is missing. {paste}"
        case LinkKind.CUT_OFF:
            return f"That {noun} link looks cut off: its id should have 36 characters. {paste}"
        case LinkKind.PLAYLIST_LINK | LinkKind.SONG_LINK | LinkKind.PERSONA_LINK:
            if _LINKED[kind] == noun:
                return f"That {noun} link can't be read. {paste}"
            return f"That is the link of a {_LINKED[kind]}, and `{wanted.option}` takes a {noun}. {paste}"
        case LinkKind.SEVERAL:
            return f"That text has more than one {noun} in it. Paste the link of just one."
        case LinkKind.SHORT_LINK:
            return (
                "That is a short link, which doesn't say where it leads. Open it in a browser, then paste "
                f"the address of the page: it should contain `/{noun}/`."
            )
        case LinkKind.OTHER_PAGE:
            return f"That page on suno.com isn't a {noun}. {paste}"
        case LinkKind.OTHER_SITE:
            return f"That link leads to another site, and only {noun}s on suno.com work. {paste}"
        case LinkKind.FREE_TEXT:
            return f"That is neither a {noun} link nor {wanted.otherwise}. {paste}"
        case _:
            assert_never(kind)
