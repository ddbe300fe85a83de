import io
import struct
import wave
from collections.abc import Callable
from dataclasses import replace

import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4
from mutagen.wave import WAVE

from bot.services.ports import Media, SongTags
from bot.suno.tags import ARTIST, ROOM, with_tags

PLENTY = 10_000_000
JPEG, PNG = b"\xff\xd8\xff" + bytes(1000), b"\x89PNG\r\n\x1a\n" + bytes(1000)
TAGS = SongTags(
    title="雨夜霓虹 🎵",
    track="1/2",
    album="Rainy nights",
    style="lo-fi, warm",
    lyrics="[Verse]\nRain, rain",
    page="https://suno.com/song/c1",
)
FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""One frame of silence: MPEG 1, layer III, 128 kbit/s, 44.1 kHz."""


def mp3(before: bytes = b"", after: bytes = b"") -> bytes:
    return before + FRAME * 20 + after


def wav(more: bytes = b"") -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(256)) * 20)
    data = made.getvalue() + more
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def atom(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def m4a(*, wide: bool = False, last_first: bool = False, chunk_at: int | None = None) -> bytes:
    """A file with one chunk of audio, whose place is in a table as players need it."""
    audio = bytes(range(256)) * 4
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + len(audio)) + audio if wide else atom(b"mdat", audio)
    head = atom(b"ftyp", b"M4A \0\0\0\0")

    def moov(where: int) -> bytes:
        mdhd = atom(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 44100, 44100, 0))
        hdlr = atom(b"hdlr", bytes(8) + b"soun" + bytes(13))
        entry = atom(
            b"enca", bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHIHH", 2, 16, 0, 44100, 0), atom(b"free")
        )
        stsd = atom(b"stsd", struct.pack(">II", 0, 1), entry)
        stco = atom(b"stco", struct.pack(">III", 0, 1, where))
        stbl = atom(b"stbl", stsd, stco)
        mdia = atom(b"mdia", mdhd, hdlr, atom(b"minf", stbl))
        return atom(b"moov", atom(b"mvhd", bytes(100)), atom(b"trak", mdia))

    start = 16 if wide else 8
    if last_first:
        return head + mdat + moov(len(head) + start)
    where = len(head) + len(moov(0)) + start if chunk_at is None else chunk_at
    return head + moov(where) + mdat


OLD = with_tags(Media(mp3(), "mp3"), replace(TAGS, title="old"), PNG, limit=PLENTY)
FILES: dict[str, tuple[str, bytes]] = {
    "bare mp3": ("mp3", mp3()),
    "mp3 with tags": (
        "mp3",
        with_tags(Media(mp3(), "mp3"), replace(TAGS, title="old"), PNG, limit=PLENTY).data,
    ),
    "mp3 with an old tag": ("mp3", mp3(after=b"TAG" + bytes(125))),
    "wav": ("wav", wav()),
    "wav with more": ("wav", wav(b"LIST" + struct.pack("<I", 5) + b"INFOx\0")),
    "m4a": ("m4a", m4a()),
    "m4a, audio first": ("m4a", m4a(last_first=True)),
    "m4a, wide": ("m4a", m4a(wide=True)),
}
READERS: dict[str, Callable[[io.BytesIO], ID3 | MP4 | MP3 | WAVE]] = {"mp3": ID3, "wav": WAVE, "m4a": MP4}


@pytest.mark.parametrize("name", FILES)
def test_a_file_gets_its_tags_and_keeps_its_audio(name: str) -> None:
    extension, data = FILES[name]
    tagged = with_tags(Media(data, extension), TAGS, JPEG, limit=PLENTY)
    assert tagged.extension == extension
    assert tagged.data != data
    read = READERS[extension](io.BytesIO(tagged.data))
    if extension == "m4a":
        keys = ("\xa9nam", "\xa9ART", "\xa9alb", "\xa9gen", "\xa9lyr", "\xa9cmt")
        assert [read[key][0] for key in keys] == [
            TAGS.title, ARTIST, TAGS.album, TAGS.style, TAGS.lyrics, TAGS.page,
        ]  # fmt: skip
        assert bytes(read["covr"][0]) == JPEG
        return
    assert [str(read[key]) for key in ("TIT2", "TPE1", "TALB", "TCON", "TRCK")] == [
        TAGS.title, ARTIST, TAGS.album, TAGS.style, TAGS.track,
    ]  # fmt: skip
    assert str(read["USLT::und"]) == TAGS.lyrics
    covers = [read[key] for key in read if key.startswith("APIC")]
    assert [(cover.mime, cover.data) for cover in covers] == [("image/jpeg", JPEG)]


def test_what_is_not_known_is_not_written() -> None:
    bare = SongTags(title="Rain", track="1/1", page="https://suno.com/song/c1")
    for extension, data in (("mp3", mp3()), ("m4a", m4a())):
        tagged = with_tags(Media(data, extension), bare, None, limit=PLENTY)
        assert len(READERS[extension](io.BytesIO(tagged.data))) in (3, 4)
    png = with_tags(Media(m4a(), "m4a"), TAGS, PNG, limit=PLENTY)
    assert bytes(MP4(io.BytesIO(png.data))["covr"][0]) == PNG


@pytest.mark.parametrize(
    ("extension", "data"),
    [
        ("mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(64)),
        ("mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + mp3()),
        ("mp3", b"not an mp3 at all" * 100),
        ("wav", b"RIFF\xff\xff\xff\xffWAVE"),
        ("wav", wav()[:60]),
        ("m4a", b"\0\0\0\x10ftypM4A \0\0\0\0"),
        ("m4a", atom(b"ftyp", b"M4A \0\0\0\0") + atom(b"moov", atom(b"mvhd", bytes(100)))),
        ("m4a", m4a()[:200]),
        ("flac", b"fLaC" + bytes(100)),
        ("webm", b"\x1a\x45\xdf\xa3webm"),
        ("bin", b""),
    ],
)
def test_a_file_that_cannot_be_tagged_stays_as_it_was(extension: str, data: bytes) -> None:
    assert with_tags(Media(data, extension), TAGS, JPEG, limit=PLENTY).data == data


def test_a_file_whose_audio_would_not_be_found_any_more_stays_as_it_was() -> None:
    # the place in its table is before the tags, so that it is not adjusted when the audio moves behind them
    data = m4a(chunk_at=0)
    assert with_tags(Media(data, "m4a"), TAGS, JPEG, limit=PLENTY).data == data


def test_tags_never_make_a_file_too_large_to_be_posted() -> None:
    media = Media(mp3(), "mp3")
    assert with_tags(media, TAGS, JPEG, limit=len(media.data) + ROOM - 1).data == media.data
    small = with_tags(media, TAGS, JPEG, limit=len(media.data) + ROOM)
    assert str(ID3(io.BytesIO(small.data))["TIT2"]) == TAGS.title
    assert JPEG not in small.data
    long = replace(TAGS, lyrics="語" * 100_000)
    assert with_tags(media, long, None, limit=len(media.data) + ROOM).data == media.data
