"""Descriptions of command groups and options, as Discord shows them; a command's own is its docstring.

Discord's limit is 100 characters, in every language.
"""

from typing import Final

from bot.chat.translation import N_

OPERATOR_GROUP: Final = N_("For the bot's owner")
PLAYLISTS_GROUP: Final = N_("Your server's saved playlists")
PRIVACY_GROUP: Final = N_("What the bot keeps about you")
QUOTA_GROUP: Final = N_("Your server's credits")
REQUESTS_GROUP: Final = N_("Your server's song requests")
SETTINGS_GROUP: Final = N_("How songs work in your server")
SONGS_GROUP: Final = N_("Your server's songs")

_REASON = N_("Why? The member and moderators can read it")
_PERIOD = N_("How often it resets (UTC)")

OPERATOR_GUILD = {"server": N_("The server: type its name, or paste its id")}
OPERATOR_CAP = {
    "server": N_("The server: type its name, or paste its id; left out, all caps are shown"),
    "amount": N_("Credits per period, 0: nobody can; none: that of the settings; left out, see it"),
}
INSPIRE = {
    "playlist": N_(
        "The inspiration: a saved playlist, or a link of Suno; left out, the default or a random one"
    ),
    "prompt": N_("What the song should be like; parts of it can become lyrics"),
    "model": N_("The version of Suno that makes the song"),
    "style_weight": N_("How closely it keeps to the playlist's style, from 0 to 1: 0.7 for 70%"),
    "audio_weight": N_("How much of the original sound it takes over, from 0 to 1: 0.7 for 70%"),
    "weirdness": N_("How unusual it can be, from 0 to 1: 0.7 for 70%"),
    "persona": N_("The link or id of a Suno persona, the voice; works best together with artist_clip"),
    "artist_clip": N_("The link or id of a Suno song, for its style; works best together with persona"),
}
CANCEL = {"request": N_("One of your pending requests")}

SONGS_LIST = {"member": N_("Only songs that this member requested")}
SONGS_TOP = {"period": N_("How old the songs can be; all if left out")}
SONGS_SHOW = {"song": N_("A song of this server, by its title")}

PLAYLISTS_ADD = {
    "name": N_("The name by which members choose it"),
    "playlist": N_("The link or id of a Suno playlist"),
}
PLAYLISTS_DEFAULT = {"name": N_("A saved playlist, or none; leave it out to see the current default")}
PLAYLISTS_REMOVE = {"name": N_("The saved playlist")}

REQUESTS_CANCEL = {"request": N_("One of the requests that are still waiting"), "reason": _REASON}
REQUESTS_NEXT = {"request": N_("One of the requests that are waiting in the queue")}
REQUESTS_CLOSE = {"reason": N_("Why? Members who request a song read it")}
REQUESTS_PAUSE = {
    "reason": N_("Why? Everyone can read it"),
    "until": N_("How long (2h, 30 min) or when in UTC (18:00, monday 9:00); none: until you resume songs"),
}

NO_MODEL: Final = N_("none (the bot's default)")
SETTINGS_CHANNEL = {"channel": N_("The only channel for requests"), "none": N_("Allow every channel again")}
SETTINGS_RESULTS = {
    "channel": N_("The channel for new songs"),
    "prompts": N_(
        "Whether songs quote their prompts in the channel; hidden, only How it was made shows them"
    ),
    "none": N_("Post songs in the channel of their request again, with their prompts"),
}
SETTINGS_MODEL = {"model": N_("For members who choose none; none: the bot's default")}
SETTINGS_APPROVAL = {
    "mode": N_("Whether moderators approve requests; off keeps the other rules for later"),
    "channel": N_("The channel in which moderators approve; needed the first time"),
    "ping": N_("The role that is pinged for each request"),
    "deciders": N_("A role whose members can approve and decline, beside moderators"),
    "exempt": N_("One more role whose members need no approval"),
    "free": N_("How many requests of each member need no approval in a day (UTC); 0: none"),
    "saved": N_("Whether requests from saved playlists skip approval"),
    "none": N_("What no role is chosen for any more"),
}
SETTINGS_NEWS = {"at_once": N_("At their next command, or at once by direct message; left out, see it")}
SETTINGS_PLAYLISTS = {"only_saved": N_("Whether songs can be requested from saved playlists only")}
SETTINGS_WORDS = {
    "add": N_("What prompts must not contain, separated by commas; * means any letters, as in *damn*"),
    "remove": N_("What is allowed again"),
    "none": N_("Allow everything again"),
}
SETTINGS_LOG = {
    "channel": N_("The channel for moderators' decisions"),
    "digest": N_("Whether a digest of each week is posted there, on Monday"),
    "none": N_("Stop posting them"),
}
SETTINGS_SHOWCASE = {
    "channel": N_("The channel to which loved songs are forwarded; needed the first time"),
    "loves": N_("How many members have to love a song (3 at first); none: forward no more songs"),
}
SETTINGS_LIMITS = {
    "active": N_("Requests at a time for each member"),
    "cooldown": N_("Seconds between two requests of a member"),
    "waiting": N_("Requests that can wait in this server, of all members together"),
    "role": N_("Members with this role only; of several roles, the most generous one counts"),
    "none": N_("Have the bot's defaults again; with a role, everyone's limits for it"),
}

QUOTA_SHOW = {"member": N_("Whose credits; paste the id of a member who left")}
QUOTA_GRANT = {
    "member": N_("Who gets them"),
    "amount": N_("How many credits"),
    "reason": N_("What for? The member can read it"),
}
QUOTA_MEMBER = {
    "member": N_("Whose allowance"),
    "amount": N_("Credits per period, whatever their roles have"),
    "none": N_("End the exception"),
}
QUOTA_ROLE = {
    "role": N_("The role whose members get it"),
    "amount": N_("Credits per period for each of them"),
    "none": N_("End the role's allowance"),
}
QUOTA_EVERYONE = {
    "amount": N_("Credits per period for each member"),
    "period": _PERIOD,
    "none": N_("Have the bot's default for both again"),
}
QUOTA_RESET = {"member": N_("Whose allowance to reset")}
QUOTA_BLOCK = {"member": N_("Who to block"), "reason": _REASON}
QUOTA_UNBLOCK = {"member": N_("Who to unblock")}
QUOTA_BUDGET = {
    "amount": N_("Credits for all members together"),
    "period": _PERIOD,
    "none": N_("End the budget"),
}
QUOTA_LOG = {"member": N_("Only decisions about this member")}
QUOTA_REPORT = {"days": N_("How many days back, today included (UTC); 30 if left out")}

PERIODS = (N_("day"), N_("week"), N_("month"), N_("all"))
SWITCHES = (N_("on"), N_("off"), N_("show"), N_("hide"), N_("skip"), N_("approve"))
"""Choices of options: marked here, because the commands have them as types."""
