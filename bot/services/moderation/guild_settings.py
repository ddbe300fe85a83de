"""The moderators' service for a server's settings: channels, model, approval and limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.audit import Action, AuditFacts
from bot.domain.caps import Cap, CapConfig
from bot.domain.errors import ModelError
from bot.domain.guild_settings import GuildSettings, policy_for
from bot.domain.moderator_errors import ApprovalChannelError, ShowcaseChannelError
from bot.domain.quotas import Policy
from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.services.audit_log import Actor, record_action, run_action
from bot.services.credits.caps import server_cap
from bot.services.moderation.members import check_amount
from bot.services.ports import Clock
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

MAX_ACTIVE = 1000
MAX_COOLDOWN_S = 86_400
MAX_LOVES = 1000
"""The most loves that a song can need for the showcase."""
MAX_APPROVED = 1000
"""The most requests that are queued at once when approval ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """The settings that are in force in a server."""

    settings: GuildSettings
    policy: Policy
    """The limits of a member without settings of their own."""
    model: str
    cap: Cap | None = None
    """The owner's cap on the server, if there is one."""


class GuildSettingsService:
    """A server's settings; each change takes effect at once."""

    def __init__(
        self,
        store: Store,
        *,
        policy: Policy,
        models: Sequence[str],
        default_model: str,
        caps: CapConfig,
        clock: Clock,
    ) -> None:
        self._store = store
        self._policy = policy
        self._models = tuple(models)
        self._default_model = default_model
        self._caps = caps
        self._clock = clock

    async def effective(self, guild_id: int) -> EffectiveSettings:
        """Return the settings that are in force in a server.

        Raises:
            StoreError: the database cannot be used.
        """
        settings, cap = await self._store.read(_settings_and_cap, guild_id, self._caps, self._clock())
        model = settings.model if settings.model in self._models else None
        return EffectiveSettings(
            settings=settings,
            policy=policy_for(self._policy, settings),
            model=model or self._default_model,
            cap=cap,
        )

    async def set_request_channel(self, actor: Actor, channel_id: int | None) -> None:
        """Restrict requests to this channel; None: allow them everywhere."""
        await self._change(
            actor,
            Action.REQUESTS_CHANNEL,
            lambda settings: replace(settings, requests_channel_id=channel_id),
            lambda settings: {"channel": settings.requests_channel_id},
        )

    async def set_results_channel(self, actor: Actor, channel_id: int | None) -> None:
        """Post results in this channel; None: where the song was requested."""
        await self._change(
            actor,
            Action.RESULTS_CHANNEL,
            lambda settings: replace(settings, results_channel_id=channel_id),
            lambda settings: {"channel": settings.results_channel_id},
        )

    async def set_prompts_hidden(self, actor: Actor, *, hidden: bool, channel_id: int | None = None) -> None:
        """Hide prompts in the server's messages, or show them; with a channel, also post results there."""
        await self._change(
            actor,
            Action.RESULTS_CHANNEL,
            lambda settings: replace(
                settings, prompts_hidden=hidden, results_channel_id=channel_id or settings.results_channel_id
            ),
            _results_facts,
        )

    async def set_log_channel(self, actor: Actor, channel_id: int | None) -> None:
        """Post audit entries in this channel, including this one; None: nowhere."""
        await self._change(
            actor,
            Action.LOG_CHANNEL,
            lambda settings: replace(settings, log_channel_id=channel_id),
            lambda settings: {"channel": settings.log_channel_id},
        )

    async def set_default_model(self, actor: Actor, model: str | None) -> None:
        """Set the model for members who choose none; None: the operator's default.

        Raises:
            ModelError: the operator does not offer it; nothing was changed.
        """
        if model is not None and model not in self._models:
            raise ModelError(model, self._models)
        await self._change(
            actor,
            Action.MODEL,
            lambda settings: replace(settings, model=model),
            lambda settings: {"model": settings.model},
        )

    async def set_limits(self, actor: Actor, *, active: int | None, cooldown_s: int | None) -> None:
        """Set how many pending requests a member can have, and their spacing; None: the operator's default.

        Raises:
            AmountError: a number is out of range; nothing was changed.
        """
        if active is not None:
            active = check_amount("active", active, least=1, most=MAX_ACTIVE)
        if cooldown_s is not None:
            cooldown_s = check_amount("cooldown", cooldown_s, most=MAX_COOLDOWN_S)
        await self._change(
            actor,
            Action.LIMITS,
            lambda settings: replace(settings, max_active=active, cooldown_s=cooldown_s),
            lambda settings: {"active": settings.max_active, "cooldown": settings.cooldown_s},
        )

    async def require_approval(self, actor: Actor, channel_id: int | None) -> int:
        """Require approval of each request in this channel, or in the current one; return the channel's id.

        Raises:
            ApprovalChannelError: no channel is given or set; nothing was changed.
        """

        def change(settings: GuildSettings) -> GuildSettings:
            where = channel_id or settings.approval_channel_id
            if where is None:
                raise ApprovalChannelError
            return replace(settings, approval_channel_id=where)

        settings = await self._change(actor, Action.APPROVAL, change, _approval_facts)
        return settings.approval_channel_id or 0

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

        return await self._change(actor, Action.SHOWCASE, change, _showcase_facts)

    async def end_showcase(self, actor: Actor) -> None:
        """Forward no more songs."""
        await self._change(
            actor,
            Action.SHOWCASE,
            lambda settings: replace(settings, showcase_channel_id=None),
            _showcase_facts,
        )

    async def end_approval(self, actor: Actor) -> int:
        """End approval and queue the requests that await it; return how many."""
        return await run_action(self._store, _end_approval, actor, self._clock())

    async def _change(
        self,
        actor: Actor,
        action: Action,
        change: Callable[[GuildSettings], GuildSettings],
        facts: Callable[[GuildSettings], AuditFacts],
    ) -> GuildSettings:
        return await self._store.write(update_settings, actor, action, change, facts, self._clock())


