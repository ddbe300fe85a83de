from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict, Unpack

import discord

from bot.domain.caps import Cap
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.provider_tasks import Clip
from bot.domain.quotas import Period, window_of
from bot.domain.requests import Failure, State
from bot.domain.scheduling import Pause
from bot.services.cards import ClipCard, Hint, ResultCard, StatusCard
from sandbox.discord.rules.messages import Sent, check_message

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLAYLIST = "11111111-2222-3333-4444-555555555555"
CLIPS = ("aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002")
REQUEST, GUILD, MEMBER = 1_290_000_000_000_000_001, 1_290_000_000_000_000_002, 1_290_000_000_000_000_003


class StatusFacts(TypedDict, total=False):
    placement: str
    position: int | None
    outage: ProviderOutage | None
    pause: Pause | None
    paused_by_operator: bool
    backoff_end: datetime
    quarters: int
    clips_ready: int
    expected_at: datetime | None
    hints: tuple[Hint, ...]
    failure: Failure | None
    partial: bool
    result_url: str | None
    status_url: str | None
    delivery_uncertain: bool
    clip_ids: tuple[str, ...]
    title: str | None
    listen_url: str | None
    playlist_name: str | None
    prompt_quote: str | None
    removed: bool
    cost: int
    model: str
    request_id: int
    user_id: int


def cap_of(credits_: int, spent: int, *, guild: int = GUILD) -> Cap:
    """A cap that is in force this month."""
    window = window_of(Period.MONTH, NOW)
    return Cap(guild_id=guild, credits=credits_, spent=spent, period=Period.MONTH, window=window)


def status(state: State, **facts: Unpack[StatusFacts]) -> StatusCard:
    usual: StatusFacts = {"cost": 30, "model": "v55", "request_id": REQUEST, "user_id": MEMBER}
    return StatusCard(guild_id=GUILD, playlist_id=PLAYLIST, state=state, **(usual | facts))


def clip(
    number: int = 1,
    *,
    title: str | None = "Night Drive",
    duration_s: float | None = 91.32,
    tags: tuple[str, ...] = ("synthwave", "night"),
    listen_url: str = "https://cdn.example/1.mp3",
    cover_url: str | None = "https://cdn.example/1.jpeg",
    clip_id: str | None = None,
) -> ClipCard:
    made = Clip(
        id=clip_id or CLIPS[(number - 1) % 2],
        title=title,
        duration_s=duration_s,
        tags=tags,
        model="Suno v5.5",
    )
    return ClipCard(clip=made, listen_url=listen_url, cover_url=cover_url)


def result(
    *clips: ClipCard, partial: bool = False, user_id: int = MEMBER, request_id: int = REQUEST
) -> ResultCard:
    return ResultCard(
        request_id=request_id,
        user_id=user_id,
        playlist_id=PLAYLIST,
        model="v55",
        clips=clips or (clip(1), clip(2)),
        partial=partial,
        cost=30,
    )


def check_sendable(
    *, content: str = "", embeds: Sequence[discord.Embed] = (), view: discord.ui.View | None = None
) -> None:
    """Check Discord's own limits, as the local Discord enforces them."""
    payload: dict[str, object] = {
        "content": content,
        "embeds": [embed.to_dict() for embed in embeds],
        "components": view.to_components() if view else [],
    }
    check_message(Sent(payload=payload, files={}))


def fields(embed: discord.Embed) -> dict[str | None, str | None]:
    return {field.name: field.value for field in embed.fields}


def labels(view: discord.ui.View) -> list[str | None]:
    return [button.label for button in _buttons(view)]


def links(view: discord.ui.View) -> list[str | None]:
    return [button.url for button in _buttons(view)]


def _buttons(view: discord.ui.View) -> list[discord.ui.Button[discord.ui.View]]:
    return [child for child in view.children if isinstance(child, discord.ui.Button)]
