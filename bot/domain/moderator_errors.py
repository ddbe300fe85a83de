"""What a moderator can mend: nothing was changed. The whole tree stands in `errors.py`."""

from dataclasses import dataclass

from bot.domain.errors import RefusalError


class ModeratorError(RefusalError):
    """A moderator can mend it: nothing was changed."""


@dataclass(eq=False)
class AmountError(ModeratorError):
    """A number that a moderator gave is not a whole one from `least` to `most`."""

    option: str
    value: float
    least: int
    most: int


@dataclass(eq=False)
class ReasonError(ModeratorError):
    """A moderator's reason is empty or longer than `limit`, in characters."""

    length: int
    limit: int


@dataclass(eq=False)
class BotMemberError(ModeratorError):
    """Bots ask for no songs: nothing can be settled for one."""


@dataclass(eq=False)
class EveryoneRoleError(ModeratorError):
    """The role is the one that everybody has."""


@dataclass(eq=False)
class NotBlockedError(ModeratorError):
    """The member is not blocked."""


@dataclass(eq=False)
class NotPausedError(ModeratorError):
    """There is nothing to resume; `everywhere` when the bot's operator wanted to."""

    everywhere: bool = False


@dataclass(eq=False)
class ApprovalChannelError(ModeratorError):
    """Approval was asked for without a channel in which moderators are to decide."""


@dataclass(eq=False)
class DecidedError(ModeratorError):
    """The request does not wait for a moderator any more; `state` is where it is now."""

    state: str


@dataclass(eq=False)
class ChannelAccessError(ModeratorError):
    """The bot isn't allowed to post in the channel; `missing` are the permissions that it lacks there."""

    channel_id: int
    missing: tuple[str, ...]


@dataclass(eq=False)
class ReportBusyError(ModeratorError):
    """Another report of the server is being made."""


@dataclass(eq=False)
class OldFormError(ModeratorError):
    """The form was opened too long ago, or before the bot was restarted."""


@dataclass(eq=False)
class NotOperatorError(RefusalError):
    """It is for whoever runs the bot."""


@dataclass(eq=False)
class OperatorUnknownError(RefusalError):
    """Nobody can tell at the moment who runs the bot."""