def _settings_and_cap(
    uow: UnitOfWork, guild_id: int, caps: CapConfig, now: datetime
) -> tuple[GuildSettings, Cap | None]:
    return uow.guilds.settings(guild_id), server_cap(uow, guild_id, caps, now)


@unit_of_work("guild_settings.change")
def update_settings(
    uow: UnitOfWork,
    actor: Actor,
    action: Action,
    change: Callable[[GuildSettings], GuildSettings],
    facts: Callable[[GuildSettings], AuditFacts],
    now: datetime,
) -> GuildSettings:
    """Change the settings once for each interaction; return them."""
    before = uow.guilds.get_for_update(actor.guild_id)
    after = change(before)
    uow.guilds.update(actor.guild_id, after)  # first, so that a new log channel gets this entry
    if record_action(uow, actor, action, before=facts(before), after=facts(after), now=now):
        return after
    uow.guilds.update(actor.guild_id, before)
    return before


def _results_facts(settings: GuildSettings) -> AuditFacts:
    prompts = "hidden" if settings.prompts_hidden else "shown"
    return {"channel": settings.results_channel_id, "prompts": prompts}


def _showcase_facts(settings: GuildSettings) -> AuditFacts:
    return {"channel": settings.showcase_channel_id, "loves": settings.showcase_loves}


def _approval_facts(settings: GuildSettings) -> AuditFacts:
    return {"channel": settings.approval_channel_id}


@unit_of_work("guild_settings.end_approval")
def _end_approval(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    after = update_settings(
        uow,
        actor,
        Action.APPROVAL,
        lambda settings: replace(settings, approval_channel_id=None),
        _approval_facts,
        now,
    )
    if (
        after.approval_channel_id is not None
    ):  # a repeat of the command, and approval was required again since
        return 0
    awaiting = uow.requests.of_guild(actor.guild_id, State.AWAITING, limit=MAX_APPROVED)
    for request in awaiting:
        apply_transition(uow, request, Transition.APPROVE, now=now)
    return len(awaiting)
