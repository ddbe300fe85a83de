import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from typing import Protocol

import pytest
from mutagen.id3 import ID3

from bot.domain.errors import MediaError
from bot.domain.song_options import SongSpec
from bot.services.ports import Media, MediaSource, SongTags
from bot.suno.client import CqtaiClient, provider_session
from bot.suno.media import HttpMedia
from bot.suno.media_session import media_session
from sandbox.cqtai import LocalProvider, Terms
from sandbox.cqtai.effects import MediaFault
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import ReplyVariant
from tests.fakes.media import MP3, FakeMedia
from tests.harness.clock import PROVIDER_START, FakeClock

SPEC = SongSpec(playlist_id="1a6e9f2d-5b0c-4c8e-9a11-7d3f5e2b6101", model="v55")
LIMIT = 10_000_000
NOT_PUBLIC = [
    "http://cdn1.suno.ai/a.mp3",
    "ftp://cdn1.suno.ai/a.mp3",
    "javascript:alert(1)",
    "no link",
]


class MediaHarness(Protocol):
    """A source of files, with one link that works and one that does not."""

    @property
    def media(self) -> MediaSource: ...
    @property
    def good(self) -> str: ...
    @property
    def broken(self) -> str: ...
    @property
    def withheld(self) -> str: ...


class MediaSourceContract:
    async def test_a_good_link_is_offered_as_it_is(self, harness: MediaHarness) -> None:
        assert harness.media.offered(harness.good) == harness.good

    @pytest.mark.parametrize("nothing", [None, ""])
    async def test_nothing_is_offered_for_no_link(self, harness: MediaHarness, nothing: str | None) -> None:
        assert harness.media.offered(nothing) is None

    @pytest.mark.parametrize("url", NOT_PUBLIC)
    async def test_only_public_links_are_offered_and_fetched(self, harness: MediaHarness, url: str) -> None:
        assert harness.media.offered(url) is None
        with pytest.raises(MediaError):
            await harness.media.fetch_audio(url, limit=LIMIT)

    async def test_a_link_to_no_file_is_neither_offered_nor_fetched(self, harness: MediaHarness) -> None:
        assert harness.media.offered(harness.withheld) is None
        with pytest.raises(MediaError):
            await harness.media.fetch_audio(harness.withheld, limit=LIMIT)

    async def test_a_good_file_comes_whole_with_its_extension(self, harness: MediaHarness) -> None:
        media = await harness.media.fetch_audio(harness.good, limit=LIMIT)
        assert media.extension == "mp3"
        assert len(media.data) > 50

    async def test_a_file_may_have_as_many_bytes_as_the_limit_and_no_more(
        self, harness: MediaHarness
    ) -> None:
        size = len((await harness.media.fetch_audio(harness.good, limit=LIMIT)).data)
        assert len((await harness.media.fetch_audio(harness.good, limit=size)).data) == size
        with pytest.raises(MediaError, match=f"larger than {size - 1} bytes"):
            await harness.media.fetch_audio(harness.good, limit=size - 1)

    async def test_a_file_that_cannot_be_had_is_an_error(self, harness: MediaHarness) -> None:
        with pytest.raises(MediaError):
            await harness.media.fetch_audio(harness.broken, limit=LIMIT)


class FakeMediaHarness:
    good = "https://cdn1.suno.ai/good.mp3"
    broken = "https://cdn1.suno.ai/broken.mp3"
    withheld = "https://cdn1.suno.ai/None.mp3"

    def __init__(self) -> None:
        self.media = FakeMedia()
        self.media.files = {self.good: Media(MP3, "mp3"), self.broken: MediaError("HTTP 403")}
        self.media.withheld.add(self.withheld)


class TestFakeMedia(MediaSourceContract):
    @pytest.fixture
    def harness(self) -> FakeMediaHarness:
        return FakeMediaHarness()

    async def test_it_remembers_what_was_fetched(self, harness: FakeMediaHarness) -> None:
        await harness.media.fetch_audio(harness.good, limit=LIMIT)
        assert harness.media.fetched == [harness.good]


HANGING = "https://cdn2.suno.ai/hanging.jpeg"


class HangingMedia(HttpMedia):
    """A source that never gets one picture."""

    async def _follow(self, url: str, *, limit: int) -> bytes:
        if url == HANGING:
            await asyncio.Event().wait()
        return await super()._follow(url, limit=limit)


class LocalMediaHarness:
    """The real source against the local provider, which refuses the second clip's audio."""

    def __init__(self, local: LocalProvider, *, media: HttpMedia, clip_ids: list[str]) -> None:
        self.local = local
        self.media = media
        self.good, self.broken = (f"{local.origin}/media/{clip_id}.mp3" for clip_id in clip_ids)
        self.withheld = f"{local.origin}/api/forbidden"

    def set_fault(self, fault: MediaFault) -> None:
        self.local.faults.add(Fault(Phase.AUDIO, fault, times=None, clip_index=0))

    @property
    def tags(self) -> SongTags:
        cover = self.good.replace("/media/", "/media/image_").replace(".mp3", ".jpeg")
        return SongTags(
            title="Rain", track="1/2", lyrics="Rain, rain", page="https://suno.com/song/c1", cover_url=cover
        )

    @property
    def gets(self) -> list[str]:
        return [line.path for line in self.local.requests if line.path.startswith("/media/")]


