"""Placing a request: a server's settings, the credits and the first status, all in one unit."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import ChannelError, PausedError
from bot.domain.guild_settings import GuildSettings, policy_for
from bot.domain.playlists import key_of
from bot.domain.quota import Policy
from bot.domain.requests import Address, NewRequest, Request, State
from bot.domain.songs import Order, SongSpec, check
from bot.services.cards import StatusCard
from bot.services.outbox import NoticeKind
from bot.services.spending import hold_credits, purse_of
from bot.services.status import describe, line_of
from bot.services.timings import WorkTimings
from bot.services.work import Work, unit_of_work

SHORT_LINE = 200
"""Up to so many waiting requests, the answer to a command says its place; sorting more takes too long."""
APPROVAL_LIFE = timedelta(hours=24)
"""Within which a moderator has to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongRules:
    """What the operator has settled about songs."""

    models: tuple[str, ...]
    default_model: str
    cost: int
    """Credits for one request."""
    policy: Policy
    """What every member may do."""
    places: int
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
class Asked:
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
    work: Work, order: Order, asked: Asked, rules: SongRules, now: datetime
) -> tuple[StatusCard, Request | None]:
    """The status of the request that the order became, and the request if it is a new one.

    Raises:
        RefusalError: the order is wrong or not allowed now; the unit of work must not go on.
    """
    known = work.requests.find(asked.interaction_id)
    if known is not None:
        return describe(work, known, line_of(work, rules.places, now), now), None
    settings = work.guilds.share(asked.guild_id)
    _refuse_closed(settings, asked)
    spec = _spec(order, settings, rules)
    common = policy_for(rules.policy, settings)
    standing = work.members.take_slot(
        asked.guild_id, asked.user_id, limit=common.max_active, cooldown_s=common.cooldown_s, now=now
    )
    policy = policy_for(rules.policy, settings, standing, asked.role_ids)
    request = work.requests.add(_new(spec, asked, policy, settings, rules, now))
    hold_credits(
        work,
        request.id,
        cost=request.cost,
        purse=purse_of(asked.guild_id, asked.user_id, standing=standing, policy=policy, now=now),
        policy=policy,
        settings=settings,
        now=now,
    )
    if settings.has_playlists:
        work.playlists.used(asked.guild_id, spec.playlist_id, now=now)
    return _announce(work, request, rules, now), request


def by_name(work: Work, order: Order, guild_id: int) -> Order:
    """The order with the saved playlist that its text is the name of; the same order if it is none."""
    saved = work.playlists.find(guild_id, key_of(order.playlist))
    return order if saved is None else replace(order, playlist=saved.playlist_id)


def _refuse_closed(settings: GuildSettings, asked: Asked) -> None:
    """Nothing happens while songs may be asked for there.

    Raises:
        PausedError, ChannelError: songs can't be asked for there at the moment.
    """
    if settings.paused is not None:
        raise PausedError(settings.paused)
    only = settings.requests_channel_id
    open_ = {only, settings.results_channel_id} if asked.at_song else {only}
    here = {asked.channel_id, asked.parent_id} - {None}
    if only is not None and not open_ & here:
        raise ChannelError(only)


def _spec(order: Order, settings: GuildSettings, rules: SongRules) -> SongSpec:
    model = settings.model if settings.model in rules.models else None
    return check(order, models=rules.models, default_model=model or rules.default_model)


def _new(
    spec: SongSpec, asked: Asked, policy: Policy, settings: GuildSettings, rules: SongRules, now: datetime
) -> NewRequest:
    return NewRequest(
        id=asked.interaction_id,
        guild_id=asked.guild_id,
        user_id=asked.user_id,
        spec=spec,
        cost=rules.cost,
        policy=policy,
        address=Address(
            application_id=asked.application_id,
            channel_id=asked.channel_id,
            token=asked.token,
            token_until=now + timedelta(seconds=rules.token_life_s),
            attachment_limit=asked.attachment_limit,
            may_post=asked.may_post,
        ),
        placed_at=now,
        approve_by=None if settings.approval_channel_id is None else now + APPROVAL_LIFE,
        delivery_channel_id=settings.results_channel_id,
    )


def _announce(work: Work, request: Request, rules: SongRules, now: datetime) -> StatusCard:
    """The status that the answer shows, which the outbox knows of."""
    if request.state is State.AWAITING:
        work.notices.touch(request.id, NoticeKind.APPROVAL, due_at=now)
    card = describe(work, request, line_of(work, rules.places, now, longest=SHORT_LINE), now)
    work.notices.open(
        request.id,
        NoticeKind.STATUS,
        mark=card.mark,
        not_before=now + timedelta(seconds=rules.edit_spacing_s),
        next_at=now + timedelta(seconds=rules.status_interval_s),
    )
    return card
