import asyncio
import io

import aiohttp
import numpy as np
import pytest
from PIL import Image

from sandbox.cqtai.effects import MediaFault
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.files.audio import SAMPLE_RATE, mp3_of, synthesise
from sandbox.cqtai.files.covers import cover_of
from sandbox.cqtai.files.media import PRIVATE_ADDRESS
from sandbox.cqtai.playlists import PLAYLISTS, Playlist
from tests.unit.sandbox_cqtai.conftest import SONG_S, Caller

FRAME_SAMPLES = 1152
SAMPLE_RATES = (44_100, 48_000, 32_000)
BIT_RATES_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def mp3_seconds(mp3: bytes) -> float:
    place, seconds = 0, 0.0
    while place < len(mp3):
        assert mp3[place] == 0xFF
        assert mp3[place + 1] & 0xFE == 0xFA
        rate = SAMPLE_RATES[mp3[place + 2] >> 2 & 3]
        padding = mp3[place + 2] >> 1 & 1
        place += 144_000 * BIT_RATES_KBPS[mp3[place + 2] >> 4] // rate + padding
        seconds += FRAME_SAMPLES / rate
    assert place == len(mp3)
    return seconds


def pixels_of(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


async def clip_urls(caller: Caller) -> tuple[str, str]:
    first, second = (await caller.query(await caller.accepted(), age_s=SONG_S)).clips
    return str(first["audio_url"]), str(second["audio_url"])


def test_audio_is_as_long_as_it_claims() -> None:
    mp3 = mp3_of(PLAYLISTS[0], seed=1, duration_s=91.32)

    # The encoder adds its delay and fills the last frame: at most three frames of 36 ms.
    assert 0 <= mp3_seconds(mp3) - 91.32 < 0.11
    assert len(mp3) < 800_000


def test_audio_follows_its_seed_and_its_playlist() -> None:
    playlist, other = PLAYLISTS[0], PLAYLISTS[3]

    assert mp3_of(playlist, seed=1, duration_s=2) == mp3_of(playlist, seed=1, duration_s=2)
    assert mp3_of(playlist, seed=1, duration_s=2) != mp3_of(playlist, seed=2, duration_s=2)
    assert mp3_of(playlist, seed=1, duration_s=2) != mp3_of(other, seed=1, duration_s=2)


@pytest.mark.parametrize("playlist", PLAYLISTS, ids=lambda playlist: playlist.name)
def test_every_playlist_has_sound_from_its_first_bars_on(playlist: Playlist) -> None:
    samples = synthesise(playlist, seed=3, duration_s=45)

    loudness = np.sqrt(np.mean(samples.reshape(-1, 5 * SAMPLE_RATE) ** 2, axis=1))
    assert np.abs(samples).max() < 0.9
    assert loudness.min() > 0.02


@pytest.mark.parametrize("size_px", [512, 1024])
def test_a_cover_is_a_square_picture(size_px: int) -> None:
    image = pixels_of(cover_of("Desert Mile", seed=4, size_px=size_px))

    assert (image.format, image.size) == ("JPEG", (size_px, size_px))
    assert len(image.getcolors(maxcolors=2**24) or ()) > 1000


def test_covers_follow_their_seed_and_show_a_latin_title() -> None:
    assert cover_of("A", seed=1, size_px=128) == cover_of("A", seed=1, size_px=128)
    assert cover_of("A", seed=1, size_px=128) != cover_of("A", seed=2, size_px=128)
    assert cover_of("A", seed=1, size_px=128) != cover_of("B", seed=1, size_px=128)
    assert cover_of("两只老虎", seed=1, size_px=128) == cover_of("", seed=1, size_px=128)


async def test_the_links_of_a_finished_task_lead_to_real_files(caller: Caller) -> None:
    clip = (await caller.query(await caller.accepted(), age_s=SONG_S)).clips[0]

    status, kind, mp3 = await caller.fetch(clip["audio_url"])
    assert (status, kind) == (200, "audio/mpeg")
    assert 0 <= mp3_seconds(mp3) - 1.5 < 0.11
    for name, size in (("image_url", 512), ("image_large_url", 1024), ("avatar_image_url", 512)):
        status, kind, jpeg = await caller.fetch(clip[name])
        assert (status, kind, pixels_of(jpeg).size) == (200, "image/jpeg", (size, size))


async def test_the_two_clips_differ(caller: Caller) -> None:
    first, second = await clip_urls(caller)

    assert (await caller.fetch(first))[2] != (await caller.fetch(second))[2]


async def test_a_file_is_served_in_ranges_for_players_that_seek(caller: Caller) -> None:
    url, _ = await clip_urls(caller)
    _, _, whole = await caller.fetch(url)

    assert await caller.fetch(url, Range="bytes=100-199") == (206, "audio/mpeg", whole[100:200])
    assert (await caller.fetch(url, Range="bytes=-50"))[2] == whole[-50:]
    assert (await caller.fetch(url, Range=f"bytes={len(whole)}-"))[0] == 416
    assert (await caller.fetch(url, Range="apples=1"))[0] == 416


async def test_audio_of_a_clip_that_is_not_ready_is_forbidden(caller: Caller) -> None:
    url, _ = await clip_urls(caller)
    caller.clock.advance(-SONG_S / 2)

    status, kind, body = await caller.fetch(url)

    assert (status, kind) == (403, "application/xml")
    assert b"AccessDenied" in body


async def test_files_that_never_were_are_missing(caller: Caller) -> None:
    media = f"{caller.provider.origin}/media"
    url, _ = await clip_urls(caller)

    for name in (
        "None.mp3",
        "image_None.jpeg",
        f"{'0' * 36}.mp3",
        url.rsplit("/", 1)[1].replace("mp3", "jpeg"),
    ):
        assert (await caller.fetch(f"{media}/{name}"))[:2] == (404, "application/xml")
    assert (await caller.fetch(f"{caller.provider.origin}/api/forbidden"))[:2] == (403, "application/xml")


@pytest.mark.parametrize(
    ("fault", "status", "kind", "start"),
    [
        (MediaFault.FORBIDDEN, 403, "application/xml", b"<?xml"),
        (MediaFault.MISSING, 404, "application/xml", b"<?xml"),
        (MediaFault.SERVER_ERROR, 500, "text/plain", b"internal"),
        (MediaFault.HTML, 200, "text/html", b"<!doctype"),
        (MediaFault.HTML_IN_DISGUISE, 200, "audio/mpeg", b"<!doctype"),
        (MediaFault.EMPTY, 200, "audio/mpeg", b""),
        (MediaFault.REDIRECT, 200, "audio/mpeg", b"\xff\xfb"),
    ],
)
async def test_a_troubled_file_is_answered_as_declared(
    caller: Caller, fault: MediaFault, status: int, kind: str, start: bytes
) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, fault, clip_index=0))
    first, second = await clip_urls(caller)

    faulty = await caller.fetch(first)

    assert faulty[:2] == (status, kind)
    assert faulty[2].startswith(start)
    assert (await caller.fetch(second))[0] == 200
    assert (await caller.fetch(first))[2].startswith(b"\xff\xfb")


