import pytest

from bot.suno.audio import audio_extension


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"ID3\x04\x00\x00\x00\x00\x00\x00", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf3\x44\xc4", "mp3"),
        (b"\xff\xe3\x18\xc4", "mp3"),
        (b"\xff\xfd\x90\x04", "mp2"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\xff\xf9\x50\x80", "aac"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "m4a"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "m4a"),
        (b"fLaC\x00\x00\x00\x22", "flac"),
        (b"OggS\x00\x02", "ogg"),
        (b"OggS\x00\x02" + bytes(22) + b"OpusHead", "ogg"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87", "webm"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska\x42\x87", "mka"),
        (b"FORM\x00\x00\x00\x24AIFFCOMM", "aiff"),
        (b"FORM\x00\x00\x00\x24AIFCFVER", "aiff"),
    ],
)
def test_an_audio_file_is_known_by_its_first_bytes(head: bytes, extension: str) -> None:
    assert audio_extension(head + bytes(32)) == extension


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xfb",
        b"<!doctype html><title>Sign in</title>",
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b'{"detail": "Not found"}',
        "<html>".encode("utf-16"),
        b"\xff\xd8\xff\xe0JFIF",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00",
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb\x9c\x64",
        b"\xff\xeb\x90\x64",
        b"\xff\xff\x90\x64",
        b"\xff\xf1\x7c\x80",
        b"%PDF-1.7",
        b"FORM\x00\x00\x00\x24ILBMBMHD",
    ],
)
def test_anything_else_is_no_audio(data: bytes) -> None:
    assert audio_extension(data) is None
