"""Songs to be made: ids, titles, tags and durations, all drawn from a seed."""

import random
import uuid
from dataclasses import dataclass

from sandbox.cqtai.playlists import Playlist, playlist_like

SHORTEST_S = 40.0
LONGEST_S = 130.0
EXPLICIT_EVERY = 7
ODD_TITLES = 0.35
"""The share of titles that a careless renderer gets wrong."""

_FIRST = (
    "Slow",
    "Paper",
    "Electric",
    "Hidden",
    "Golden",
    "Borrowed",
    "Velvet",
    "Broken",
    "Distant",
    "Sleepless",
)
_SECOND = (
    "Harbour",
    "Satellites",
    "Summer",
    "Letters",
    "Avenue",
    "Lanterns",
    "Thunder",
    "Garden",
    "Mile",
    "Static",
)
# Titles that a careless renderer gets wrong: other scripts, markdown, mentions, links.
_ODD = (
    "两只老虎",
    "雨夜霓虹",
    "夏の終わり",
    "Café del Sól",
    "*Neon* _Rain_",
    "**Loud** and ~~Quiet~~",
    "`Kernel` Lullaby",
    "[Open Road](home)",
    "||Spoiler|| Season",
    "# One Hit",
    "@everyone Sings",
    "A_long_way_home",
    "> Nobody Said That",
    "Rock & Roll <3",
)
_MOODS = ("warm", "late night", "hopeful", "bittersweet", "hypnotic", "playful", "restless", "dreamy")


@dataclass(frozen=True, slots=True)
class Clip:
    """One of the two takes of a song."""

    id: str
    batch_index: int
    title: str
    tags: str
    duration_s: float
    """The length of the real file too, to two decimals."""
    seed: int
    """What its sound and its cover are drawn from."""


@dataclass(frozen=True, slots=True)
class Song:
    """The song that one task will have made."""

    playlist: Playlist
    title: str
    lyrics: str
    user_id: str
    display_name: str
    clips: tuple[Clip, ...]

    @property
    def is_explicit(self) -> bool:
        """Return True for a few songs, whose lyrics are marked as explicit."""
        return self.clips[0].seed % EXPLICIT_EVERY == 0


def compose(rng: random.Random, *, playlist_id: str, takes: int, odd_titles: float = ODD_TITLES) -> Song:
    """Return a new song in the style of the playlist; the same generator state gives the same song."""
    playlist = playlist_like(playlist_id)
    title = rng.choice(_ODD) if rng.random() < odd_titles else f"{rng.choice(_FIRST)} {rng.choice(_SECOND)}"
    tags = f"{playlist.tags}, {rng.choice(_MOODS)}"
    return Song(
        playlist=playlist,
        title=title,
        lyrics=_lyrics(title, rng.choice(_MOODS), rng.choice(_MOODS)),
        user_id=new_uuid(rng),
        display_name=f"{rng.choice(_FIRST)}{rng.choice(_SECOND)}{rng.randrange(10_000):04}",
        clips=tuple(_take(rng, index=index, title=title, tags=tags) for index in range(takes)),
    )


def _lyrics(title: str, mood: str, other: str) -> str:
    return "\n".join(
        (
            f"[Verse]\n{title}, {title}\nA {mood} light behind the door\nI count the steps I heard before",
            f"\n[Chorus]\nOh, {title}\nSo {other} and so slow\nI keep the line that you let go",
            f"\n[Verse 2]\nThe last bus leaves, the street is long\n{title} is all my song",
            f"\n[Outro]\n{title}",
        )
    )


def new_uuid(rng: random.Random) -> str:
    """Return a hyphenated version 4 UUID drawn from the generator."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _take(rng: random.Random, *, index: int, title: str, tags: str) -> Clip:
    return Clip(
        id=new_uuid(rng),
        batch_index=index,
        title=title,
        tags=tags,
        duration_s=round(rng.uniform(SHORTEST_S, LONGEST_S), 2),
        seed=rng.getrandbits(32),
    )
