"""Time limits of the client: of its calls to Discord, and of answers to members."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTimings:
    """How long the client waits, in seconds."""

    attempt_s: float = 15.0
    """For one attempt of a call; discord.py makes up to five."""
    upload_s: float = 60.0
    """For an attempt with files: two of 10 MiB take a while."""
    call_s: float = 90.0
    """For a whole call with the bot's token, rate limits included; those of Discord are shorter."""
    silent_s: float = 60.0
    """For any answer, while calls wait, before the client counts as disconnected."""
    defer_s: float = 1.0
    """Before an interaction is deferred; Discord waits for 3."""
    choices_s: float = 2.0
    """For suggestions; Discord waits for 3."""
    role_count_s: float = 1.0
    """For the number of a role's members; afterwards the answer goes without it."""
    chart_s: float = 20.0
    """For a chart, waiting included; afterwards the table is sent alone."""
    files_s: float = 30.0
    """For the files of a song that is posted again; afterwards its links are posted alone."""
    form_s: float = 3600.0
    """For an open form to be submitted."""
    owners_s: float = 300.0
    """Before the bot's owners are fetched again; a former owner keeps the commands for as long."""


CHAT_TIMINGS = ChatTimings()
"""The timings of the product."""
