"""Errors that a moderator or the operator can fix; nothing was changed. `errors.py` has the whole tree."""

from dataclasses import dataclass

from bot.domain.errors import RefusalError


class ModeratorError(RefusalError):
    """A refusal that a moderator can fix: nothing was changed."""


@dataclass(eq=False)
class AmountError(ModeratorError):
    """A number that is not an integer from `least` to `most`."""

    option: str
    value: float
    least: int
    most: int


@dataclass(eq=False)
class ReasonError(ModeratorError):
    """A reason that is empty or longer than `limit`; lengths are in characters."""

    length: int
    limit: int


@dataclass(eq=False)
class BotMemberError(ModeratorError):
    """A moderator's command about a bot, which cannot request songs."""


@dataclass(eq=False)
class EveryoneRoleError(ModeratorError):
    """The @everyone role where another one is needed."""


@dataclass(eq=False)
class NotBlockedError(ModeratorError):
    """An unblock of a member who is not blocked."""


@dataclass(eq=False)
class NotPausedError(ModeratorError):
    """A resume where nothing is paused; `everywhere` if it was the operator's, for all servers."""

    everywhere: bool = False


@dataclass(eq=False)
class PauseEndError(ModeratorError):
    """A text that means no time within the coming year."""

    text: str


@dataclass(eq=False)
class WaitingOfRoleError(ModeratorError):
    """A limit of waiting requests for a role, which only the whole server has."""


@dataclass(eq=False)
class NotClosedError(ModeratorError):
    """An opening of a server that takes requests."""


@dataclass(eq=False)
class NotQueuedError(ModeratorError):
    """A request that cannot be moved in the queue; `state` is its current state."""

    state: str


@dataclass(eq=False)
class GuildIdError(ModeratorError):
    """A text that is no server's id."""


@dataclass(eq=False)
class OwnGuildError(ModeratorError):
    """A denial of the operator's own server."""


@dataclass(eq=False)
class CapServerError(ModeratorError):
    """A cap without the server that gets it."""


@dataclass(eq=False)
class ApprovalChannelError(ModeratorError):
    """Approval without a channel in which moderators decide."""


@dataclass(eq=False)
class LogChannelError(ModeratorError):
    """A weekly digest without a channel in which it is posted."""


@dataclass(eq=False)
class ShowcaseChannelError(ModeratorError):
    """A showcase without a channel to which songs are forwarded."""


@dataclass(eq=False)
class BudgetMissingError(ModeratorError):
    """A period for the budget of a server that has none."""


@dataclass(eq=False)
class NoneAndValueError(ModeratorError):
    """The option `none` together with another, which sets what `none` clears."""


@dataclass(eq=False)
class ChoiceError(ModeratorError):
    """A choice that a select does not offer."""


@dataclass(eq=False)
class SettingChangedError(ModeratorError):
    """A setting that somebody else has changed since it was shown."""


@dataclass(eq=False)
class NotDeciderError(ModeratorError):
    """A decision about a request by somebody who has neither Manage Server nor the role `role_id`, if any."""

    role_id: int | None


@dataclass(eq=False)
class ReasonHiddenError(ModeratorError):
    """A moderator's reason that somebody else asks for, or that is no longer stored."""


@dataclass(eq=False)
class NoneAwaitingError(ModeratorError):
    """A decision about all requests of a member of whom none awaits approval any more."""


@dataclass(eq=False)
class TooManyRolesError(ModeratorError):
    """One role more than the `limit` that can be exempt from approval."""

    limit: int


@dataclass(eq=False)
class DecidedError(ModeratorError):
    """A request that no longer waits for approval; `state` is its current state."""

    state: str


@dataclass(eq=False)
class ChannelAccessError(ModeratorError):
    """A channel in which the bot cannot post; `missing` are the permissions that it lacks there."""

    channel_id: int
    missing: tuple[str, ...]


@dataclass(eq=False)
class ReportBusyError(ModeratorError):
    """A report while another one of the server is being made."""


@dataclass(eq=False)
class OldFormError(ModeratorError):
    """A form that was opened too long ago, or before the bot was restarted."""


@dataclass(eq=False)
class NotOperatorError(RefusalError):
    """A command that only the bot's operator can use."""


@dataclass(eq=False)
class OperatorUnknownError(RefusalError):
    """An operator's command while Discord cannot be asked who the operator is."""
