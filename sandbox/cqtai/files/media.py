"""The provider's files over HTTP: audio and covers made on first request, and the ways they fail."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from sandbox.cqtai.effects import MediaFault

CACHED_FILES = 16
"""Files kept in memory; the oldest goes first and is made again if asked for. At most about 1 MB each."""
SLOW_CHUNK_BYTES = 1024
SLOW_PAUSE_S = 1.0
ENDLESS_CHUNK_BYTES = 64 * 1024
PRIVATE_ADDRESS = "http://169.254.169.254/latest/meta-data/"
HOP = "hop"
"""The query parameter that tells a redirected request from the first one."""

_STORAGE_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{text}</Message></Error>'
)
_WEB_PAGE = "<!doctype html><html><head><title>Suno</title></head><body>Sign in to listen</body></html>"
_MEDIA_NAME = re.compile(r"(?P<kind>image_large_|image_|)(?P<clip>[0-9a-f-]{36})\.(?P<ending>mp3|jpeg)")


class MediaCache:
    """A cache of files by name; each file is made once, in a thread, one at a time."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._making = asyncio.Lock()

    async def get(self, name: str, *, make: Callable[[], bytes]) -> bytes:
        """Return the file of this name; call `make` if it is not cached."""
        async with self._making:
            if name not in self._files:
                self._files[name] = await asyncio.to_thread(make)
                if len(self._files) > CACHED_FILES:
                    self._files.popitem(last=False)
            self._files.move_to_end(name)
            return self._files[name]


def parse_media_name(name: str) -> tuple[str, str] | None:
    """Return the kind ("audio", "image" or "image_large") and clip id of a file name of ours, or None."""
    match = _MEDIA_NAME.fullmatch(name)
    if match is None or (match["kind"] == "") != (match["ending"] == "mp3"):
        return None
    return match["kind"].rstrip("_") or "audio", match["clip"]


def access_denied() -> web.Response:
    """Answer 403 with an XML body, as a storage service refuses a file that is not there yet."""
    return web.Response(
        status=403,
        text=_STORAGE_ERROR.format(code="AccessDenied", text="Access Denied"),
        content_type="application/xml",
    )


def not_there() -> web.Response:
    """Answer 404 with an XML body."""
    return web.Response(
        status=404,
        text=_STORAGE_ERROR.format(code="NoSuchKey", text="No such key"),
        content_type="application/xml",
    )


def file_response(request: web.Request, body: bytes, *, content_type: str) -> web.Response:
    """Answer with the file, or with the range of it that the request asks for."""
    headers = {"Accept-Ranges": "bytes", "Access-Control-Allow-Origin": "*"}
    try:
        wanted = request.http_range
    except ValueError:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=body, content_type=content_type, headers=headers)
    start, stop, _ = wanted.indices(len(body))
    if start >= stop:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return web.Response(status=206, body=body[start:stop], content_type=content_type, headers=headers)


def abort(request: web.Request) -> web.Response:
    """Reset the connection; the response that comes back has nowhere to go."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def faulty_response(
    request: web.Request, body: bytes, *, content_type: str, fault: MediaFault
) -> web.StreamResponse:
    """Answer with a fault in place of the file."""
    if fault in _AT_ONCE:
        return _AT_ONCE[fault](request, content_type)
    match fault:
        case MediaFault.TRUNCATED:
            return await _truncated(request, body, content_type=content_type)
        case MediaFault.SLOW:
            return await _slow(request, body, content_type=content_type)
        case MediaFault.ENDLESS:
            return await _endless(request, body, content_type=content_type)
        case _:
            return redirect(request, fault)


_AT_ONCE: dict[MediaFault, Callable[[web.Request, str], web.Response]] = {
    MediaFault.FORBIDDEN: lambda _request, _type: access_denied(),
    MediaFault.MISSING: lambda _request, _type: not_there(),
    MediaFault.SERVER_ERROR: lambda _request, _type: web.Response(status=500, text="internal error"),
    MediaFault.HTML: lambda _request, _type: web.Response(text=_WEB_PAGE, content_type="text/html"),
    MediaFault.HTML_IN_DISGUISE: lambda _request, kind: web.Response(
        body=_WEB_PAGE.encode(), content_type=kind
    ),
    MediaFault.EMPTY: lambda _request, kind: web.Response(body=b"", content_type=kind),
    MediaFault.DROPPED: lambda request, _type: abort(request),
}


def redirect(request: web.Request, fault: MediaFault) -> web.Response:
    """Answer 302: to the file, to itself for ever, or to an address inside a private network."""
    if fault is MediaFault.REDIRECT_PRIVATE:
        return web.Response(status=302, headers={"Location": PRIVATE_ADDRESS})
    hop = "again" if fault is MediaFault.REDIRECT_LOOP else "last"
    return web.Response(status=302, headers={"Location": f"{request.path}?{HOP}={hop}"})


async def _begin(request: web.Request, *, content_type: str, length: int | None) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.content_length = length
    await response.prepare(request)
    return response


async def _truncated(request: web.Request, body: bytes, *, content_type: str) -> web.StreamResponse:
    response = await _begin(request, content_type=content_type, length=len(body))
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _slow(request: web.Request, body: bytes, *, content_type: str) -> web.StreamResponse:
    response = await _begin(request, content_type=content_type, length=len(body))
    with suppress(ConnectionError):
        for start in range(0, len(body), SLOW_CHUNK_BYTES):
            await response.write(body[start : start + SLOW_CHUNK_BYTES])
            await asyncio.sleep(SLOW_PAUSE_S)
    return response


async def _endless(request: web.Request, body: bytes, *, content_type: str) -> web.StreamResponse:
    response = await _begin(request, content_type=content_type, length=None)
    await response.write(body)
    with suppress(ConnectionError):
        while True:
            await response.write(body[:ENDLESS_CHUNK_BYTES])
            await asyncio.sleep(0)
    return response
