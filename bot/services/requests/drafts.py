"""The form of a request that is about to be changed, filled from an earlier one or from a link."""

from dataclasses import dataclass, replace

from bot.domain.playlist_choice import is_default
from bot.domain.playlists import SavedPlaylist
from bot.domain.requests import MAX_ID, Origin, Request
from bot.domain.song_form import SongForm, SongSource, form_of
from bot.domain.song_options import SongOptions, SongSpec
from bot.domain.songs import DetailsErasedError, SongNotFoundError, SongRemovedError, Viewer
from bot.services.requests.placement import SongConfig
from bot.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SongDraft:
    """What a form shows: the values of its fields, and what can be chosen."""

    form: SongForm
    saved: tuple[SavedPlaylist, ...]
    """The server's playlists, by name."""
    models: tuple[str, ...]
    usual_model: str
    """The model for members who choose none."""
    cost: int
    """Credits for the request."""


def read_draft(uow: UnitOfWork, source: SongSource, viewer: Viewer, config: SongConfig) -> SongDraft:
    """Return the form for the source, with the server's playlists and models.

    Raises:
        SongNotFoundError: the member can see no such request.
        SongRemovedError, DetailsErasedError: its song was removed, or its options are no longer stored.
    """
    settings = uow.guilds.settings(viewer.guild_id)
    usual = settings.model if settings.model in config.models else config.default_model
    saved = uow.playlists.list(viewer.guild_id) if settings.has_playlists else []
    options = SongOptions(playlist=source.playlist_id)
    if source.request_id is not None:
        spec = _visible(uow.requests.find(source.request_id) if source.request_id <= MAX_ID else None, viewer)
        model = spec.model if spec.model in config.models else None
        options = replace(options_of(spec), model=model)
    form = form_of(options)
    if not form.playlist:
        usual_ids = [one.playlist_id for one in saved if is_default(one, settings.default_playlist)]
        form = replace(form, playlist="".join(usual_ids))
    return SongDraft(
        form=replace(form, model=form.model or usual),
        saved=tuple(saved),
        models=config.models,
        usual_model=usual,
        cost=config.cost,
    )


def hidden_options(
    uow: UnitOfWork, source: SongSource, guild_id: int, options: SongOptions
) -> tuple[SongOptions, Origin | None]:
    """Complete the options by those of the source that a form does not show, with the song it is like.

    Raises:
        SongNotFoundError, SongRemovedError, DetailsErasedError: the request is not available any more.
    """
    if source.request_id is None:
        return replace(options, persona_id=source.persona_id, artist_clip_id=source.clip_id), None
    request = uow.requests.find(source.request_id) if source.request_id <= MAX_ID else None
    known = require_details(request, guild_id)
    spec = known.spec
    return replace(options, persona_id=spec.persona_id, artist_clip_id=spec.artist_clip_id), known.origin


def require_details(request: Request | None, guild_id: int) -> Request:
    """Return the request if it is of the server and its options are stored.

    Raises:
        SongNotFoundError: there is no such request in the server.
        SongRemovedError, DetailsErasedError: its song was removed, or its options are no longer stored.
    """
    if request is None or request.guild_id != guild_id:
        raise SongNotFoundError
    if request.removed_at is not None:
        raise SongRemovedError
    if request.lacks_details:
        raise DetailsErasedError
    return request


def options_of(spec: SongSpec) -> SongOptions:
    """Return the options that give this spec."""
    return SongOptions(
        playlist=spec.playlist_id,
        prompt=spec.prompt,
        model=spec.model,
        style_weight=spec.style_weight,
        audio_weight=spec.audio_weight,
        weirdness=spec.weirdness,
        persona_id=spec.persona_id,
        artist_clip_id=spec.artist_clip_id,
    )


def _visible(request: Request | None, viewer: Viewer) -> SongSpec:
    known = require_details(request, viewer.guild_id)
    if not viewer.can_see(known):
        raise SongNotFoundError
    return known.spec
