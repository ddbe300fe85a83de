"""The accounts of the local Discord."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class User:
    """An account, a person's or the bot's."""

    id: int
    name: str
    is_bot: bool = False
    locale: str = "en-US"
    takes_direct_messages: bool = True
