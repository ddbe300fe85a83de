"""Sentences for link errors and failed requests, and confirmations of pausing and cancelling."""

from types import MappingProxyType

from bot.chat.text.formatting import in_credits
from bot.domain.errors import LinkKind
from bot.domain.playlists import NameProblem
from bot.domain.requests import FailureKind

PLAYLISTS = MappingProxyType(
    {
        LinkKind.EMPTY: (
            "The playlist is missing. Paste the link of a Suno playlist: open it on suno.com, "
            "**Share**, **Copy link**."
        ),
        LinkKind.CUT_OFF: (
            "That playlist link looks cut off: its id should have 36 characters. Copy the whole link "
            "again: open the playlist on suno.com, **Share**, **Copy link**."
        ),
        LinkKind.PLAYLIST_LINK: (
            "That playlist link can't be read. Copy it again: open the playlist on suno.com, **Share**, "
            "**Copy link**."
        ),
        LinkKind.SONG_LINK: (
            "That is the link of one song, and a playlist is needed. Put the song in a playlist, then "
            "paste that playlist's link."
        ),
        LinkKind.PERSONA_LINK: (
            "That is the link of a persona, and a playlist is needed. Paste a playlist's link here, and the "
            "persona into `persona`."
        ),
        LinkKind.SEVERAL: "That text has more than one playlist in it. Paste the link of just one.",
        LinkKind.SHORT_LINK: (
            "That is a short link, which doesn't say where it leads. Open it in a browser, then copy "
            "the address of the page: it should contain `/playlist/`."
        ),
        LinkKind.OTHER_PAGE: (
            "That page on suno.com isn't a playlist. Open a playlist, **Share**, **Copy link**; the "
            "link should contain `/playlist/`."
        ),
        LinkKind.OTHER_SITE: (
            "That link leads to another site, and only playlists on suno.com can be used. Open one "
            "there, **Share**, **Copy link**."
        ),
        LinkKind.FREE_TEXT: (
            "That isn't a link. Paste the link of a Suno playlist: open it on suno.com, **Share**, "
            "**Copy link**."
        ),
    }
)
"""Message for a text that is no playlist link, by its kind."""

CLIPS = MappingProxyType(
    {
        LinkKind.EMPTY: (
            "The song is missing. Paste the link of a Suno song: open it on suno.com, **Share**, **Copy "
            "link**."
        ),
        LinkKind.CUT_OFF: (
            "That song link looks cut off: its id should have 36 characters. Copy the whole link again: "
            "open the song on suno.com, **Share**, **Copy link**."
        ),
        LinkKind.PLAYLIST_LINK: (
            "That is the link of a playlist, and `artist_clip` takes one song. Open the song itself on "
            "suno.com, **Share**, **Copy link**."
        ),
        LinkKind.SONG_LINK: (
            "That song link can't be read. Copy it again: open the song on suno.com, **Share**, **Copy "
            "link**."
        ),
        LinkKind.PERSONA_LINK: (
            "That is the link of a persona, and `artist_clip` takes one song. Paste the persona into "
            "`persona`."
        ),
        LinkKind.SEVERAL: "That text has more than one song in it. Paste the link of just one.",
        LinkKind.SHORT_LINK: (
            "That is a short link, which doesn't say where it leads. Open it in a browser, then copy "
            "the address of the page: it should contain `/song/`."
        ),
        LinkKind.OTHER_PAGE: (
            "That page on suno.com isn't a song. Open the song, **Share**, **Copy link**; the link "
            "should contain `/song/`."
        ),
        LinkKind.OTHER_SITE: (
            "That link leads to another site, and only songs on suno.com can be used. Open one there, "
            "**Share**, **Copy link**."
        ),
        LinkKind.FREE_TEXT: (
            "That isn't a link. Paste the link of a Suno song into `artist_clip`: open it on suno.com, "
            "**Share**, **Copy link**."
        ),
    }
)
"""Message for a text that is no song link, by its kind."""

