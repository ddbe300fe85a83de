"""Inspiration playlists that the local provider knows by name, and how their music sounds."""

import uuid
from dataclasses import dataclass
from enum import StrEnum


class Scale(StrEnum):
    """The family of notes that a song keeps to."""

    MAJOR = "major"
    MINOR = "minor"
    DORIAN = "dorian"


class Beat(StrEnum):
    """The drum pattern of a song."""

    NONE = "none"
    LAID_BACK = "laid_back"
    ROCK = "rock"
    FOUR_ON_THE_FLOOR = "four_on_the_floor"
    HALF_TIME = "half_time"


@dataclass(frozen=True, slots=True)
class Playlist:
    """One inspiration playlist and the musical facts that its songs share."""

    id: str
    name: str
    tags: str
    bpm: int
    root: int
    """MIDI number of the key note."""
    scale: Scale
    beat: Beat
    brightness: float
    """0 is a soft, sine-like sound, 1 a sound full of overtones."""


PLAYLISTS: tuple[Playlist, ...] = (
    Playlist(
        id="119573ff-8e48-4c1b-9a52-6f0d3be7a401",
        name="Lo-fi mornings",
        tags="lo-fi, mellow, dusty keys, vinyl warmth",
        bpm=76,
        root=57,
        scale=Scale.DORIAN,
        beat=Beat.LAID_BACK,
        brightness=0.25,
    ),
    Playlist(
        id="2b7f0c9e-41d6-4f5a-8c03-d1e96a7b5202",
        name="Desert rock",
        tags="desert rock, fuzz guitar, driving, wide",
        bpm=112,
        root=52,
        scale=Scale.MINOR,
        beat=Beat.ROCK,
        brightness=0.85,
    ),
    Playlist(
        id="3c1d8e52-77ab-4e90-b6f4-0a95cd218303",
        name="Night drive",
        tags="synthwave, pulsing bass, neon, nocturnal",
        bpm=104,
        root=54,
        scale=Scale.MINOR,
        beat=Beat.FOUR_ON_THE_FLOOR,
        brightness=0.7,
    ),
    Playlist(
        id="4d92a6b7-0e3c-47f8-95d1-b82e41fc6404",
        name="Kitchen disco",
        tags="disco, funky, bright, handclaps",
        bpm=120,
        root=60,
        scale=Scale.MAJOR,
        beat=Beat.FOUR_ON_THE_FLOOR,
        brightness=0.55,
    ),
    Playlist(
        id="5ea47c10-c95d-4b26-a7e8-39f0d6127505",
        name="Paper boats",
        tags="indie folk, fingerpicked, tender, acoustic",
        bpm=88,
        root=55,
        scale=Scale.MAJOR,
        beat=Beat.NONE,
        brightness=0.4,
    ),
    Playlist(
        id="6fb58d21-da6e-4c37-b8f9-4a01e7238606",
        name="Glacier",
        tags="ambient, slow, icy pads, cinematic",
        bpm=64,
        root=50,
        scale=Scale.DORIAN,
        beat=Beat.HALF_TIME,
        brightness=0.3,
    ),
)


def playlist_like(playlist_id: str) -> Playlist:
    """Return the playlist with this id; an unknown id always borrows the sound of the same named playlist."""
    number = uuid.UUID(playlist_id)
    for playlist in PLAYLISTS:
        if uuid.UUID(playlist.id) == number:
            return playlist
    return PLAYLISTS[number.int % len(PLAYLISTS)]
