"""The duration of an MP3 file from its first frame: enough for files of one bit rate."""

from typing import Final

BIT_RATES_KBPS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Of MPEG-1 Layer III, by the index in the frame's header (ISO/IEC 11172-3)."""
SAMPLE_RATES_HZ: Final = (44_100, 48_000, 32_000)
"""Of MPEG-1, by the index in the frame's header."""
FRAME_SAMPLES: Final = 1152
ADDED_FRAMES: Final = 2
"""Silence that an encoder adds before and after the music, about."""
FRAME_SYNC: Final = b"\xff\xfb"


def mp3_length_s(content: bytes) -> float | None:
    """Return the duration in seconds; None if it is not an MPEG-1 Layer III file."""
    start = content.find(FRAME_SYNC, 0, 4096)
    if start < 0 or start + 2 >= len(content):
        return None
    bit_rate, sample_rate = content[start + 2] >> 4, content[start + 2] >> 2 & 3
    if not 1 <= bit_rate < len(BIT_RATES_KBPS) or sample_rate >= len(SAMPLE_RATES_HZ):
        return None
    played_s = (len(content) - start) * 8 / (BIT_RATES_KBPS[bit_rate] * 1000)
    return max(0.0, played_s - ADDED_FRAMES * FRAME_SAMPLES / SAMPLE_RATES_HZ[sample_rate])