_OPEN_PERSONA = "Open the persona on suno.com, and copy the address of its page."
PERSONAS = MappingProxyType(
    {
        LinkKind.EMPTY: f"The persona is missing. {_OPEN_PERSONA}",
        LinkKind.CUT_OFF: (f"That persona looks cut off: its id should have 36 characters. {_OPEN_PERSONA}"),
        LinkKind.PLAYLIST_LINK: f"That is the link of a playlist, not of a persona. {_OPEN_PERSONA}",
        LinkKind.SONG_LINK: f"That is the link of a song, not of a persona. {_OPEN_PERSONA}",
        LinkKind.PERSONA_LINK: f"That persona link can't be read. {_OPEN_PERSONA}",
        LinkKind.SEVERAL: "That text has more than one persona in it. Paste the link of just one.",
        LinkKind.SHORT_LINK: (
            "That is a short link, which doesn't say where it leads. Open it in a browser, then copy "
            "the address of the page: it should contain `/persona/`."
        ),
        LinkKind.OTHER_PAGE: f"That page on suno.com isn't a persona. {_OPEN_PERSONA}",
        LinkKind.OTHER_SITE: f"That link leads to another site, not to suno.com. {_OPEN_PERSONA}",
        LinkKind.FREE_TEXT: (
            "That can't be a persona: neither a link nor an id of 36 characters is in it. " + _OPEN_PERSONA
        ),
    }
)
"""Message for a text that is no persona link, by its kind."""

NAMES = MappingProxyType(
    {
        NameProblem.EMPTY: "That name has nothing to see in it. Choose one with letters or digits.",
        NameProblem.TOO_LONG: "That name is too long: a name has at most 100 characters.",
        NameProblem.LINK: "That name reads as a link, so it could never be chosen. Choose a word or two.",
    }
)
"""Message for an invalid name of a saved playlist, by the problem."""

FAILURES = MappingProxyType(
    {
        FailureKind.REFUSED: (
            "The song service refused this request. Check the playlist and the options, then try again."
        ),
        FailureKind.MODERATED: (
            "The song service's moderation turned this request away. Try another prompt or playlist."
        ),
        FailureKind.PLAYLIST_UNKNOWN: (
            "The song service can't find this playlist. Make sure that it is public or shared by link "
            "and not empty, then try again."
        ),
        FailureKind.TURNED_AWAY: (
            "A firewall in front of the song service turned this request away each time, while it let others "
            "pass. Change the words of the prompt, or leave it out, then try again."
        ),
        FailureKind.OPERATOR: (
            "The song service doesn't take requests from this bot at the moment. That is nothing you "
            "can mend: whoever runs the bot has to look at its account there."
        ),
        FailureKind.PROVIDER: "The song service failed while it made the song. Try again in a few minutes.",
        FailureKind.LOST_TASK: "The song service has lost track of this song. Try again with `/inspire`.",
        FailureKind.UNCERTAIN: (
            "The connection broke while the request was being sent, so it isn't known whether the song "
            "service took it. It won't be sent again by itself: press **Again**, or use `/inspire`, if "
            "you still want the song."
        ),
        FailureKind.SILENT: (
            "The song service made no progress for too long, so this request was given up. Try again in "
            "a few minutes."
        ),
        FailureKind.UNANSWERED: (
            "The song service hasn't answered for a day, so this request was given up. Try again when songs "
            "come out again."
        ),
        FailureKind.MODERATOR: "A moderator of this server turned this request away.",
        FailureKind.BLOCKED: "A moderator of this server doesn't let you ask for songs any more.",
        FailureKind.UNDECIDED: (
            "No moderator approved this request within a day, so it was given up. Ask a moderator before you "
            "try again."
        ),
    }
)
"""Message for a request that ended without a song; a further sentence says what happened to the credits."""


def cancelled_by_moderator(cost: int) -> str:
    """Confirm to a moderator that a request of this cost was cancelled."""
    back = f" Its {in_credits(cost)} went back to the member." if cost else ""
    return f"Cancelled.{back} The reason stands on the request's message."


def paused(waiting: int) -> str:
    """Confirm to a moderator that the server's songs are paused, with this many requests waiting."""
    kept = {0: "No request waits.", 1: "One request waits and keeps its place and its credits."}.get(
        waiting, f"{waiting:,} requests wait and keep their places and their credits."
    )
    return (
        f"Songs are paused in this server. {kept} What the song service has already will still be posted. "
        "`/requests resume` lets them go on."
    )


def resumed(waiting: int) -> str:
    """Confirm to a moderator that the server's songs go on, with this many requests waiting."""
    waited = {0: "No request waited.", 1: "One request waited."}.get(waiting, f"{waiting:,} requests waited.")
    return f"Songs go on in this server. {waited}"


def submissions_paused(waiting: int) -> str:
    """Confirm to the operator that submissions are paused, with this many requests waiting."""
    return f"Nothing more is submitted, for any server. {_in_line(waiting)} `/operator resume` lets it go on."


def submissions_resumed(waiting: int) -> str:
    """Confirm to the operator that submissions go on, with this many requests waiting."""
    return f"Submissions go on. {_in_line(waiting)}"


def _in_line(waiting: int) -> str:
    return "1 request waits." if waiting == 1 else f"{waiting:,} requests wait."
