"""The output of one gateway connection: sending, compression and closing."""

import asyncio
import json
import zlib
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from aiohttp import web

from sandbox.discord.payloads import Payload


class Compressor(Protocol):
    """Conversion of one gateway message to the bytes of one frame."""

    def frame(self, line: str) -> bytes:
        """Compress the message, flushed so that the client can read it at once."""
        ...


class ZlibStream:
    """One zlib stream over the whole connection, flushed after each message."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj()

    def frame(self, line: str) -> bytes:
        """Compress the message, ending in 00 00 FF FF."""
        return self._stream.compress(line.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class ZstdStream:
    """One zstd stream over the whole connection; the standard library has it since Python 3.14."""

    def __init__(self) -> None:
        zstd = import_module("compression.zstd")
        self._stream = zstd.ZstdCompressor()
        self._flush_block = zstd.ZstdCompressor.FLUSH_BLOCK

    def frame(self, line: str) -> bytes:
        """Compress the message as one flushed block."""
        return bytes(self._stream.compress(line.encode(), self._flush_block))


def compressor(asked: str) -> Compressor | None:
    """Return the compressor that the client asked for by `compress`, or None for plain text."""
    if asked == "zlib-stream":
        return ZlibStream()
    if asked == "zstd-stream" and find_spec("compression") and find_spec("compression.zstd"):
        return ZstdStream()
    return None


class GatewaySocket:
    """A connection that sends in the order of the calls, without making the caller wait."""

    def __init__(
        self, socket: web.WebSocketResponse, *, transport: asyncio.Transport | None, compress: str
    ) -> None:
        self.socket = socket
        self._transport = transport
        self._compressor = compressor(compress)
        self._outgoing: asyncio.Queue[str | int] = asyncio.Queue()

    def send(self, payload: Payload) -> None:
        """Send a payload that is no dispatch: its sequence number and its name are null."""
        self.send_line(json.dumps({"t": None, "s": None, "d": None} | payload))

    def send_line(self, line: str) -> None:
        """Queue the encoded payload."""
        self._outgoing.put_nowait(line)

    def close(self, code: int | None) -> None:
        """Close the connection with the code after all that was sent, or tear it off at once."""
        if code is None:
            if self._transport is not None:
                self._transport.abort()
            return
        self._outgoing.put_nowait(code)

    async def write(self) -> None:
        """Send the queue until the connection is closed."""
        while True:
            item = await self._outgoing.get()
            if self.socket.closed:
                return
            try:
                if isinstance(item, int):
                    await self.socket.close(code=item)
                    return
                if self._compressor is None:
                    await self.socket.send_str(item)
                else:
                    await self.socket.send_bytes(self._compressor.frame(item))
            except ConnectionError:
                return
