"""The moderators' service for a server's settings: channels, model, approval and limits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeAlias

from bot.domain.audit import Action
from bot.domain.caps import Cap, CapConfig
from bot.domain.digests import next_digest
from bot.domain.errors import ModelError
from bot.domain.guild_settings import ApprovalRules, GuildSettings, RoleLimits, policy_for
from bot.domain.moderator_errors import (
    ApprovalChannelError,
    EveryoneRoleError,
    LogChannelError,
    ShowcaseChannelError,
    TooManyRolesError,
)
from bot.domain.quotas import Policy
from bot.domain.server_settings import facts_of, role_limit_facts, with_default
from bot.services.audit_log import Actor, record_action, run_action
from bot.services.credits.caps import server_cap
from bot.services.moderation.members import check_amount
from bot.services.ports import Clock
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.approval_end import queue_unapproved
from bot.services.requests.placement import SongConfig
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

MAX_ACTIVE = 1000
MAX_COOLDOWN_S = 86_400
MAX_WAITING = 100_000
MAX_LOVES = 1000
"""The most loves that a song can need for the showcase."""
MAX_FREE = 100
"""The most requests a day for which a member can need no approval."""
MAX_EXEMPT_ROLES = 10
"""The most roles whose members can need no approval."""

ChangeRules: TypeAlias = Callable[[ApprovalRules], ApprovalRules]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """The settings that are in force in a server."""

    settings: GuildSettings
    policy: Policy
    """The limits of a member without settings of their own."""
    usual: Policy
    """The operator's policy for all servers."""
    max_waiting: int
    """How many requests can wait in the server."""
    usual_waiting: int
    """How many the operator allows in every server."""
    model: str
    cap: Cap | None = None
    """The owner's cap on the server, if there is one."""


