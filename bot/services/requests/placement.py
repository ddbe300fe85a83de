"""The placing of a request: the server's settings, the credits and the first status in one unit of work."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.caps import NO_CAPS, Cap, CapConfig
from bot.domain.errors import (
    ChannelError,
    CooldownError,
    NotServedError,
    PausedError,
    SecondPressError,
)
from bot.domain.guild_settings import GuildSettings, MemberRecord, policy_for
from bot.domain.playlist_choice import choose_playlist, require_saved
from bot.domain.queue_errors import ClosedError, QueueFullError
from bot.domain.quotas import Policy
from bot.domain.requests import NewRequest, Origin, ReplyAddress, Request, State
from bot.domain.served_guilds import EVERYWHERE, ServedGuilds
from bot.domain.song_options import PlaylistName, SongOptions, SongSpec, song_spec
from bot.domain.words import WordError, find_forbidden
from bot.services.cards import StatusCard
from bot.services.credits.holds import hold_credits, payment_of
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.queue_snapshot import queue_snapshot, status_card_for
from bot.services.runtime.timings import WorkTimings
from bot.services.served_guilds import load_served
from bot.services.unit_of_work import UnitOfWork, unit_of_work

SHORT_QUEUE = 200
"""The longest queue in which the answer to a command gives the position; sorting more takes too long."""
PLACED_AT_ONCE = 25
"""More requests than a server's members place in the time of one transaction, in all processes."""
SNOWFLAKE_TIME = 22
"""The bits of an id of Discord's below its time (reference, "Snowflakes")."""
APPROVAL_TTL = timedelta(hours=24)
"""The time within which a moderator has to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongConfig:
    """The operator's settings about songs."""

    models: tuple[str, ...]
    default_model: str
    cost: int
    """Credits for one request."""
    policy: Policy
    """The limits for every member, unless the server's settings differ."""
    slots: int
    """The number of tasks that may run at the provider at once."""
    max_waiting: int = 100_000
    """How many requests may wait in a server."""
    token_life_s: float
    """Seconds for which an interaction's token is used."""
    edit_spacing_s: float
    """Seconds between two edits of one status message, at least."""
    served: ServedGuilds = EVERYWHERE
    """The servers in which songs can be requested."""
    caps: CapConfig = NO_CAPS
    """What servers may spend."""
    press_pause_s: int = 5
    """Seconds after a member's request within which a press of a button places no other one."""
    status_interval_s: float = WorkTimings().status_interval_s
    """Seconds between two checks of a waiting request's position in the queue."""
    answered_within_s: float = WorkTimings().answered_within_s
    """Seconds after which the answer to a command is looked up if its outcome is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """The interaction that a request comes from: its member, its channel, and how to edit its answer."""

    interaction_id: int
    guild_id: int
    user_id: int
    channel_id: int
    application_id: int
    token: str
    attachment_limit: int
    """Bytes."""
    role_ids: tuple[int, ...] = ()
    """The member's roles in the server."""
    parent_id: int | None = None
    """The channel that a thread belongs to."""
    may_post: bool = True
    """Whether the bot may post messages with files and embeds in the channel."""
    at_song: bool = False
    """Whether a button of an earlier song was pressed, which may be in the server's channel for results."""
    origin: Origin | None = None
    """The clip of that song that the new one is in the style of."""

    def __repr__(self) -> str:
        """Return the ids without the token, which is a secret."""
        return (
            f"RequestContext(interaction_id={self.interaction_id}, guild_id={self.guild_id},"
            f" user_id={self.user_id})"
        )


@dataclass(frozen=True, slots=True)
class PlacedRequest:
    """The outcome of placing a request."""

    card: StatusCard
    """The status to answer with."""
    request: Request | None = None
    """None: the interaction had placed it before."""
    caps: tuple[Cap, ...] = ()
    """The owner's caps that it passed, as they were without it."""


