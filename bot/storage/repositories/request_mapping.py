"""Conversion between requests and rows."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Row

from bot.domain.provider_tasks import Clip, TaskProgress
from bot.domain.requests import Failure, FailureKind, NewRequest, Origin, ReplyAddress, Request, State
from bot.domain.song_options import SongSpec
from bot.services.repositories.requests import RequestChanges


def columns_of_new(new: NewRequest) -> dict[str, object]:
    """Return the row of a request that is being placed."""
    spec = new.spec
    return {
        "id": new.id,
        "guild_id": new.guild_id,
        "user_id": new.user_id,
        "playlist_id": spec.playlist_id,
        "model": spec.model,
        "prompt": spec.prompt,
        "style_weight": spec.style_weight,
        "audio_weight": spec.audio_weight,
        "weirdness": spec.weirdness,
        "persona_id": spec.persona_id,
        "artist_clip_id": spec.artist_clip_id,
        "cost": new.cost,
        "policy": new.policy,
        "state": state_of_new(new),
        "version": 1,
        "next_at": new.approve_by,
        "delivery_channel_id": new.delivery_channel_id,
        "origin_id": new.origin.request_id if new.origin else None,
        "origin_clip": new.origin.clip if new.origin else None,
        "placed_at": new.placed_at,
        "partial": False,
        **columns_of_address(new.address),
    }


def state_of_new(new: NewRequest) -> State:
    """Return the state in which a request begins."""
    return State.WAITING if new.approve_by is None else State.AWAITING


def columns_of_address(address: ReplyAddress) -> dict[str, object]:
    """Return the columns that locate the status message."""
    return {
        "application_id": address.application_id,
        "channel_id": address.channel_id,
        "message_id": address.message_id,
        "token": address.token,
        "token_until": address.token_until,
        "attachment_limit": address.attachment_limit,
        "may_post": address.may_post,
    }


def columns_of_changes(changes: RequestChanges) -> dict[str, object]:
    """Return the columns that a transition writes."""
    columns: dict[str, object] = {key: value for key, value in changes.items() if key != "failure"}
    failure = changes.get("failure")
    if failure is not None:
        columns |= {"failure_kind": failure.kind, "failure_detail": failure.detail}
    if "progress" in changes:
        columns["progress"] = stored_progress(changes["progress"])
    if "clips" in changes:
        columns |= {"clips": _bare(changes["clips"]), "lyrics": tuple(c.lyrics for c in changes["clips"])}
    return columns


def stored_progress(progress: TaskProgress) -> TaskProgress:
    """Return the progress without lyrics, which are stored once, in a column of their own."""
    return replace(progress, clips=_bare(progress.clips))


def _bare(clips: Iterable[Clip]) -> tuple[Clip, ...]:
    return tuple(replace(clip, lyrics=None) for clip in clips)


def _clips(row: Row[*tuple[object, ...]]) -> tuple[Clip, ...]:
    clips: tuple[Clip, ...] = row.clips or ()
    if row.lyrics is None:
        return clips
    return tuple(replace(clip, lyrics=words) for clip, words in zip(clips, row.lyrics, strict=True))


def request_of(row: Row[*tuple[object, ...]], *, version: int | None = None) -> Request:
    """Build the request from a row of all columns; `version` replaces the row's if it was just raised."""
    return Request(
        id=row.id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        spec=_spec(row),
        cost=row.cost,
        policy=row.policy,
        address=_address(row),
        placed_at=row.placed_at,
        state=State(row.state),
        version=row.version if version is None else version,
        task_id=row.task_id,
        accepted_at=row.accepted_at,
        ended_at=row.ended_at,
        progress=row.progress,
        clips=_clips(row),
        partial=row.partial,
        failure=Failure(FailureKind(row.failure_kind), row.failure_detail) if row.failure_kind else None,
        result_channel_id=row.result_channel_id,
        result_message_id=row.result_message_id,
        delivery_channel_id=row.delivery_channel_id,
        approval_channel_id=row.approval_channel_id,
        approval_message_id=row.approval_message_id,
        removed_at=row.removed_at,
        prompt_erased_at=row.prompt_erased_at,
        origin=None if row.origin_id is None else Origin(row.origin_id, row.origin_clip),
    )


def _spec(row: Row[*tuple[object, ...]]) -> SongSpec:
    return SongSpec(
        playlist_id=row.playlist_id,
        model=row.model,
        prompt=row.prompt,
        style_weight=row.style_weight,
        audio_weight=row.audio_weight,
        weirdness=row.weirdness,
        persona_id=row.persona_id,
        artist_clip_id=row.artist_clip_id,
    )


def _address(row: Row[*tuple[object, ...]]) -> ReplyAddress:
    return ReplyAddress(
        application_id=row.application_id,
        channel_id=row.channel_id,
        message_id=row.message_id,
        token=row.token,
        token_until=row.token_until,
        attachment_limit=row.attachment_limit,
        may_post=row.may_post,
    )
