"""What moderators have settled for their server, and what follows from it for one member."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.quotas import Period, Policy, Source, Window, window_of
from bot.domain.scheduling import FIRST_BACKOFF_S, FORGIVEN_AFTER, backoff_end, backoff_s

MOST_CREDITS = 1_000_000
"""The largest allowance, grant or budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What all members of a server together may spend in one window of a period."""

    credits: int
    period: Period
    opened_in: str
    """The key of the window in which it was set."""
    spent_before: int = 0
    """Credits that were spent or held in that window before there was a budget."""

    def remaining_target(self, window: Window) -> int:
        """What may be spent in the window under this budget."""
        before = self.spent_before if window.key == self.opened_in else 0
        return max(0, self.credits - before)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """What a server's moderators have settled; None is what the operator has settled for all servers."""

    allowance: int | None = None
    """Credits per period for everyone."""
    period: Period | None = None
    roles: Mapping[int, int] = field(default_factory=dict)
    """Credits per period by role id."""
    budget: Budget | None = None
    """None: no limit but the members' own."""
    max_active: int | None = None
    cooldown_s: int | None = None
    model: str | None = None
    """The model for those who choose none."""
    requests_channel_id: int | None = None
    """Where songs may be asked for; None: everywhere."""
    results_channel_id: int | None = None
    """Where results are posted; None: where the song was asked for."""
    approval_channel_id: int | None = None
    """Where moderators approve each request; None: no approval is needed."""
    log_channel_id: int | None = None
    """Where moderators' actions are posted; None: nowhere."""
    paused: str | None = None
    """Why nothing is submitted for this server now; None: it is."""
    has_playlists: bool = False
    """True from the first playlist that was saved: until then nobody has to look for one."""

    @property
    def channel_ids(self) -> tuple[int, ...]:
        """The channels that are named, each once."""
        named = (
            self.requests_channel_id,
            self.results_channel_id,
            self.approval_channel_id,
            self.log_channel_id,
        )
        return tuple(dict.fromkeys(one for one in named if one is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """What is known of one member in one server."""

    pseudonym: str = ""
    """What the member's accounts are called, which tells nobody who it is; empty when there are none yet."""
    allowance: int | None = None
    """The member's own credits per period, if moderators made an exception."""
    blocked: str | None = None
    """Why the member is blocked from asking for songs, if that is so."""
    reset_in: str | None = None
    """The key of the window in which moderators last began the member's allowance anew."""
    resets: int = 0
    """How often they did so in that window."""
    failures: int = 0
    """How many of the member's requests in a row were refused at submission; one that is lost skips a few."""
    backoff_until: datetime | None = None
    """Until when the member's requests are held back for that; in the past when they are no longer."""

    @property
    def is_restricted(self) -> bool:
        """True when moderators keep the member from asking for songs."""
        return self.blocked is not None or self.allowance == 0

    def backoff_end(self, now: datetime) -> datetime | None:
        """Return when the member's next request may be sent, if it can't be sent now."""
        return backoff_end(self.backoff_until, now)

    def with_failure(
        self, now: datetime, *, at_least: int = 1, first_s: float = FIRST_BACKOFF_S
    ) -> "MemberRecord":
        """Return the standing after one more request came to nothing; a day forgets them.

        From now on it is as if `at_least` so many had. The first pause is `first_s` seconds.
        """
        known = self.backoff_until is not None and now < self.backoff_until + FORGIVEN_AFTER
        failures = max(self.failures + 1 if known else 1, at_least)
        until = now + timedelta(seconds=backoff_s(failures, first_s=first_s))
        return replace(self, failures=failures, backoff_until=until)

    def generation(self, window: Window) -> int:
        """How often the member's allowance was begun anew in this window."""
        return self.resets if self.reset_in == window.key else 0

    def reset(self, window: Window) -> "MemberRecord":
        """The standing after the allowance of this window was begun anew."""
        return replace(self, reset_in=window.key, resets=self.generation(window) + 1)


NOBODY = MemberRecord()
"""The standing of a member of whom nothing is known."""


def policy_for(
    usual: Policy, settings: GuildSettings, member: MemberRecord = NOBODY, role_ids: Collection[int] = ()
) -> Policy:
    """What a member with these roles may do; `usual` is what the operator has settled."""
    common = replace(
        usual,
        allowance=usual.allowance if settings.allowance is None else settings.allowance,
        period=settings.period or usual.period,
        max_active=settings.max_active or usual.max_active,
        cooldown_s=usual.cooldown_s if settings.cooldown_s is None else settings.cooldown_s,
    )
    if member.allowance is not None:
        return replace(common, allowance=member.allowance, source=Source.EXCEPTION)
    of_roles = [(settings.roles[role], role) for role in set(role_ids) if role in settings.roles]
    if of_roles:
        credits_, role_id = max(of_roles)
        return replace(common, allowance=credits_, source=Source.ROLE, role_id=role_id)
    return common


def budget_window(budget: Budget, now: datetime) -> Window:
    """The window of the budget's period that the moment falls in."""
    return window_of(budget.period, now)
