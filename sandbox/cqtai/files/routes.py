"""The URLs of the provider's files: audio, covers, and links that lead nowhere."""

import functools

from aiohttp import web

from sandbox.cqtai.effects import MediaFault
from sandbox.cqtai.faults import Occasion, Phase
from sandbox.cqtai.files.audio import mp3_of
from sandbox.cqtai.files.covers import COVER_PX, LARGE_COVER_PX, cover_of
from sandbox.cqtai.files.media import (
    HOP,
    MediaCache,
    access_denied,
    faulty_response,
    file_response,
    not_there,
    parse_media_name,
    redirect,
)
from sandbox.cqtai.songs import Clip
from sandbox.cqtai.state import ProviderState
from sandbox.cqtai.tasks import Task
from sandbox.cqtai.timeline import ClipStatus

AVATAR = "sAura14.jpg"
AVATAR_SEED = 14


class FileRoutes:
    """The handlers of everything that a reply can link to."""

    def __init__(self, state: ProviderState) -> None:
        self._state = state
        self._cache = MediaCache()

    def add_to(self, app: web.Application) -> None:
        """Serve the files in this application."""
        app.router.add_get("/api/forbidden", self.forbidden)
        app.router.add_get(f"/media/{AVATAR}", self.avatar)
        app.router.add_get("/media/{name}", self.file)

    async def forbidden(self, _request: web.Request) -> web.Response:
        """Answer as Suno does for a link that it has closed."""
        return access_denied()

    async def avatar(self, request: web.Request) -> web.Response:
        """Answer with the avatar of the account that made the clips."""
        make = functools.partial(cover_of, "", seed=AVATAR_SEED, size_px=COVER_PX)
        return file_response(request, await self._cache.get(AVATAR, make=make), content_type="image/jpeg")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Answer with a clip's audio or cover: 404 if there is no such clip, 403 while it is being made."""
        name = request.match_info["name"]
        parsed = parse_media_name(name)
        found = None if parsed is None else self._state.register.clip(parsed[1])
        if parsed is None or found is None:
            return not_there()
        kind, (task, clip) = parsed[0], found
        if not self._is_ready(task, clip, kind=kind):
            return access_denied()
        if request.query.get(HOP) == "again":
            return redirect(request, MediaFault.REDIRECT_LOOP)
        body = await self._cache.get(name, make=lambda: self._make(task, clip, kind=kind))
        content_type = "audio/mpeg" if kind == "audio" else "image/jpeg"
        fault = None if HOP in request.query else self._media_fault(task, clip, kind=kind)
        if fault is None:
            return file_response(request, body, content_type=content_type)
        return await faulty_response(request, body, content_type=content_type, fault=fault)

    def _is_ready(self, task: Task, clip: Clip, *, kind: str) -> bool:
        clips = task.at(self._state.settle()).clips
        status = clips[clip.batch_index] if clips else ClipStatus.QUEUED
        return status is ClipStatus.COMPLETE or (kind != "audio" and status is ClipStatus.STREAMING)

    def _make(self, task: Task, clip: Clip, *, kind: str) -> bytes:
        if kind == "audio":
            cap_s = self._state.terms.audio_s
            length_s = clip.duration_s if cap_s is None else min(cap_s, clip.duration_s)
            return mp3_of(task.song.playlist, seed=clip.seed, duration_s=length_s)
        size_px = LARGE_COVER_PX if kind == "image_large" else COVER_PX
        cap_px = self._state.terms.cover_px
        return cover_of(
            clip.title, seed=clip.seed, size_px=size_px if cap_px is None else min(cap_px, size_px)
        )

    def _media_fault(self, task: Task, clip: Clip, *, kind: str) -> MediaFault | None:
        phase = Phase.AUDIO if kind == "audio" else Phase.COVER
        occasion = Occasion(task.request.playlist_id, task.key, clip.batch_index, is_done=True)
        fault = self._state.faults.first(phase, occasion)
        return fault.effect if fault is not None and isinstance(fault.effect, MediaFault) else None