class GuildSettingsService:
    """A server's settings; each change takes effect at once."""

    def __init__(self, store: Store, *, config: SongConfig, clock: Clock) -> None:
        self.models = config.models
        """The models that members can choose."""
        self._store = store
        self._policy = config.policy
        self._default_model = config.default_model
        self._caps = config.caps
        self._max_waiting = config.max_waiting
        self._clock = clock

    async def effective(self, guild_id: int) -> EffectiveSettings:
        """Return the settings that are in force in a server.

        Raises:
            StoreError: the database cannot be used.
        """
        stored, cap = await self._store.read(_settings_and_cap, guild_id, self._caps, self._clock())
        settings = stored.as_of(self._clock())
        model = settings.model if settings.model in self.models else None
        return EffectiveSettings(
            settings=settings,
            policy=policy_for(self._policy, settings),
            usual=self._policy,
            max_waiting=settings.waiting_limit(self._max_waiting),
            usual_waiting=self._max_waiting,
            model=model or self._default_model,
            cap=cap,
        )

    async def set_request_channel(self, actor: Actor, channel_id: int) -> GuildSettings:
        """Restrict requests to this channel."""
        return await self._change(
            actor, Action.REQUESTS_CHANNEL, lambda settings: replace(settings, requests_channel_id=channel_id)
        )

    async def set_results(
        self, actor: Actor, *, channel_id: int | None = None, hides_prompts: bool | None = None
    ) -> GuildSettings:
        """Post results in this channel, and hide prompts in the server's messages; None: as it was."""
        return await self._change(
            actor,
            Action.RESULTS_CHANNEL,
            lambda settings: replace(
                settings,
                results_channel_id=channel_id or settings.results_channel_id,
                prompts_hidden=settings.prompts_hidden if hides_prompts is None else hides_prompts,
            ),
        )

    async def set_log(
        self, actor: Actor, *, channel_id: int | None = None, digest: bool | None = None
    ) -> GuildSettings:
        """Post audit entries in this channel, including this one, and a weekly digest; None: as it was.

        Raises:
            LogChannelError: a digest is wanted, and no channel is given or set; nothing was changed.
        """

        def change(settings: GuildSettings) -> GuildSettings:
            where = channel_id or settings.log_channel_id
            if digest and where is None:
                raise LogChannelError
            weekly = settings.weekly_digest if digest is None else digest
            return replace(settings, log_channel_id=where, weekly_digest=weekly)

        return await self._change(actor, Action.LOG_CHANNEL, change)

    async def set_default_model(self, actor: Actor, model: str) -> GuildSettings:
        """Set the model for members who choose none.

        Raises:
            ModelError: the operator does not offer it; nothing was changed.
        """
        if model not in self.models:
            raise ModelError(model, self.models)
        return await self._change(actor, Action.MODEL, lambda settings: replace(settings, model=model))

    async def set_limits(
        self,
        actor: Actor,
        *,
        active: int | None = None,
        cooldown_s: int | None = None,
        waiting: int | None = None,
    ) -> GuildSettings:
        """Set how many pending requests a member can have, their spacing, and how many can wait in all.

        None: as it was.

        Raises:
            AmountError: a number is out of range; nothing was changed.
        """
        active, cooldown_s = _checked_limits(active, cooldown_s)
        if waiting is not None:
            waiting = check_amount("waiting", waiting, least=1, most=self._max_waiting)
        return await self._change(
            actor,
            Action.LIMITS,
            lambda settings: replace(
                settings,
                max_active=active or settings.max_active,
                cooldown_s=settings.cooldown_s if cooldown_s is None else cooldown_s,
                max_waiting=waiting or settings.max_waiting,
            ),
        )

    async def set_role_limits(
        self, actor: Actor, role_id: int, *, active: int | None = None, cooldown_s: int | None = None
    ) -> RoleLimits:
        """Set the limits of a role's members; None: as it was. Returns them.

        Raises:
            AmountError: a number is out of range; nothing was changed.
            EveryoneRoleError: the role is @everyone; nothing was changed.
        """
        if role_id == actor.guild_id:
            raise EveryoneRoleError
        active, cooldown_s = _checked_limits(active, cooldown_s)

        def change(limits: RoleLimits) -> RoleLimits:
            return RoleLimits(
                max_active=active or limits.max_active,
                cooldown_s=limits.cooldown_s if cooldown_s is None else cooldown_s,
            )

        return await self._store.write(_set_role_limits, actor, role_id, change, self._clock())

    async def end_role_limits(self, actor: Actor, role_id: int) -> None:
        """Have the limits for everyone for a role's members."""
        await self._store.write(_set_role_limits, actor, role_id, lambda _: RoleLimits(), self._clock())

    async def set_approval(
        self,
        actor: Actor,
        *,
        is_on: bool = False,
        channel_id: int | None = None,
        rules: ChangeRules = lambda rules: rules,
    ) -> GuildSettings:
        """Change the rules of approval; with `is_on` or a channel, require it. Return the settings.

        Raises:
            ApprovalChannelError: it is required, and no channel is given or set; nothing was changed.
            AmountError, EveryoneRoleError, TooManyRolesError: a rule cannot be that; nothing was changed.
        """

        def change(settings: GuildSettings) -> GuildSettings:
            where = channel_id or settings.approval_channel_id
            if is_on and where is None:
                raise ApprovalChannelError
            return replace(
                settings,
                approval_channel_id=where,
                approval=_checked(rules(settings.approval), actor.guild_id),
            )

        return await self._change(actor, Action.APPROVAL, change)

    async def set_showcase(
        self, actor: Actor, *, channel_id: int | None = None, loves: int | None = None
    ) -> GuildSettings:
        """Forward songs to this channel once so many members love them; None: as it was. Return the settings.

        Raises:
            AmountError: the number is out of range; nothing was changed.
            ShowcaseChannelError: no channel is given or set; nothing was changed.
        """
        if loves is not None:
            loves = check_amount("loves", loves, least=1, most=MAX_LOVES)

        def change(settings: GuildSettings) -> GuildSettings:
            where = channel_id or settings.showcase_channel_id
            if where is None:
                raise ShowcaseChannelError
            return replace(
                settings, showcase_channel_id=where, showcase_loves=loves or settings.showcase_loves
            )

        return await self._change(actor, Action.SHOWCASE, change)

    async def reset(self, actor: Actor, action: Action) -> GuildSettings:
        """Put one setting back to its default; approval ends by `end_approval`. Return the settings."""
        return await self._change(actor, action, lambda settings: with_default(action, settings))

    async def set_only_saved(self, actor: Actor, *, only_saved: bool) -> GuildSettings:
        """Take requests from saved playlists only, or from all."""
        return await self._change(
            actor, Action.ONLY_SAVED, lambda settings: replace(settings, only_saved=only_saved)
        )

    async def set_news(self, actor: Actor, *, at_once: bool) -> GuildSettings:
        """Tell members at once, by direct message, what moderators give them, or at their next command."""
        return await self._change(
            actor, Action.NEWS, lambda settings: replace(settings, tells_at_once=at_once)
        )

    async def end_approval(self, actor: Actor) -> int:
        """End approval and queue the requests that await it; return how many."""
        ending = partial(with_default, Action.APPROVAL)
        now = self._clock()
        await run_action(self._store, update_settings, actor, Action.APPROVAL, ending, self._policy, now)
        return await queue_unapproved(self._store, actor.guild_id)

    async def _change(
        self, actor: Actor, action: Action, change: Callable[[GuildSettings], GuildSettings]
    ) -> GuildSettings:
        return await self._store.write(update_settings, actor, action, change, self._policy, self._clock())


