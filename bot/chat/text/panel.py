"""The words of the panel of settings: names, values and what is chosen."""

from types import MappingProxyType

from bot.chat.text.formatting import counted, in_credits, role_mention
from bot.domain.caps import Cap
from bot.domain.quotas import Period

TITLE = "Settings of this server"
REQUESTS = "Requests"
RESULTS = "Results"
SHOWCASE = "Showcase"
LOG = "Moderators' log"
EVERYONE = "Everyone"
ROLES = "Roles"
BUDGET = "Budget"
LIMITS = "Limits"
ROLE_LIMITS = "Limits by role"
APPROVAL = "Approval"
EXEMPTIONS = "No approval for"
MODEL = "Usual model"
PLAYLIST = "Default playlist"
ONLY_SAVED = "Playlists"
WORDS = "Forbidden words"
NEWS = "News for members"

EVERYWHERE = "in every channel"
AT_REQUEST = "in the channel of the request"
NOWHERE = "in no channel; `/quota log` has it"
DELETED = "in a deleted channel: choose another"
NO_SHOWCASE = "loved songs stay where they are"
NO_BUDGET = "none: only members' own credits count"
NO_APPROVAL = "no request needs it"
ANY_PLAYLIST = "every playlist can be requested"
SAVED_PLAYLISTS = "only saved playlists can be requested"
NEWS_AT_ONCE = "told of bonuses and the like by direct message"
NEWS_AT_COMMAND = "told of bonuses and the like at their next command"
CHOOSE_NEWS = "Choose when members are told what you give them"
NO_WORDS = "none; `/settings words add:` forbids some in prompts"
CHOOSE_PLAYLISTS = "Choose which playlists can be requested"
CHOOSE_WORDS = "Add or remove words"
ADD_WORDS = "Add words..."
NO_ROLE_LIMITS = "no role has limits of its own"
NO_ROLES = "no role has an allowance of its own"
NO_PLAYLISTS = "no playlist is saved yet: `/playlists add` saves one"
RANDOM_PLAYLIST = "a random saved one"
PROMPTS_SHOWN = "Show prompts"
PROMPTS_HIDDEN = "Hide prompts"
WITH_PROMPTS = "with their prompts"
WITHOUT_PROMPTS = "without prompts"

CHOOSE_SETTING = "Choose a setting to change it"
ONE_CHANNEL = "Choose the only channel for requests"
RESULTS_CHANNEL = "Choose a channel for finished songs"
PROMPTS = "Show or hide prompts"
SHOWCASE_CHANNEL = "Choose a channel for loved songs"
LOVES = "How many loves it takes"
LOG_CHANNEL = "Choose a channel for moderators' decisions"
DIGEST = "Whether each week has a digest there, on Monday"
DIGEST_ON, DIGEST_OFF = "A digest of each week, on Monday", "No digest"
WITH_DIGEST = "with a digest of each week"
CREDITS_EACH = "How many credits each member gets"
CREDITS_ROLE = "How many credits each member with this role gets"
CREDITS_BUDGET = "How many credits all members can spend together"
PERIOD = "How often it is renewed"
CHOOSE_ROLE = "Choose a role"
ACTIVE = "Requests of a member at a time"
WAITING = "Requests that can wait in this server"
COOLDOWN = "Pause between two requests of a member"
APPROVAL_CHANNEL = "Choose the channel in which moderators approve"
CHOOSE_PING = "Choose a role that is pinged for each request, or none"
CHOOSE_DECIDERS = "Choose a role that can decide, too, or none"
CHOOSE_EXEMPT = "Choose roles whose members need no approval, or none"
CHOOSE_FREE = "Requests of each member a day without approval"
CHOOSE_SAVED = "Whether saved playlists need approval"
SAVED_SKIP = "Saved playlists need no approval"
SAVED_APPROVE = "Saved playlists need approval, too"
NO_EXEMPTIONS = "nothing: every request needs it where it is on"
CHOOSE_MODEL = "Choose the model for members who choose none"
CHOOSE_PLAYLIST = "Choose the playlist of requests without one"
OTHER_NUMBER = "Another number..."
SET_UP_CHANNEL = "Requests only in this channel"
SET_UP_CHANNEL_HINT = "Without one, songs can be requested everywhere"
SET_UP_ROLES = "Roles with an allowance of their own"
SET_UP_ROLES_HINT = "Everyone else keeps the usual allowance"
SET_UP_AMOUNT = "Credits for each member with these roles"
SET_UP_AMOUNT_EXAMPLE = "150"
SET_UP_BUDGET = "Budget: credits for all members together"
SET_UP_BUDGET_HINT = "However many credits members have; empty: as it is now"
SET_UP_BUDGET_EXAMPLE = "1500"
SET_UP_WORDS = "Words that prompts must not contain"
SET_UP_WORDS_EXAMPLE = "damn, *heck*, taylor swift"
SET_UP_ROLES_AND_AMOUNT = "**Roles**: choose the roles, and type how many credits each of their members gets."
NOTHING_FILLED_IN = "Nothing was filled in, and nothing was changed."
EVERY = MappingProxyType(
    {Period.DAY: "Every day", Period.WEEK: "Every week, on Monday", Period.MONTH: "Every month, on the 1st"}
)


def every(period: Period) -> str:
    """Return the name of a period as a choice."""
    return EVERY[period]


def each(amount: int, period: Period) -> str:
    """Say how many credits there are in each period."""
    return f"{in_credits(amount)} every {period}"


def owners_limit(cap: Cap) -> str:
    """Say what the bot's owner lets the server spend."""
    return f"Bot owner's limit: {each(cap.credits, cap.period)}, {cap.left:,} left"


def credits_choice(amount: int, cost: int) -> str:
    """Return the name of an amount as a choice, with the songs that it pays."""
    songs = amount // cost if cost else 0
    return f"{in_credits(amount)} · {counted(songs, 'song')}" if songs else in_credits(amount)


def songs_cost(cost: int) -> str:
    """Say what songs cost, where credits are typed."""
    return f"A song costs {in_credits(cost)}; five cost {5 * cost:,}"


def allow_again(word: str) -> str:
    """Return the name of the choice that removes a forbidden word."""
    return f"Allow {word} again"


def other_playlist(count: int) -> str:
    """Return the name of the choice of a playlist that is not among the others."""
    return f"Another one, of {counted(count, 'more saved playlist')}..."


def pinged(role_id: int) -> str:
    """Say which role is pinged for each request."""
    return f"{role_mention(role_id)} is pinged"


def can_decide(role_id: int) -> str:
    """Say which role can decide about requests."""
    return f"{role_mention(role_id)} can decide, too"


def free(count: int) -> str:
    """Return the name of a number of requests without approval as a choice."""
    if not count:
        return "All requests of a day need approval"
    return f"A member's first {counted(count, 'request')} a day need no approval"


def loves(count: int) -> str:
    """Return the name of a number of loves as a choice."""
    return counted(count, "love")


def at_a_time(count: int) -> str:
    """Return the name of a number of requests as a choice."""
    return f"{counted(count, 'request')} at a time"


def wait_at_most(count: int) -> str:
    """Return the name of a number of waiting requests as a choice."""
    return f"at most {counted(count, 'request')} waiting"


def between(pause_s: int) -> str:
    """Return the name of a pause as a choice."""
    if pause_s and pause_s % 60 == 0:
        return f"{counted(pause_s // 60, 'minute')} between requests"
    return f"{counted(pause_s, 'second') if pause_s else 'No pause'} between requests"


def back_to_default(name: str, value: str) -> str:
    """Confirm that a setting has its default."""
    return f"**{name}** is back to the default: {value}."