class TestHttpMedia(MediaSourceContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[LocalMediaHarness]:
        clock = FakeClock(PROVIDER_START)
        async with LocalProvider(seed=7, clock=clock.seconds, terms=Terms(audio_s=0.5)) as local:
            async with provider_session() as session:
                await CqtaiClient(session, base_url=local.base_url, api_key=local.key).submit(SPEC)
            clock.advance(1_000)
            local.faults.add(Fault(Phase.AUDIO, MediaFault.FORBIDDEN, times=None, clip_index=1))
            trusted = [local.origin]
            async with media_session(trusted) as session:
                media = HttpMedia(session, trusted_origins=trusted, cover_grace_s=30.0)
                clip_ids = [clip.id for clip in local.tasks[0].song.clips]
                yield LocalMediaHarness(local, media=media, clip_ids=clip_ids)
                media.close()

    @pytest.mark.parametrize(
        ("fault", "cause"),
        [
            (MediaFault.FORBIDDEN, "HTTP 403"),
            (MediaFault.MISSING, "HTTP 404"),
            (MediaFault.SERVER_ERROR, "HTTP 500"),
            (MediaFault.HTML, "not an audio file"),
            (MediaFault.HTML_IN_DISGUISE, "not an audio file"),
            (MediaFault.EMPTY, "not an audio file"),
            (MediaFault.TRUNCATED, "ClientPayloadError"),
            (MediaFault.DROPPED, "not fetched"),
            (MediaFault.ENDLESS, "larger than"),
            (MediaFault.REDIRECT_LOOP, "too many redirects"),
            (MediaFault.REDIRECT_PRIVATE, "no public file"),
        ],
    )
    async def test_anything_but_a_whole_audio_file_is_an_error(
        self, harness: LocalMediaHarness, fault: MediaFault, cause: str
    ) -> None:
        harness.set_fault(fault)
        with pytest.raises(MediaError, match=cause):
            await harness.media.fetch_audio(harness.good, limit=500_000)

    async def test_a_file_that_comes_too_slowly_is_an_error(self, harness: LocalMediaHarness) -> None:
        harness.set_fault(MediaFault.SLOW)
        async with media_session([harness.local.origin]) as session:
            impatient = HttpMedia(session, trusted_origins=[harness.local.origin], fetch_s=0.1)
            with pytest.raises(MediaError, match="in time"):
                await impatient.fetch_audio(harness.good, limit=LIMIT)

    async def test_a_file_gets_its_tags_and_its_cover(self, harness: LocalMediaHarness) -> None:
        plain = await harness.media.fetch_audio(harness.good, limit=LIMIT)
        tagged = await harness.media.fetch_audio(harness.good, limit=LIMIT, tags=harness.tags)
        read = ID3(BytesIO(tagged.data))
        assert (str(read["TIT2"]), str(read["USLT::und"])) == ("Rain", "Rain, rain")
        assert read["APIC:"].mime == "image/jpeg"
        assert tagged.data.endswith(plain.data)

    @pytest.mark.parametrize("cover", [None, "http://10.0.0.1/a.jpeg", "audio", "missing", "hanging"])
    async def test_a_cover_that_cannot_be_had_is_left_out(
        self, harness: LocalMediaHarness, cover: str | None
    ) -> None:
        links = {
            "audio": harness.good,
            "missing": f"{harness.local.origin}/media/image_x.jpeg",
            "hanging": HANGING,
        }
        origins = [harness.local.origin]
        async with media_session(origins) as session:
            media = HangingMedia(session, trusted_origins=origins, cover_grace_s=0.01)
            tags = replace(harness.tags, cover_url=links.get(cover or "", cover))
            tagged = await media.fetch_audio(harness.good, limit=LIMIT, tags=tags)
            media.close()
        read = ID3(BytesIO(tagged.data))
        assert [key for key in read if key.startswith("APIC")] == []
        assert str(read["TIT2"]) == "Rain"

    async def test_a_file_comes_without_tags_where_the_thread_is_busy(
        self, harness: LocalMediaHarness
    ) -> None:
        plain = await harness.media.fetch_audio(harness.good, limit=LIMIT)
        origins = [harness.local.origin]
        async with media_session(origins) as session:
            hurried = HttpMedia(session, trusted_origins=origins, tags_s=0.0)
            assert await hurried.fetch_audio(harness.good, limit=LIMIT, tags=harness.tags) == plain
            hurried.close()

    async def test_a_redirect_to_the_file_is_followed(self, harness: LocalMediaHarness) -> None:
        whole = await harness.media.fetch_audio(harness.good, limit=LIMIT)
        harness.set_fault(MediaFault.REDIRECT)
        assert await harness.media.fetch_audio(harness.good, limit=LIMIT) == whole

    async def test_redirects_end(self, harness: LocalMediaHarness) -> None:
        harness.set_fault(MediaFault.REDIRECT_LOOP)
        with pytest.raises(MediaError):
            await harness.media.fetch_audio(harness.good, limit=LIMIT)
        assert len(harness.gets) == 4

    async def test_a_file_from_an_origin_that_is_not_trusted_is_not_asked_for(
        self, harness: LocalMediaHarness
    ) -> None:
        async with media_session() as session:
            stranger = HttpMedia(session)
            assert stranger.offered(harness.good) is None
            with pytest.raises(MediaError):
                await stranger.fetch_audio(harness.good, limit=LIMIT)
        assert harness.gets == []

    @pytest.mark.parametrize(
        "variant", [ReplyVariant.AUDIO_FORBIDDEN, ReplyVariant.AUDIO_NONE, ReplyVariant.AUDIO_PIPE]
    )
    async def test_no_link_is_offered_where_the_provider_has_no_file(
        self, harness: LocalMediaHarness, variant: ReplyVariant
    ) -> None:
        harness.local.faults.add(Fault(Phase.DOCUMENT, variant))
        async with provider_session() as session:
            client = CqtaiClient(session, base_url=harness.local.base_url, api_key=harness.local.key)
            report = await client.query(harness.local.tasks[0].id)
        assert all(clip.audio_url for clip in report.complete)
        assert [harness.media.offered(clip.audio_url) for clip in report.clips] == [None, None]