@unit_of_work("placement.place")
def place(
    uow: UnitOfWork, options: SongOptions, context: RequestContext, config: SongConfig, now: datetime
) -> PlacedRequest:
    """Place a request, hold its credits and create its status message.

    Raises:
        RefusalError: the options are wrong, or the request is not allowed now; roll the unit of work back.
        CapsNotOpenError: run `open_caps` first; roll the unit of work back.
    """
    known = uow.requests.find(context.interaction_id)
    if known is not None:
        return PlacedRequest(status_card_for(uow, known, queue_snapshot(uow, config.slots, now), now))
    if not load_served(uow, config.served).includes(context.guild_id):
        raise NotServedError
    settings, is_crowded = _locked_settings(uow, context.guild_id, config)
    _check_open(settings, context, now)
    if is_crowded:
        _check_room(uow, context.guild_id, settings.waiting_limit(config.max_waiting))
    spec = _spec(uow, options, context, settings, config)
    _check_words(settings, spec)
    common = policy_for(config.policy, settings, role_ids=context.role_ids)
    member = _add_active_request(uow, context, common, config, now)
    policy = policy_for(config.policy, settings, member, context.role_ids)
    approve_by = now + APPROVAL_TTL if _needs_approval(uow, spec, context, settings, member) else None
    request = uow.requests.add(_new_request(spec, context, policy, settings, config, now, approve_by))
    payment = payment_of(uow, request, member=member, settings=settings, caps=config.caps, now=now)
    if settings.has_playlists:
        uow.playlists.mark_used(context.guild_id, spec.playlist_id, now=now)
    card = _create_status_message(uow, request, config, now, settings)
    hold_credits(uow, request.id, payment, now)
    return PlacedRequest(card, request, payment.caps)


def _locked_settings(uow: UnitOfWork, guild_id: int, config: SongConfig) -> tuple[GuildSettings, bool]:
    """Return the server's settings, which cannot change any more, and whether its queue may be full.

    Where little room is left, requests are placed one after the other, so that no more wait than may.
    """
    limit = uow.guilds.settings(guild_id).waiting_limit(config.max_waiting)
    if uow.requests.count_waiting(guild_id) + PLACED_AT_ONCE < limit:
        return uow.guilds.get_for_share(guild_id), False
    return uow.guilds.get_for_update(guild_id), True


def _check_room(uow: UnitOfWork, guild_id: int, limit: int) -> None:
    """Raise if as many requests wait as may.

    Raises:
        QueueFullError: the limit is reached.
    """
    if uow.requests.count_waiting(guild_id) >= limit:
        raise QueueFullError(limit)


def _add_active_request(
    uow: UnitOfWork, context: RequestContext, policy: Policy, config: SongConfig, now: datetime
) -> MemberRecord:
    """Count one more pending request of the member, unless a limit forbids it.

    Raises:
        SecondPressError: a button was pressed right after the member's last request, which is still pending.
        RefusalError: one of the limits is reached.
    """

    def add(cooldown_s: int) -> MemberRecord:
        return uow.members.add_active_request(
            context.guild_id, context.user_id, limit=policy.max_active, cooldown_s=cooldown_s, now=now
        )

    if not context.at_song or policy.cooldown_s >= config.press_pause_s:
        return add(policy.cooldown_s)
    try:
        return add(config.press_pause_s)
    except CooldownError as error:
        last_placed_at = error.until - timedelta(seconds=config.press_pause_s)
        # of two presses at once, the one that is counted first may have the later time
        waits_for_server = policy.cooldown_s and now < last_placed_at + timedelta(seconds=policy.cooldown_s)
        if uow.requests.active_of(context.guild_id, context.user_id) and not waits_for_server:
            raise SecondPressError from error
        return add(policy.cooldown_s)


