"""Titles, covers and lyrics in the tags of audio files, which never change what is heard.

A file that cannot be tagged, or that does not hold exactly the same audio afterwards, stays as it was.
"""

import hashlib
import io
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from mutagen import FileType
from mutagen.id3 import APIC, TALB, TCON, TIT2, TPE1, TRCK, USLT, WOAF, Frame
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, MP4Cover
from mutagen.wave import WAVE

from bot.services.ports import Media, SongTags

log = logging.getLogger(__name__)

ARTIST = "Suno"
"""Who made the music. Neither the member nor the server: a file lives on where their data is erased."""
COVER_LIMIT = 2 * 1024 * 1024
"""Bytes of a cover."""
ROOM = 64 * 1024
"""Bytes that tags without a cover take at most: lyrics are 20,000 in UTF-16."""
_FRONT_COVER, UTF8 = 3, 3
_ID3_HEADER = 10
_COVER_TYPES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


@dataclass(frozen=True, slots=True)
class _Format:
    """How files of a kind are tagged, and which of their bytes are the audio."""

    write: Callable[[io.BytesIO, SongTags, bytes | None], None]
    audio: Callable[[memoryview], list[memoryview]]


def with_tags(media: Media, tags: SongTags, cover: bytes | None, *, limit: int) -> Media:
    """Return the file with these tags, or as it was if that is impossible; it has at most `limit` bytes.

    This takes some milliseconds of computing; a cover that would not fit is left out.
    """
    known = _FORMATS.get(media.extension)
    if known is None or len(media.data) + ROOM > limit:
        return media
    if cover is not None and len(media.data) + len(cover) + ROOM > limit:
        cover = None
    tagged = io.BytesIO(media.data)
    try:
        known.write(tagged, tags, cover)
        data = tagged.getvalue()
        if len(data) <= limit and _digest(known, data) == _digest(known, media.data):
            return Media(data, media.extension)
        log.info("a file's audio would not be the same with tags")
    except Exception as error:  # noqa: BLE001 - a foreign parser over a foreign file; the song matters more
        log.info("a file could not be tagged: %r", error)
    return media


def _digest(known: _Format, data: bytes) -> bytes:
    """Return a digest of the audio; a copy of it to compare would take as much memory as the file."""
    digest = hashlib.sha256()
    for part in known.audio(memoryview(data)):
        digest.update(part)
    return digest.digest()


def cover_type(cover: bytes) -> str | None:
    """Return the media type of a picture that players show; None for any other."""
    return next((kind for start, kind in _COVER_TYPES if cover.startswith(start)), None)


def _write_mp3(file: io.BytesIO, tags: SongTags, cover: bytes | None) -> None:
    song = MP3(file)
    _set_frames(song, tags, cover)
    # Windows reads no later version; an older tag at the end of the file would stay cut at 30 characters
    file.seek(0)
    song.save(file, v1=0, v2_version=3)


def _write_wav(file: io.BytesIO, tags: SongTags, cover: bytes | None) -> None:
    song = WAVE(file)
    _set_frames(song, tags, cover)
    file.seek(0)
    song.save(file, v2_version=3)


def _set_frames(song: FileType, tags: SongTags, cover: bytes | None) -> None:
    """Set the frames of ID3v2 (https://id3.org/id3v2.3.0); other frames of the file stay."""
    frames: dict[str, Frame] = {"WOAF": WOAF(url=tags.page)}
    texts = {TIT2: tags.title, TPE1: ARTIST, TALB: tags.album, TCON: tags.style, TRCK: tags.track}
    for kind, text in texts.items():
        if text:
            frames[kind.__name__] = kind(encoding=UTF8, text=[text])  # type: ignore[no-untyped-call] # as all of it
    if tags.lyrics:
        frames["USLT"] = USLT(encoding=UTF8, lang="und", desc="", text=tags.lyrics)
    if cover is not None:
        frames["APIC"] = APIC(encoding=UTF8, mime=cover_type(cover), type=_FRONT_COVER, desc="", data=cover)
    for key in [key for key in song if key[:4] in frames]:
        del song[key]  # there may be several, by language and description
    for frame in frames.values():
        song[frame.HashKey] = frame


def _write_m4a(file: io.BytesIO, tags: SongTags, cover: bytes | None) -> None:
    song = MP4(file)
    texts = {
        "\xa9nam": tags.title,
        "\xa9ART": ARTIST,
        "\xa9alb": tags.album,
        "\xa9gen": tags.style,
        "\xa9lyr": tags.lyrics,
        "\xa9cmt": tags.page,
    }
    for name, text in texts.items():
        if text:
            song[name] = [text]
    if cover is not None:
        is_png = cover_type(cover) == "image/png"
        song["covr"] = [MP4Cover(cover, MP4Cover.FORMAT_PNG if is_png else MP4Cover.FORMAT_JPEG)]
    file.seek(0)
    song.save(file)


def _mp3_audio(data: memoryview) -> list[memoryview]:
    """Return all after the tag at the file's start (ID3v2.3, 3.1), without the older one at its end."""
    start = 0
    if data[:3].tobytes() == b"ID3":
        # each byte of the size has seven bits
        start = _ID3_HEADER + sum((byte & 0x7F) << 7 * n for n, byte in enumerate(reversed(data[6:10])))
    return [data[start : -128 if data[-128:-125].tobytes() == b"TAG" else len(data)]]


def _wav_audio(data: memoryview) -> list[memoryview]:
    """Return the format and the samples of a RIFF file."""
    chunks, at = {}, 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks[name] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return [chunks[b"fmt "], chunks[b"data"]]


def _m4a_audio(data: memoryview) -> list[memoryview]:
    """Return the media data of an MP4 file (ISO 14496-12), and where the first chunk lies in it."""
    at = 0
    while True:
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        size = size or len(data) - at
        if name == b"mdat":
            break
        at += max(size, head)
    table = bytes(data).index(b"stco")
    (first,) = struct.unpack_from(">I", data, table + 12)
    return [data[at + head : at + size], memoryview(struct.pack(">q", first - at))]


_FORMATS = MappingProxyType(
    {
        "mp3": _Format(_write_mp3, _mp3_audio),
        "wav": _Format(_write_wav, _wav_audio),
        "m4a": _Format(_write_m4a, _m4a_audio),
    }
)
"""By extension; files of other kinds are left as they are."""
