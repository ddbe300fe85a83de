"""Placing a request: a server's settings, the credits and the first status, all in one unit."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import ChannelError, PausedError
from bot.domain.guild_settings import GuildSettings, policy_for
from bot.domain.playlists import name_key
from bot.domain.quotas import Policy
from bot.domain.requests import NewRequest, ReplyAddress, Request, State
from bot.domain.song_options import SongOptions, SongSpec, parse_options
from bot.services.credits.holds import funding_accounts, hold_credits
from bot.services.delivery.cards import StatusCard
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.queue_snapshot import queue_snapshot
from bot.services.requests.status import status_card_for
from bot.services.runtime.timings import WorkTimings
from bot.services.unit_of_work import UnitOfWork, unit_of_work

SHORT_QUEUE = 200
"""Up to so many waiting requests, the answer to a command says its place; sorting more takes too long."""
APPROVAL_TTL = timedelta(hours=24)
"""Within which a moderator has to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongConfig:
    """What the operator has settled about songs."""

    models: tuple[str, ...]
    default_model: str
    cost: int
    """Credits for one request."""
    policy: Policy
    """What every member may do."""
    slots: int
    """Tasks at the provider at once."""
    token_life_s: float
    """Seconds for which an interaction's token is used."""
    edit_spacing_s: float
    """Least seconds between two edits of one status message."""
    status_interval_s: float = WorkTimings().status_interval_s
    """Seconds between two looks at a waiting request's position in the queue."""
    answered_within_s: float = WorkTimings().answered_within_s
    """Seconds after which the answer to a command, whose outcome is unknown, is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """Who asked, where, and how the answer can be reached."""

    interaction_id: int
    guild_id: int
    user_id: int
    channel_id: int
    application_id: int
    token: str
    attachment_limit: int
    """Bytes."""
    role_ids: tuple[int, ...] = ()
    """The roles that the member has there."""
    parent_id: int | None = None
    """The channel that a thread belongs to."""
    may_post: bool = True
    """Whether the bot may post messages with files and embeds there."""
    at_song: bool = False
    """Whether it was asked for by a button of an earlier song, which stands where results are posted."""

    def __repr__(self) -> str:
        """The facts without the token, which is a secret."""
        return (
            f"Asked(interaction_id={self.interaction_id}, guild_id={self.guild_id}, user_id={self.user_id})"
        )


@unit_of_work("placing.place")
def place(
    uow: UnitOfWork, options: SongOptions, context: RequestContext, config: SongConfig, now: datetime
) -> tuple[StatusCard, Request | None]:
    """The status of the request that the order became, and the request if it is a new one.

    Raises:
        RefusalError: the order is wrong or not allowed now; the unit of work must not go on.
    """
    known = uow.requests.find(context.interaction_id)
    if known is not None:
        return status_card_for(uow, known, queue_snapshot(uow, config.slots, now), now), None
    settings = uow.guilds.get_for_share(context.guild_id)
    _refuse_closed(settings, context)
    spec = _spec(options, settings, config)
    common = policy_for(config.policy, settings)
    member = uow.members.acquire_slot(
        context.guild_id, context.user_id, limit=common.max_active, cooldown_s=common.cooldown_s, now=now
    )
    policy = policy_for(config.policy, settings, member, context.role_ids)
    request = uow.requests.add(_new(spec, context, policy, settings, config, now))
    hold_credits(
        uow,
        request.id,
        cost=request.cost,
        funding=funding_accounts(context.guild_id, context.user_id, member=member, policy=policy, now=now),
        policy=policy,
        settings=settings,
        now=now,
    )
    if settings.has_playlists:
        uow.playlists.mark_used(context.guild_id, spec.playlist_id, now=now)
    return _announce(uow, request, config, now), request


def by_name(uow: UnitOfWork, options: SongOptions, guild_id: int) -> SongOptions:
    """The order with the saved playlist that its text is the name of; the same order if it is none."""
    saved = uow.playlists.find(guild_id, name_key(options.playlist))
    return options if saved is None else replace(options, playlist=saved.playlist_id)


def _refuse_closed(settings: GuildSettings, context: RequestContext) -> None:
    """Nothing happens while songs may be asked for there.

    Raises:
        PausedError, ChannelError: songs can't be asked for there at the moment.
    """
    if settings.paused is not None:
        raise PausedError(settings.paused)
    only = settings.requests_channel_id
    open_ = {only, settings.results_channel_id} if context.at_song else {only}
    here = {context.channel_id, context.parent_id} - {None}
    if only is not None and not open_ & here:
        raise ChannelError(only)


def _spec(options: SongOptions, settings: GuildSettings, config: SongConfig) -> SongSpec:
    model = settings.model if settings.model in config.models else None
    return parse_options(options, models=config.models, default_model=model or config.default_model)


def _new(
    spec: SongSpec,
    context: RequestContext,
    policy: Policy,
    settings: GuildSettings,
    config: SongConfig,
    now: datetime,
) -> NewRequest:
    return NewRequest(
        id=context.interaction_id,
        guild_id=context.guild_id,
        user_id=context.user_id,
        spec=spec,
        cost=config.cost,
        policy=policy,
        address=ReplyAddress(
            application_id=context.application_id,
            channel_id=context.channel_id,
            token=context.token,
            token_until=now + timedelta(seconds=config.token_life_s),
            attachment_limit=context.attachment_limit,
            may_post=context.may_post,
        ),
        placed_at=now,
        approve_by=None if settings.approval_channel_id is None else now + APPROVAL_TTL,
        delivery_channel_id=settings.results_channel_id,
    )


def _announce(uow: UnitOfWork, request: Request, config: SongConfig, now: datetime) -> StatusCard:
    """The status that the answer shows, which the outbox knows of."""
    if request.state is State.AWAITING:
        uow.outbox.mark_due(request.id, MessageKind.APPROVAL, due_at=now)
    # In a long queue the answer has no position, and the next edit has it.
    card = status_card_for(uow, request, queue_snapshot(uow, config.slots, now, longest=SHORT_QUEUE), now)
    uow.outbox.create(
        request.id,
        MessageKind.STATUS,
        fingerprint=card.fingerprint,
        not_before=now + timedelta(seconds=config.edit_spacing_s),
        next_at=now + timedelta(seconds=config.status_interval_s),
    )
    return card