def _check_open(settings: GuildSettings, context: RequestContext, now: datetime) -> None:
    """Raise if the server is paused or closed, or accepts requests in another channel.

    Raises:
        PausedError: the server's moderators have paused songs.
        ClosedError: they take no more requests for now.
        ChannelError: the server takes requests in another channel.
    """
    pause = settings.pause(now)
    if pause is not None:
        raise PausedError(pause.reason, pause.until)
    if settings.closed is not None:
        raise ClosedError(settings.closed)
    requests_channel_id = settings.requests_channel_id
    open_ids = (
        {requests_channel_id, settings.results_channel_id} if context.at_song else {requests_channel_id}
    )
    channel_ids = {context.channel_id, context.parent_id} - {None}
    if requests_channel_id is not None and not open_ids & channel_ids:
        raise ChannelError(requests_channel_id)


def _check_words(settings: GuildSettings, spec: SongSpec) -> None:
    """Return if the prompt has none of the server's forbidden words.

    Raises:
        WordError: it has one.
    """
    word = find_forbidden(spec.prompt, settings.words) if spec.prompt and settings.words else None
    if word is not None:
        raise WordError(word)


def _spec(
    uow: UnitOfWork,
    options: SongOptions,
    context: RequestContext,
    settings: GuildSettings,
    config: SongConfig,
) -> SongSpec:
    """Return the options as the provider takes them, completed by the server's settings.

    Raises:
        RefusalError: no saved playlist is meant, or an option is not allowed.
    """
    playlist_id = _playlist_id(uow, options.playlist, context, settings)
    model = settings.model if settings.model in config.models else None
    return song_spec(options, playlist_id, models=config.models, default_model=model or config.default_model)


def _playlist_id(
    uow: UnitOfWork, playlist: str | PlaylistName | None, context: RequestContext, settings: GuildSettings
) -> str:
    if isinstance(playlist, str) and not settings.only_saved:
        return playlist
    saved = uow.playlists.list(context.guild_id) if settings.has_playlists else []
    if isinstance(playlist, str) or (settings.only_saved and not saved):
        return require_saved(playlist, saved)
    # the milliseconds of the interaction: when it is placed again, the same playlist is meant
    by_chance = context.interaction_id >> SNOWFLAKE_TIME
    return choose_playlist(playlist, saved, default=settings.default_playlist, random=by_chance).playlist_id


def _needs_approval(
    uow: UnitOfWork,
    spec: SongSpec,
    context: RequestContext,
    settings: GuildSettings,
    member: MemberRecord,
) -> bool:
    """Return True if moderators have to approve the request of this member."""
    if settings.approval_channel_id is None:
        return False
    rules = settings.approval
    is_saved = rules.skips_saved and uow.playlists.name_of(context.guild_id, spec.playlist_id) is not None
    return not rules.exempts(context.role_ids, placed_today=member.placed_today, is_saved=is_saved)


def _new_request(
    spec: SongSpec,
    context: RequestContext,
    policy: Policy,
    settings: GuildSettings,
    config: SongConfig,
    now: datetime,
    approve_by: datetime | None,
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
        approve_by=approve_by,
        delivery_channel_id=settings.results_channel_id,
        origin=context.origin,
    )


def _create_status_message(
    uow: UnitOfWork, request: Request, config: SongConfig, now: datetime, settings: GuildSettings
) -> StatusCard:
    """Create the status message in the outbox; return the card that the command's answer shows."""
    if request.state is State.AWAITING:
        uow.outbox.mark_due(request.id, MessageKind.APPROVAL, due_at=now)
    # In a long queue the answer has no position, and the next edit has it.
    queue = queue_snapshot(uow, config.slots, now, longest=SHORT_QUEUE)
    card = status_card_for(uow, request, queue, now, settings)
    uow.outbox.create(
        request.id,
        MessageKind.STATUS,
        fingerprint=card.fingerprint,
        not_before=now + timedelta(seconds=config.edit_spacing_s),
        next_at=now + timedelta(seconds=config.status_interval_s),
    )
    return card
