"""Cover images drawn from a seed: dunes, rings or an aurora, with the title where the font can write it."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

COVER_PX = 512
LARGE_COVER_PX = 1024
JPEG_QUALITY = 86
TITLE_SHARE = 0.084
"""Height of the title's letters, of the image's edge."""
_LAST_LETTER = 0x7E
"""The last code point that Pillow's own font has letters for."""

Pixels = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

# Five colours from far to near.
_PALETTES: tuple[tuple[str, ...], ...] = (
    ("#ffd9a0", "#ff9e6d", "#e0566b", "#7b2d5e", "#24123d"),
    ("#d7f5e6", "#7fd1c0", "#2f8fa3", "#1c4f7a", "#0c1f3f"),
    ("#fbe8ff", "#e3a4f4", "#9a66e0", "#4c3a9e", "#171542"),
    ("#fff3c4", "#f6c453", "#e08a2e", "#8f3d1f", "#2c1210"),
    ("#e9f6c8", "#b2d76b", "#4fa36a", "#1f6b5d", "#0b2b33"),
    ("#ffe1e1", "#ff9aa8", "#d9487d", "#6d2a78", "#1d1240"),
)


@dataclass(frozen=True, slots=True)
class _Canvas:
    rng: np.random.Generator
    palette: tuple[Colour, ...]
    x: Pixels
    """From 0 at the left to 1 at the right, one value a pixel."""
    y: Pixels
    """From 0 at the top to 1 at the bottom."""


def cover_of(title: str, *, seed: int, size_px: int) -> bytes:
    """Return a square JPEG of this size; the same seed gives the same picture at every size."""
    rng = np.random.default_rng(seed)
    palette = tuple(_rgb(colour) for colour in _PALETTES[int(rng.integers(len(_PALETTES)))])
    draw = _DESIGNS[int(rng.integers(len(_DESIGNS)))]
    y, x = np.mgrid[0 : 1 : size_px * 1j, 0 : 1 : size_px * 1j]
    pixels = draw(_Canvas(rng, palette, x, y))
    pixels += np.random.default_rng(seed).normal(0, 3.5, (size_px, size_px, 1))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    _write_title(image, title)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _blend(below: Pixels, colour: Colour, *, cover: Pixels) -> Pixels:
    mask = np.clip(cover, 0, 1)[..., None]
    return below * (1 - mask) + np.asarray(colour, dtype=np.float64) * mask


def _gradient(palette: tuple[Colour, ...], *, at: Pixels) -> Pixels:
    stops = np.linspace(0, 1, len(palette))
    channels = [np.interp(np.clip(at, 0, 1), stops, [colour[i] for colour in palette]) for i in range(3)]
    return np.stack(channels, axis=-1)


def _dunes(canvas: _Canvas) -> Pixels:
    """Draw a low sun behind five ranges of hills."""
    rng, x, y = canvas.rng, canvas.x, canvas.y
    pixels = _gradient(canvas.palette[:3], at=y * 1.25)
    sun_x, sun_y, radius = rng.uniform(0.25, 0.75), rng.uniform(0.22, 0.42), rng.uniform(0.09, 0.17)
    distance = np.hypot(x - sun_x, y - sun_y)
    pixels = _blend(pixels, (255, 250, 235), cover=0.35 * np.exp(-((distance / radius / 2) ** 2)))
    pixels = _blend(pixels, (255, 248, 228), cover=(radius - distance) * 300)
    ranges = _gradient(canvas.palette[1:], at=np.linspace(0.15, 1, 5))
    for depth, colour in enumerate(ranges):
        ridge = np.full_like(x, 0.46 + 0.115 * depth)
        for octave in (1, 2, 4):
            phase, pitch = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.3) * octave
            ridge = ridge + 0.055 / octave * np.sin(2 * np.pi * pitch * x + phase)
        r, g, b = (int(channel) for channel in colour)
        pixels = _blend(pixels, (r, g, b), cover=(y - ridge) * 400)
    return pixels


def _rings(canvas: _Canvas) -> Pixels:
    """Draw two sets of circles that cross, like sound from two speakers."""
    rng, x, y = canvas.rng, canvas.x, canvas.y
    pixels = _gradient(canvas.palette[::-1], at=0.15 + 0.35 * (x + y) / 2)
    for colour in (canvas.palette[0], canvas.palette[1], canvas.palette[2]):
        centre_x, centre_y = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.7)
        distance = np.hypot(x - centre_x, y - centre_y)
        waves = np.sin(2 * np.pi * distance * rng.uniform(9, 17)) ** 2
        pixels = _blend(pixels, colour, cover=0.75 * waves**3 * np.exp(-2.4 * distance))
    return pixels


def _aurora(canvas: _Canvas) -> Pixels:
    """Draw curtains of light that fold over a dark ground."""
    rng, x, y = canvas.rng, canvas.x, canvas.y
    fold_x, fold_y = x, y
    for octave in (1.0, 2.0, 3.5):
        turn, slide = rng.uniform(0, 2 * np.pi, 2)
        fold_x, fold_y = (
            fold_x + 0.16 / octave * np.sin(2 * np.pi * octave * fold_y + turn),
            fold_y + 0.16 / octave * np.cos(2 * np.pi * octave * fold_x + slide),
        )
    light = 0.5 + 0.5 * np.sin(2 * np.pi * (fold_x * rng.uniform(0.6, 1.2) + 0.5 * fold_y))
    return _gradient(canvas.palette[::-1], at=light * (1.05 - 0.75 * y))


_DESIGNS: tuple[Callable[[_Canvas], Pixels], ...] = (_dunes, _rings, _aurora)


def _write_title(image: Image.Image, title: str) -> None:
    if any(ord(letter) > _LAST_LETTER for letter in title):
        return
    edge = image.width
    margin = edge * 0.07
    size = edge * TITLE_SHARE
    font = ImageFont.load_default(size)
    width = ImageDraw.Draw(image).textlength(title, font=font)
    if width > edge - 2 * margin:
        font = ImageFont.load_default(size * (edge - 2 * margin) / width)
    draw = ImageDraw.Draw(image)
    place = (margin, edge - margin)
    draw.text(
        (place[0] + edge * 0.004, place[1] + edge * 0.005), title, font=font, fill=(0, 0, 0), anchor="ls"
    )
    draw.text(place, title, font=font, fill=(255, 255, 255), anchor="ls")
