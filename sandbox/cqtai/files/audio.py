"""Real music for a clip: chords, bass, arpeggio, melody and drums from a seed, encoded as MP3.

One loop of eight bars is synthesised layer by layer; the song is that loop repeated, with layers that come
and go by sections. That keeps two minutes of music well under a second of work.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import lameenc
import numpy as np
import numpy.typing as npt

from sandbox.cqtai.playlists import Beat, Playlist, Scale

SAMPLE_RATE = 32_000
BIT_RATE_KBPS = 64
LOOP_BARS = 8
BEATS_PER_BAR = 4
FADE_IN_S = 0.05
FADE_OUT_S = 3.0
PEAK = 0.86

Samples = npt.NDArray[np.float32]

_STEPS = {
    Scale.MAJOR: (0, 2, 4, 5, 7, 9, 11),
    Scale.MINOR: (0, 2, 3, 5, 7, 8, 10),
    Scale.DORIAN: (0, 2, 3, 5, 7, 9, 10),
}
# Degrees of the scale, one chord a bar; each is played twice in a loop.
_PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 5, 4), (0, 4, 5, 3), (5, 3, 0, 4), (0, 2, 3, 4), (0, 3, 0, 4))
# Steps of a scale that sound well over any chord of it.
_CALM_DEGREES = (0, 1, 2, 4, 5)
# Which layers play in each section of eight bars: pad, bass, arpeggio, melody, drums.
_SECTIONS = np.array(
    [
        [0.9, 0.0, 0.7, 0.0, 0.0],
        [0.8, 1.0, 0.8, 0.5, 0.9],
        [0.9, 1.0, 0.9, 1.0, 1.0],
        [1.0, 0.4, 0.4, 0.8, 0.0],
        [0.9, 1.0, 1.0, 1.0, 1.0],
    ],
    dtype=np.float32,
)


@dataclass(frozen=True, slots=True)
class _Score:
    playlist: Playlist
    bpm: float
    root: int
    chords: tuple[int, ...]
    """One a bar, for every bar of the loop."""
    rng: np.random.Generator

    @property
    def beat_s(self) -> float:
        return 60 / self.bpm

    @property
    def loop_samples(self) -> int:
        return int(len(self.chords) * BEATS_PER_BAR * self.beat_s * SAMPLE_RATE)

    def silence(self) -> Samples:
        return np.zeros(self.loop_samples, dtype=np.float32)

    def hertz(self, degree: int, *, octave: int = 0) -> float:
        steps = _STEPS[self.playlist.scale]
        octaves, step = divmod(degree, len(steps))
        note = self.root + steps[step] + 12 * (octaves + octave)
        return float(440.0 * 2 ** ((note - 69) / 12))


@lru_cache(maxsize=16)  # providers that start with the same seed, as those of the tests, make the same songs
def mp3_of(playlist: Playlist, *, seed: int, duration_s: float) -> bytes:
    """Return an MP3 file (mono, 64 kbit/s) of this length to one frame; the same seed gives the same file."""
    samples = synthesise(playlist, seed=seed, duration_s=duration_s)
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(SAMPLE_RATE)
    encoder.set_channels(1)
    encoder.set_bit_rate(BIT_RATE_KBPS)
    encoder.set_quality(7)
    samples *= 32_767
    return bytes(encoder.encode(samples.astype("<i2").tobytes())) + bytes(encoder.flush())


def synthesise(playlist: Playlist, *, seed: int, duration_s: float) -> Samples:
    """Return the music before it is encoded: mono samples between -1 and 1 at `SAMPLE_RATE`."""
    count = round(duration_s * SAMPLE_RATE)
    score = _write_score(playlist, seed=seed, duration_s=duration_s)
    layers = np.stack([_pad(score), _bass(score), _arpeggio(score), _melody(score), _drums(score)])
    shift = int(score.rng.integers(0, 2))
    song = np.zeros(count, dtype=np.float32)
    for start in range(0, count, score.loop_samples):
        section = _SECTIONS[(start // score.loop_samples + shift) % len(_SECTIONS)]
        end = min(start + score.loop_samples, count)
        # by einsum, since the threads of a matrix product keep other processors busy for longer than it takes
        song[start:end] = np.einsum("i,ij->j", section, layers)[: end - start]
    rising = np.arange(min(count, round(FADE_IN_S * SAMPLE_RATE))) / (FADE_IN_S * SAMPLE_RATE)
    falling = np.arange(min(count, round(FADE_OUT_S * SAMPLE_RATE)), 0, -1) / (FADE_OUT_S * SAMPLE_RATE)
    song[: len(rising)] *= rising
    song[count - len(falling) :] *= falling
    song *= np.float32(1.2)
    np.tanh(song, out=song)
    song *= np.float32(PEAK / max(float(song.max()), -float(song.min()), 1e-6))
    return song


def _write_score(playlist: Playlist, *, seed: int, duration_s: float) -> _Score:
    rng = np.random.default_rng(seed)
    bpm = playlist.bpm * float(rng.uniform(0.93, 1.07))
    bars = min(LOOP_BARS, math.ceil(duration_s * bpm / 60 / BEATS_PER_BAR))
    return _Score(
        playlist=playlist,
        bpm=bpm,
        root=playlist.root + int(rng.integers(-3, 4)),
        chords=(_PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))] * 2)[:bars],
        rng=rng,
    )


def _tone(hertz: float, *, seconds: float, brightness: float, decay: float) -> Samples:
    """Return a note with falling overtones; a decay of 0 holds it, a high one plucks it."""
    t = np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    note: Samples = np.zeros_like(t)
    for overtone in range(1, 2 + round(6 * brightness)):
        if hertz * overtone < SAMPLE_RATE / 2.2:
            level = (0.35 + 0.4 * brightness) ** (overtone - 1)
            note += level * np.sin(2 * np.pi * hertz * overtone * t) * np.exp(-decay * overtone**0.5 * t)
    edge = np.minimum(1.0, np.minimum(t / 0.008, (seconds - t) / 0.02))
    return (note * np.maximum(edge, 0)).astype(np.float32)


def _add(layer: Samples, note: Samples, *, at_s: float, gain: float) -> None:
    start = int(at_s * SAMPLE_RATE)
    end = min(start + len(note), len(layer))
    layer[start:end] += gain * note[: end - start]


def _pad(score: _Score) -> Samples:
    layer = score.silence()
    bar_s = BEATS_PER_BAR * score.beat_s
    t = np.arange(int(bar_s * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.sin(np.pi * np.clip(t / bar_s, 0, 1)) ** 0.4
    for bar, chord in enumerate(score.chords):
        for third in (0, 2, 4, 6)[: 3 + bar % 2]:
            for detune in (0.997, 1.003):
                hertz = score.hertz(chord + third) * detune
                note = _tone(hertz, seconds=bar_s, brightness=score.playlist.brightness * 0.6, decay=0.0)
                _add(layer, (note * swell[: len(note)]).astype(np.float32), at_s=bar * bar_s, gain=0.055)
    return layer


def _bass(score: _Score) -> Samples:
    layer = score.silence()
    drives = score.playlist.beat in (Beat.ROCK, Beat.FOUR_ON_THE_FLOOR)
    steps = np.arange(0, BEATS_PER_BAR, 0.5) if drives else np.array([0.0, 1.5, 2.5])
    for bar, chord in enumerate(score.chords):
        for step in steps:
            high = 1 if drives and step % 1 and score.rng.random() < 0.3 else 0
            note = _tone(
                score.hertz(chord, octave=high - 2), seconds=score.beat_s * 0.9, brightness=0.4, decay=2.5
            )
            _add(layer, note, at_s=(bar * BEATS_PER_BAR + step) * score.beat_s, gain=0.33)
    return layer


def _arpeggio(score: _Score) -> Samples:
    layer = score.silence()
    pattern = score.rng.permutation([0, 2, 4, 7, 4, 2, 9, 4])
    for bar, chord in enumerate(score.chords):
        for eighth, interval in enumerate(pattern):
            note = _tone(
                score.hertz(chord + int(interval)),
                seconds=score.beat_s * 1.2,
                brightness=score.playlist.brightness,
                decay=4.0,
            )
            _add(layer, note, at_s=(bar * BEATS_PER_BAR + eighth / 2) * score.beat_s, gain=0.13)
    return layer


def _melody(score: _Score) -> Samples:
    layer = score.silence()
    beat, place = 0.0, int(score.rng.integers(len(_CALM_DEGREES)))
    while beat < len(score.chords) * BEATS_PER_BAR:
        length = float(score.rng.choice([0.5, 1.0, 1.0, 1.5, 2.0]))
        place = int(np.clip(place + score.rng.integers(-2, 3), 0, 2 * len(_CALM_DEGREES) - 1))
        octaves, step = divmod(place, len(_CALM_DEGREES))
        if score.rng.random() < 0.78:
            hertz = score.hertz(_CALM_DEGREES[step], octave=octaves)
            note = _tone(hertz, seconds=length * score.beat_s, brightness=0.45, decay=1.2)
            _add(layer, note, at_s=beat * score.beat_s, gain=0.17)
        beat += length
    return layer


def _drums(score: _Score) -> Samples:
    layer = score.silence()
    kick, snare, hat = (
        _kick(),
        _noise(score.rng, seconds=0.18, decay=22),
        _noise(score.rng, seconds=0.06, decay=70),
    )
    kicks, snares, hats = _pattern(score.playlist.beat)
    for bar in range(len(score.chords)):
        for drum, beats, gain in ((kick, kicks, 0.75), (snare, snares, 0.22), (hat, hats, 0.09)):
            for beat in beats:
                at_s = (bar * BEATS_PER_BAR + beat) * score.beat_s
                _add(layer, drum, at_s=at_s, gain=gain * float(score.rng.uniform(0.8, 1.0)))
    return layer


def _pattern(beat: Beat) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return the beats of a bar on which kick, snare and hat fall."""
    eighths = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
    match beat:
        case Beat.NONE:
            return (), (), ()
        case Beat.LAID_BACK:
            return (0.0, 2.55), (1.03, 3.03), (0.0, 0.6, 1.0, 1.6, 2.0, 2.6, 3.0, 3.6)
        case Beat.ROCK:
            return (0.0, 1.5, 2.0), (1.0, 3.0), eighths
        case Beat.FOUR_ON_THE_FLOOR:
            return (0.0, 1.0, 2.0, 3.0), (1.0, 3.0), eighths[1::2]
        case Beat.HALF_TIME:
            return (0.0,), (2.0,), (0.0, 1.0, 2.0, 3.0)


def _kick() -> Samples:
    t = np.arange(int(0.3 * SAMPLE_RATE)) / SAMPLE_RATE
    sweep = 2 * np.pi * (48 * t + 2.6 * (1 - np.exp(-34 * t)))
    return (np.sin(sweep) * np.exp(-11 * t)).astype(np.float32)


def _noise(rng: np.random.Generator, *, seconds: float, decay: float) -> Samples:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hiss = np.diff(rng.standard_normal(len(t) + 1))
    return (hiss * np.exp(-decay * t)).astype(np.float32)