def _settings_and_cap(
    uow: UnitOfWork, guild_id: int, caps: CapConfig, now: datetime
) -> tuple[GuildSettings, Cap | None]:
    return uow.guilds.settings(guild_id), server_cap(uow, guild_id, caps, now)


def _checked_limits(active: int | None, cooldown_s: int | None) -> tuple[int | None, int | None]:
    """Return the limits of members as they are stored.

    Raises:
        AmountError: a number is out of range.
    """
    return (
        None if active is None else check_amount("active", active, least=1, most=MAX_ACTIVE),
        None if cooldown_s is None else check_amount("cooldown", cooldown_s, most=MAX_COOLDOWN_S),
    )


@unit_of_work("guild_settings.set_role_limits")
def _set_role_limits(
    uow: UnitOfWork, actor: Actor, role_id: int, change: Callable[[RoleLimits], RoleLimits], now: datetime
) -> RoleLimits:
    before = uow.guilds.get_for_update(actor.guild_id)
    limits = change(before.role_limits.get(role_id, RoleLimits()))
    others = {known: one for known, one in before.role_limits.items() if known != role_id}
    after = replace(before, role_limits=others if limits == RoleLimits() else others | {role_id: limits})
    facts = (role_limit_facts(settings, role_id) for settings in (before, after))
    if record_action(
        uow, actor, Action.LIMITS, subject_id=role_id, before=next(facts), after=next(facts), now=now
    ):
        uow.guilds.update(actor.guild_id, after)
        return limits
    return before.role_limits.get(role_id, RoleLimits())


@unit_of_work("guild_settings.change")
def update_settings(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    change: Callable[[GuildSettings], GuildSettings],
    usual: Policy,
    now: datetime,
) -> GuildSettings:
    """Change the settings once for each interaction; return them.

    Raises:
        SettingChangedError: the moderator was shown an earlier version.
    """
    before = uow.guilds.get_for_update(actor.guild_id)
    after = change(before)
    uow.guilds.update(actor.guild_id, after)  # first, so that a new log channel gets this entry
    facts = [facts_of(action, settings, usual) for settings in (before, after)]
    if record_action(uow, actor, action, before=facts[0], after=facts[1], now=now):
        if after.weekly_digest and not before.weekly_digest:
            due_at = next_digest(actor.guild_id, now)
            uow.outbox.mark_due(actor.guild_id, MessageKind.DIGEST, due_at=due_at)
        return after
    uow.guilds.update(actor.guild_id, before)
    return before


def _checked(rules: ApprovalRules, guild_id: int) -> ApprovalRules:
    """Return the rules if they can be stored.

    Raises:
        AmountError, EveryoneRoleError, TooManyRolesError: they cannot.
    """
    check_amount("free", rules.free_per_day, most=MAX_FREE)
    if guild_id in {rules.ping_role_id, rules.decider_role_id, *rules.exempt_role_ids}:
        raise EveryoneRoleError  # the role of everyone has the server's id
    if len(rules.exempt_role_ids) > MAX_EXEMPT_ROLES:
        raise TooManyRolesError(MAX_EXEMPT_ROLES)
    return rules
