"""The clips' files: which links members get, and the download of audio files within limits."""

import asyncio
import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aiohttp
from typing_extensions import override
from yarl import URL

from bot.domain.errors import MediaError
from bot.services.ports import Media, MediaSource, SongTags
from bot.suno.audio import audio_extension
from bot.suno.links import is_live_stream, is_placeholder, is_public, origin_of, read_link, read_origins
from bot.suno.tags import COVER_LIMIT, cover_type, with_tags

log = logging.getLogger(__name__)

FETCH_S = 30.0
"""Seconds for one file, redirects included."""
COVER_GRACE_S = 1.0
"""Seconds to wait for the cover once the audio is there: both are downloaded at the same time."""
TAGS_S = 5.0
"""Seconds to write a file's tags, which takes some milliseconds unless many wait for the thread."""
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({410, 451})
"""HTTP codes of a link that will never work; other errors may concern this bot only, or be temporary."""


class HttpMedia(MediaSource):
    """Files over HTTP; the session has to come from `media_session` with the same trusted origins.

    Raises:
        ValueError: a trusted origin is malformed.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        trusted_origins: Collection[str] = (),
        fetch_s: float = FETCH_S,
        cover_grace_s: float = COVER_GRACE_S,
        tags_s: float = TAGS_S,
    ) -> None:
        # the event loop's default threads are needed for DNS lookups
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tags")
        self._session = session
        self._trusted = read_origins(trusted_origins)
        self._fetch_s = fetch_s
        self._cover_grace_s = cover_grace_s
        self._tags_s = tags_s

    @override
    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    @override
    def offered(self, url: str | None) -> str | None:
        link = self._usable(url) if url else None
        return None if link is None else str(link)

    @override
    async def fetch_audio(self, url: str, *, limit: int, tags: SongTags | None = None) -> Media:
        covering = asyncio.ensure_future(self._cover(tags.cover_url if tags else None))
        try:
            media = await self._audio(url, limit=limit)
            return media if tags is None else await self._tagged(media, tags, covering, limit=limit)
        finally:
            covering.cancel()

    async def _audio(self, url: str, *, limit: int) -> Media:
        try:
            async with asyncio.timeout(self._fetch_s):
                content = await self._follow(url, limit=limit)
        except TimeoutError as error:
            raise MediaError("not fetched in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise MediaError(f"not fetched: {type(error).__name__}", is_passing=True) from error
        extension = audio_extension(content)
        if extension is None:
            raise MediaError("not an audio file", is_dead=True, is_passing=True)
        return Media(content, extension)

    async def _cover(self, url: str | None) -> bytes | None:
        """Return the picture; None if there is none that players show, or it cannot be downloaded."""
        if url is None:
            return None
        try:
            cover = await self._follow(url, limit=COVER_LIMIT)
        except (MediaError, aiohttp.ClientError, OSError) as error:
            log.info("no cover for a file: %r", error)
            return None
        return cover if cover_type(cover) else None

    async def _tagged(
        self, media: Media, tags: SongTags, covering: asyncio.Task[bytes | None], *, limit: int
    ) -> Media:
        """Return the file with its tags, or as it is if that takes too long; a song never waits for them."""
        await asyncio.wait({covering}, timeout=self._cover_grace_s)
        cover = covering.result() if covering.done() else None
        work = partial(with_tags, media, tags, cover, limit=limit)
        try:
            async with asyncio.timeout(self._tags_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except TimeoutError:
            log.warning("writing a file's tags took too long")
            return media

    def _usable(self, url: str) -> URL | None:
        """Return the link if it can be shown and fetched, else None."""
        link = read_link(url)
        if link is None or is_placeholder(link) or is_live_stream(url):
            return None
        if origin_of(link) in self._trusted:
            return link
        return link if link.scheme == "https" and is_public(link.host or "") else None

    async def _follow(self, url: str, *, limit: int) -> bytes:
        """Follow the link's redirects, each of which has to be usable as well, and return the content."""
        for _ in range(MAX_REDIRECTS + 1):
            link = self._usable(url)
            if link is None:
                raise MediaError("the link leads to no public file", is_dead=True)
            async with self._session.get(link, allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    return await _content(response, limit=limit)
                url = _target(link, response.headers.get("Location", ""))
        raise MediaError("too many redirects", is_dead=True)


def _target(link: URL, location: str) -> str:
    try:
        return str(link.join(URL(location, encoded=location.isascii())))
    except ValueError as error:
        raise MediaError("a redirect to nowhere", is_dead=True) from error


async def _content(response: aiohttp.ClientResponse, *, limit: int) -> bytes:
    """Return the whole body; aiohttp raises if it is shorter than its Content-Length."""
    if response.status != 200:
        is_gone = response.status in GONE
        raise MediaError(f"HTTP {response.status}", is_dead=is_gone, is_passing=not is_gone)
    if (response.content_length or 0) > limit:
        raise MediaError(f"larger than {limit} bytes")
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise MediaError(f"larger than {limit} bytes")
    return bytes(content)