async def test_a_truncated_file_ends_before_its_promised_length(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, MediaFault.TRUNCATED))
    url, _ = await clip_urls(caller)

    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.fetch(url)


async def test_a_dropped_file_has_no_reply(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, MediaFault.DROPPED, times=None))
    url, _ = await clip_urls(caller)

    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.fetch(url)


async def test_a_redirect_can_lead_to_itself_for_ever(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, MediaFault.REDIRECT_LOOP))
    url, _ = await clip_urls(caller)

    with pytest.raises(aiohttp.TooManyRedirects):
        await caller.fetch(url)


async def test_a_redirect_can_lead_to_a_private_address(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, MediaFault.REDIRECT_PRIVATE))
    url, _ = await clip_urls(caller)

    async with caller.session.get(url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, PRIVATE_ADDRESS)


async def test_an_endless_file_goes_on_beyond_any_limit(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, MediaFault.ENDLESS))
    url, _ = await clip_urls(caller)
    received = 0

    async with caller.session.get(url) as response:
        assert response.content_length is None
        async for chunk in response.content.iter_any():
            received += len(chunk)
            if received > 3_000_000:
                break

    assert received > 3_000_000


async def test_a_slow_file_begins_and_then_dawdles(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.AUDIO, MediaFault.SLOW))
    url, _ = await clip_urls(caller)

    async with caller.session.get(url) as response:
        first = await response.content.readany()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readexactly(4096), 0.1)

    assert first.startswith(b"\xff\xfb")
    assert (response.content_length or 0) > len(first)


async def test_a_cover_can_be_troubled_while_the_audio_is_well(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.COVER, MediaFault.MISSING, times=None))
    clip = (await caller.query(await caller.accepted(), age_s=SONG_S)).clips[0]

    assert (await caller.fetch(clip["image_url"]))[0] == 404
    assert (await caller.fetch(clip["audio_url"]))[0] == 200
