"""Detection of audio formats by a file's first bytes."""

_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso5", b"iso6", b"dash"})
_EBML = b"\x1a\x45\xdf\xa3"
"""The EBML header of WebM and Matroska files (RFC 8794, 11.2.1); the document type follows soon after."""
_EBML_HEAD = 64
_MPEG_LAYERS = {0b01: "mp3", 0b10: "mp2"}


def audio_extension(data: bytes) -> str | None:
    """Return the extension for the audio file, without the dot; None if it is no audio file."""
    if data.startswith(b"ID3"):
        return "mp3"
    if data.startswith(b"fLaC"):
        return "flac"
    if data.startswith(b"OggS"):
        return "ogg"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"FORM") and data[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    if data.startswith(_EBML):
        return "webm" if b"webm" in data[:_EBML_HEAD] else "mka"
    if data[4:8] == b"ftyp":
        return "m4a" if data[8:12] in _AUDIO_BRANDS else None
    return _mpeg_extension(data)


def _mpeg_extension(data: bytes) -> str | None:
    """Return the extension for a bare MPEG audio frame (ISO 11172-3, 2.4.1.3), or for AAC in ADTS frames.

    The fields after the sync word are checked too, because UTF-16 text begins with FF FE.
    """
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    if data[1] & 0xF6 == 0xF0:
        return "aac" if data[2] >> 2 & 0xF < 13 else None
    version, layer = data[1] >> 3 & 0b11, data[1] >> 1 & 0b11
    bitrate, rate = data[2] >> 4, data[2] >> 2 & 0b11
    if version == 0b01 or bitrate == 0xF or rate == 0b11:
        return None
    return _MPEG_LAYERS.get(layer)
