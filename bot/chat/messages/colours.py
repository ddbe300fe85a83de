"""Colours of the embeds' edges, by what the embed is about."""

from typing import Final

WAITING: Final = 0x95A5A6
SENT: Final = 0x3498DB
MAKING: Final = 0x9B59B6
READY: Final = 0x2ECC71
PARTIAL: Final = 0xF1C40F
FAILED: Final = 0xE74C3C
CANCELLED: Final = 0x607D8B
CREDITS: Final = 0x1ABC9C
MODERATION: Final = 0x5865F2
LIST: Final = 0x5865F2
