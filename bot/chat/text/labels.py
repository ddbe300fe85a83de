"""Labels of buttons and forms; sentences name a button by its label, in bold."""

from bot.chat.translation import N_

CANCEL = "Cancel"
CANCEL_TITLE = "Cancel this member's request"
APPROVE = "Approve"
DECLINE = "Decline"
PENDING = "All that wait"
DECLINE_TITLE = "Decline this request"
USUAL_REASON = "A usual reason"
OWN_REASON = "None: in my own words, below"
USUAL_REASONS = (
    "The prompt doesn't fit this server.",
    "The playlist doesn't fit this server.",
    "It is too much like an earlier song.",
    "There are too many requests at the moment.",
)
REASON = "Why? The member and moderators can read it"
WHY = "Why?"
AGAIN = "Again"
TRY_AGAIN = "Try again"
MENU = "More..."
CHANGE = "Change and make again"
SONG_LIKE_THIS = N_("Song like this")
EDIT_AND_TRY = "Edit and try again"
NEW_SONG = "New song"
TYPED = "What you typed"
FORM_PLAYLIST = "Playlist"
FORM_PLAYLIST_HINT = "A link, or the name of a saved playlist"
FORM_OTHER_PLAYLIST = "Another playlist"
FORM_PROMPT_FULL = "Only its first 4,000 characters fit in here"
FORM_PROMPT = "Prompt"
FORM_MODEL = "Model"
FORM_WEIGHTS = "Weights"
FORM_WEIGHTS_HINT = "From 0 to 1 each; leave out what you like"
FORM_WEIGHTS_EXAMPLE = "style 0.5 · audio 0.5 · weirdness 0.5"
FORM_SAME_PLAYLIST = "The same playlist"
REMOVE = "Remove"
LYRICS = "Lyrics"
RECIPE = "How it was made"
REMOVE_WITH_REASON = "Give a reason and remove"
REMOVAL_TITLE = "Remove this song for everyone?"
LISTEN = "Listen"
HEART = "\N{BLACK HEART SUIT}"
DELETE_DATA = "Delete my data"
CHANGE_PERIOD = "Change the period"
HELP = {"credits": N_("My credits"), "queue": N_("Queue"), "songs": N_("Songs"), "playlists": N_("Playlists")}
PANEL_PAGES = {"where": "Where", "credits": "Who and how much", "songs": "Approval and words"}
SET_UP = "Set up"
SET_UP_FORM = "Set up in one form"
SET_UP_TITLE = "Set up this server"
BACK_TO_DEFAULT = "Back to default"
DO_CHANGE = "Yes, change it"
NUMBER_TITLE = "Another number"
WORDS_TITLE = "Forbid words in prompts"
PLAYLIST_TITLE = "Default playlist"
PLAYLIST_HINT = "Its name, or how it starts"
WORDS_HINT = "Separated by commas; * means any letters"
FIRST_PAGE = "«"
PREVIOUS_PAGE = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
NEXT_PAGE = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
LAST_PAGE = "»"


def other_playlist_hint(count: int) -> str:
    """Say how many saved playlists are not among the choices, and what can be typed in their place."""
    return f"In place of the choice above: one of {count:,} more, by its name or how it starts; or a link"


def priced(label: str, cost: int) -> str:
    """Return the label of a button that spends, with its price in credits."""
    return f"{label} · {cost:,}" if cost else label


def approve_all(count: int) -> str:
    """Return the label of the button that approves all requests of a member."""
    return f"Approve all {count:,} by this member"


def more_like(clip: int) -> str:
    """Return the label of the button that requests a song like clip `clip`."""
    return f"More like clip {clip}"


def love(clip: int, count: int) -> str:
    """Return the label of the button that loves clip `clip`, which so many members love."""
    return f"{HEART} {clip} · {count:,}"


def listen_to(number: int) -> str:
    """Return the label of the link to clip `number` of several."""
    return f"{LISTEN} to {number}"
