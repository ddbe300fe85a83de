"""A server's settings, a member's record, and the policy that follows from both."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.quotas import Period, Policy, Source, Window, window_of
from bot.domain.retry_policy import RetryPolicy
from bot.domain.scheduling import FORGIVEN_AFTER, FREE_FAILURES, MEMBER_BACKOFF, Pause, backoff_end

SHOWCASE_LOVES = 3
"""How many members have to love a song before it is forwarded, unless moderators say otherwise."""
MAX_CREDITS = 1_000_000
"""The largest allowance, grant or budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The credits that all members of a server together may spend per window of a period."""

    credits: int
    period: Period
    opened_in: str
    """The key of the window in which the budget was set."""
    spent_before: int = 0
    """Credits that were spent or held in that window before the budget was set."""

    def remaining_target(self, window: Window) -> int:
        """Return the credits that may be spent in the window under this budget."""
        return max(0, self.credits - self.spent_earlier(window))

    def spent_earlier(self, window: Window) -> int:
        """Return what was spent or held in the window before the budget was set."""
        return self.spent_before if window.key == self.opened_in else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRules:
    """Which requests need no approval where moderators approve requests, and who decides and is told."""

    exempt_role_ids: tuple[int, ...] = ()
    """The roles whose members need none."""
    free_per_day: int = 0
    """How many requests of each member need none in a day (UTC)."""
    skips_saved: bool = False
    """Whether requests from saved playlists need none."""
    ping_role_id: int | None = None
    """The role that each request for approval mentions."""
    decider_role_id: int | None = None
    """The role whose members can decide, beside moderators."""

    def exempts(self, role_ids: Collection[int], *, placed_today: int, is_saved: bool) -> bool:
        """Return True if a request needs no approval.

        `placed_today` counts the member's requests of this day with this one, and `is_saved` tells whether
        its playlist is saved.
        """
        return (
            not set(self.exempt_role_ids).isdisjoint(role_ids)
            or placed_today <= self.free_per_day
            or (self.skips_saved and is_saved)
        )


class ApprovalRole(StrEnum):
    """What roles are chosen for in the rules of approval."""

    PING = "ping"
    DECIDERS = "deciders"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalChange:
    """A change of the rules of approval; what is None stays as it is."""

    ping: int | None = None
    deciders: int | None = None
    exempt: int | None = None
    """One more role that is exempt."""
    free: int | None = None
    skips_saved: bool | None = None
    none: ApprovalRole | None = None
    """What no role is chosen for any more; it is cleared before a new one is set."""

    def __call__(self, rules: ApprovalRules) -> ApprovalRules:
        """Return the rules after the change."""
        ping = None if self.none is ApprovalRole.PING else rules.ping_role_id
        deciders = None if self.none is ApprovalRole.DECIDERS else rules.decider_role_id
        exempt = () if self.none is ApprovalRole.EXEMPT else rules.exempt_role_ids
        added = () if self.exempt is None else (self.exempt,)
        return ApprovalRules(
            exempt_role_ids=tuple(dict.fromkeys((*exempt, *added))),
            free_per_day=rules.free_per_day if self.free is None else self.free,
            skips_saved=rules.skips_saved if self.skips_saved is None else self.skips_saved,
            ping_role_id=self.ping or ping,
            decider_role_id=self.deciders or deciders,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLimits:
    """The limits of a role's members; None: those for everyone."""

    max_active: int | None = None
    cooldown_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """A server's settings; None means that the operator's setting for all servers applies."""

    allowance: int | None = None
    """Credits per period for everyone."""
    period: Period | None = None
    roles: Mapping[int, int] = field(default_factory=dict)
    """Credits per period by role id."""
    budget: Budget | None = None
    """None: only the members' own limits apply."""
    max_active: int | None = None
    cooldown_s: int | None = None
    role_limits: Mapping[int, RoleLimits] = field(default_factory=dict)
    """Limits by role id, in place of those for everyone."""
    max_waiting: int | None = None
    """How many requests can wait in the server, if fewer than the operator allows."""
    model: str | None = None
    """The model for members who choose none."""
    requests_channel_id: int | None = None
    """Where songs can be requested; None: everywhere."""
    results_channel_id: int | None = None
    """Where results are posted; None: where the song was requested."""
    approval_channel_id: int | None = None
    """Where moderators approve requests; None: no approval is needed."""
    approval: ApprovalRules = ApprovalRules()
    log_channel_id: int | None = None
    """Where moderators' actions are posted; None: nowhere."""
    weekly_digest: bool = False
    """Whether a digest of each week is posted there, too."""
    showcase_channel_id: int | None = None
    """Where much-loved songs are forwarded; None: nowhere."""
    showcase_loves: int = SHOWCASE_LOVES
    """How many members have to love a song before it is."""
    paused: str | None = None
    """Why moderators have paused the server's songs; None: they have not."""
    paused_until: datetime | None = None
    """When the pause ends by itself; None: only when moderators end it."""
    closed: str | None = None
    """Why the server takes no more requests, though what waits is made; None: it takes them."""
    prompts_hidden: bool = False
    """Whether prompts are shown only to the member who asks for them, and not in the channel."""
    default_playlist: str | None = None
    """The name of the saved playlist for requests without one; None: a random saved one."""
    has_playlists: bool = False
    """Whether a playlist was ever saved; until then no lookup is needed."""
    only_saved: bool = False
    """Whether songs can be requested from saved playlists only."""
    words: tuple[str, ...] = ()
    """What prompts must not contain, as `parse_word` returns it, sorted."""

    tells_at_once: bool = False
    """Whether members are told by direct message what moderators give them; else at their next command."""

    def waiting_limit(self, usual: int) -> int:
        """Return how many requests can wait; `usual` is the operator's limit, which holds everywhere."""
        return usual if self.max_waiting is None else min(self.max_waiting, usual)

    def as_of(self, now: datetime) -> "GuildSettings":
        """Return the settings without a pause that has ended by itself."""
        return self if self.pause(now) else replace(self, paused=None, paused_until=None)

    def pause(self, now: datetime) -> Pause | None:
        """Return the pause that is in force, or None."""
        if self.paused is None or (self.paused_until is not None and self.paused_until <= now):
            return None
        return Pause(self.paused, self.paused_until)

    @property
    def channel_ids(self) -> tuple[int, ...]:
        """Return the ids of all channels in the settings, without duplicates."""
        named = (
            self.requests_channel_id,
            self.results_channel_id,
            self.approval_channel_id,
            self.log_channel_id,
            self.showcase_channel_id,
        )
        return tuple(dict.fromkeys(one for one in named if one is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """The record of one member in one server."""

    pseudonym: str = ""
    """The name of the member's accounts, which does not identify the member; empty: no accounts yet."""
    allowance: int | None = None
    """Credits per period, if moderators set them for this member."""
    blocked: str | None = None
    """The reason for which the member is blocked; None: not blocked."""
    reset_in: str | None = None
    """The key of the window in which moderators last reset the member's allowance."""
    resets: int = 0
    """The number of all resets up to that one."""
    failures: int = 0
    """The member's failed requests in a row; one with an unknown outcome counts as several."""
    backoff_until: datetime | None = None
    """The end of the backoff that they caused; it may be in the past."""
    placed_today: int = 0
    """The member's requests on the day (UTC) of the last one; `update` does not store it."""

    @property
    def is_restricted(self) -> bool:
        """Return True if moderators keep the member from requesting songs."""
        return self.blocked is not None or self.allowance == 0

    def backoff_end(self, now: datetime) -> datetime | None:
        """Return when the member's backoff ends, or None if none is in force."""
        return backoff_end(self.backoff_until, now)

    def with_failure(
        self, now: datetime, *, at_least: int = 1, policy: RetryPolicy = MEMBER_BACKOFF
    ) -> "MemberRecord":
        """Return the record after one more failed request; a day without failures resets the count.

        The new count is at least `at_least`.
        """
        known = self.backoff_until is not None and now < self.backoff_until + FORGIVEN_AFTER
        failures = max(self.failures + 1 if known else 1, at_least)
        until = now + timedelta(seconds=policy.delay_s(failures - FREE_FAILURES))
        return replace(self, failures=failures, backoff_until=until)

    def generation(self, window: Window) -> int:
        """Return which of the member's allowances in this window is in force; 0: it was never reset."""
        return self.resets if self.reset_in == window.key else 0

    def reset(self, window: Window) -> "MemberRecord":
        """Return the record after a reset of the allowance of this window."""
        # counted over all windows: a period that is changed and changed back has a window's resets twice
        return replace(self, reset_in=window.key, resets=self.resets + 1)


NOBODY = MemberRecord()
"""The record of a member without one."""


def policy_for(
    usual: Policy, settings: GuildSettings, member: MemberRecord = NOBODY, role_ids: Collection[int] = ()
) -> Policy:
    """Return the policy for a member with these roles; `usual` is the operator's policy for all servers.

    Of several roles, the most generous counts: for the allowance and for each limit.
    """
    everyones = settings.max_active or usual.max_active
    pause_s = usual.cooldown_s if settings.cooldown_s is None else settings.cooldown_s
    limits = [settings.role_limits[role] for role in set(role_ids) if role in settings.role_limits]
    common = replace(
        usual,
        allowance=usual.allowance if settings.allowance is None else settings.allowance,
        period=settings.period or usual.period,
        max_active=max((one.max_active for one in limits if one.max_active is not None), default=everyones),
        cooldown_s=min((one.cooldown_s for one in limits if one.cooldown_s is not None), default=pause_s),
    )
    if member.allowance is not None:
        return replace(common, allowance=member.allowance, source=Source.EXCEPTION)
    of_roles = [(settings.roles[role], role) for role in set(role_ids) if role in settings.roles]
    if of_roles:
        credits_, role_id = max(of_roles)
        return replace(common, allowance=credits_, source=Source.ROLE, role_id=role_id)
    return common


def budget_window(budget: Budget, now: datetime) -> Window:
    """Return the window of the budget's period that contains `now`."""
    return window_of(budget.period, now)
