"""Descriptions of command groups and options, as Discord shows them; a command's own is its docstring.

Discord's limit is 100 characters.
"""

from typing import Final

OPERATOR_GROUP: Final = "For the bot's owner"
PLAYLISTS_GROUP: Final = "Your server's saved playlists"
PRIVACY_GROUP: Final = "What the bot keeps about you"
QUOTA_GROUP: Final = "Your server's credits"
REQUESTS_GROUP: Final = "Your server's song requests"
SETTINGS_GROUP: Final = "How songs work in your server"
SONGS_GROUP: Final = "Your server's songs"

_REASON = "Why? The member and moderators can read it"
_PERIOD = "How often it resets (UTC)"

OPERATOR_GUILD = {"server": "The server: type its name, or paste its id"}
OPERATOR_CAP = {
    "server": f"{OPERATOR_GUILD['server']}; left out, all caps are shown",
    "amount": "Credits per period, 0: nobody can; none: that of the settings; left out, see it",
}
INSPIRE = {
    "playlist": "The inspiration: a saved playlist, or a link of Suno; left out, the default or a random one",
    "prompt": "What the song should be like; parts of it can become lyrics",
    "model": "The version of Suno that makes the song",
    "style_weight": "How closely it keeps to the playlist's style, from 0 to 1: 0.7 for 70%",
    "audio_weight": "How much of the original sound it takes over, from 0 to 1: 0.7 for 70%",
    "weirdness": "How unusual it can be, from 0 to 1: 0.7 for 70%",
    "persona": "The link or id of a Suno persona, the voice; works best together with artist_clip",
    "artist_clip": "The link or id of a Suno song, for its style; works best together with persona",
}
CANCEL = {"request": "One of your pending requests"}

SONGS_LIST = {"member": "Only songs that this member requested"}
SONGS_TOP = {"period": "How old the songs can be; all if left out"}
SONGS_SHOW = {"song": "A song of this server, by its title"}

PLAYLISTS_ADD = {
    "name": "The name by which members choose it",
    "playlist": "The link or id of a Suno playlist",
}
PLAYLISTS_DEFAULT = {"name": "A saved playlist, or none; leave it out to see the current default"}
PLAYLISTS_REMOVE = {"name": "The saved playlist"}

REQUESTS_CANCEL = {"request": "One of the requests that are still waiting", "reason": _REASON}
REQUESTS_NEXT = {"request": "One of the requests that are waiting in the queue"}
REQUESTS_CLOSE = {"reason": "Why? Members who request a song read it"}
REQUESTS_PAUSE = {
    "reason": "Why? Everyone can read it",
    "until": "How long (2h, 30 min) or when in UTC (18:00, monday 9:00); none: until you resume songs",
}

NO_MODEL: Final = "none (the bot's default)"
SETTINGS_CHANNEL = {"channel": "The only channel for requests", "none": "Allow every channel again"}
SETTINGS_RESULTS = {
    "channel": "The channel for new songs",
    "prompts": "Whether songs quote their prompts in the channel; hidden, only How it was made shows them",
    "none": "Post songs in the channel of their request again, with their prompts",
}
SETTINGS_MODEL = {"model": "For members who choose none; none: the bot's default"}
SETTINGS_APPROVAL = {
    "mode": "Whether moderators approve requests; off keeps the other rules for later",
    "channel": "The channel in which moderators approve; needed the first time",
    "ping": "The role that is pinged for each request",
    "deciders": "A role whose members can approve and decline, beside moderators",
    "exempt": "One more role whose members need no approval",
    "free": "How many requests of each member need no approval in a day (UTC); 0: none",
    "saved": "Whether requests from saved playlists skip approval",
    "none": "What no role is chosen for any more",
}
SETTINGS_PLAYLISTS = {"only_saved": "Whether songs can be requested from saved playlists only"}
SETTINGS_WORDS = {
    "add": "What prompts must not contain, separated by commas; * means any letters, as in *damn*",
    "remove": "What is allowed again",
    "none": "Allow everything again",
}
SETTINGS_LOG = {"channel": "The channel for moderators' decisions", "none": "Stop posting them"}
SETTINGS_SHOWCASE = {
    "channel": "The channel to which loved songs are forwarded; needed the first time",
    "loves": "How many members have to love a song (3 at first); none: forward no more songs",
}
SETTINGS_LIMITS = {
    "active": "Requests at a time for each member",
    "cooldown": "Seconds between two requests of a member",
    "waiting": "Requests that can wait in this server, of all members together",
    "role": "Members with this role only; of several roles, the most generous one counts",
    "none": "Have the bot's defaults again; with a role, everyone's limits for it",
}

QUOTA_SHOW = {"member": "Whose credits; paste the id of a member who left"}
QUOTA_GRANT = {
    "member": "Who gets them",
    "amount": "How many credits",
    "reason": "What for? The member can read it",
}
QUOTA_MEMBER = {
    "member": "Whose allowance",
    "amount": "Credits per period, whatever their roles have",
    "none": "End the exception",
}
QUOTA_ROLE = {
    "role": "The role whose members get it",
    "amount": "Credits per period for each of them",
    "none": "End the role's allowance",
}
QUOTA_EVERYONE = {
    "amount": "Credits per period for each member",
    "period": _PERIOD,
    "none": "Have the bot's default for both again",
}
QUOTA_RESET = {"member": "Whose allowance to reset"}
QUOTA_BLOCK = {"member": "Who to block", "reason": _REASON}
QUOTA_UNBLOCK = {"member": "Who to unblock"}
QUOTA_BUDGET = {
    "amount": "Credits for all members together",
    "period": _PERIOD,
    "none": "End the budget",
}
QUOTA_LOG = {"member": "Only decisions about this member"}


def quota_report(usual_days: int) -> dict[str, str]:
    """Describe the option of `/quota report`, whose default is `usual_days`."""
    return {"days": f"How many days back, today included (UTC); {usual_days} if left out"}
