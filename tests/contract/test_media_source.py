from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from bot.domain.errors import MediaError
from bot.domain.songs import SongSpec
from bot.services.ports import Media, MediaSource
from bot.suno.client import CqtaiClient, provider_session
from bot.suno.media import HttpMedia
from bot.suno.sessions import media_session
from sandbox.cqtai import LocalProvider, Terms
from sandbox.cqtai.effects import MediaTrouble
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.oddities import Oddity
from tests.fakes.media import MP3, FakeMedia

SPEC = SongSpec(playlist_id="1a6e9f2d-5b0c-4c8e-9a11-7d3f5e2b6101", model="v55")
LIMIT = 10_000_000
NOT_PUBLIC = [
    "http://cdn1.suno.ai/a.mp3",
    "ftp://cdn1.suno.ai/a.mp3",
    "javascript:alert(1)",
    "no link",
]


class Stage(Protocol):
    """A source of files, with one link to a good file and one to a file that can't be had."""

    @property
    def media(self) -> MediaSource: ...
    @property
    def good(self) -> str: ...
    @property
    def broken(self) -> str: ...
    @property
    def withheld(self) -> str: ...


class MediaSourceContract:
    async def test_a_good_link_is_offered_as_it_is(self, stage: Stage) -> None:
        assert stage.media.offered(stage.good) == stage.good

    @pytest.mark.parametrize("nothing", [None, ""])
    async def test_nothing_is_offered_for_no_link(self, stage: Stage, nothing: str | None) -> None:
        assert stage.media.offered(nothing) is None

    @pytest.mark.parametrize("url", NOT_PUBLIC)
    async def test_only_public_links_are_offered_and_fetched(self, stage: Stage, url: str) -> None:
        assert stage.media.offered(url) is None
        with pytest.raises(MediaError):
            await stage.media.fetch_audio(url, limit=LIMIT)

    async def test_a_link_to_no_file_is_neither_offered_nor_fetched(self, stage: Stage) -> None:
        assert stage.media.offered(stage.withheld) is None
        with pytest.raises(MediaError):
            await stage.media.fetch_audio(stage.withheld, limit=LIMIT)

    async def test_a_good_file_comes_whole_with_its_extension(self, stage: Stage) -> None:
        media = await stage.media.fetch_audio(stage.good, limit=LIMIT)
        assert media.extension == "mp3"
        assert len(media.data) > 50

    async def test_a_file_may_have_as_many_bytes_as_the_limit_and_no_more(self, stage: Stage) -> None:
        size = len((await stage.media.fetch_audio(stage.good, limit=LIMIT)).data)
        assert len((await stage.media.fetch_audio(stage.good, limit=size)).data) == size
        with pytest.raises(MediaError, match=f"larger than {size - 1} bytes"):
            await stage.media.fetch_audio(stage.good, limit=size - 1)

    async def test_a_file_that_cannot_be_had_is_an_error(self, stage: Stage) -> None:
        with pytest.raises(MediaError):
            await stage.media.fetch_audio(stage.broken, limit=LIMIT)


class FakeStage:
    good = "https://cdn1.suno.ai/good.mp3"
    broken = "https://cdn1.suno.ai/broken.mp3"
    withheld = "https://cdn1.suno.ai/None.mp3"

    def __init__(self) -> None:
        self.media = FakeMedia()
        self.media.files = {self.good: Media(MP3, "mp3"), self.broken: MediaError("HTTP 403")}
        self.media.withheld.add(self.withheld)


class TestFakeMedia(MediaSourceContract):
    @pytest.fixture
    def stage(self) -> FakeStage:
        return FakeStage()

    async def test_it_remembers_what_was_fetched(self, stage: FakeStage) -> None:
        await stage.media.fetch_audio(stage.good, limit=LIMIT)
        assert stage.media.fetched == [stage.good]


class LocalStage:
    """The real source against the local provider: the second clip's audio can't be had."""

    def __init__(self, local: LocalProvider, *, media: HttpMedia, clip_ids: list[str]) -> None:
        self.local = local
        self.media = media
        self.good, self.broken = (f"{local.origin}/media/{clip_id}.mp3" for clip_id in clip_ids)
        self.withheld = f"{local.origin}/api/forbidden"

    def trouble(self, trouble: MediaTrouble) -> None:
        self.local.faults.add(Fault(Phase.AUDIO, trouble, times=None, clip_index=0))

    @property
    def gets(self) -> list[str]:
        return [line.path for line in self.local.requests if line.path.startswith("/media/")]


class HandClock:
    def __init__(self) -> None:
        self.now_s = 1_767_958_636.0

    def __call__(self) -> float:
        return self.now_s


class TestHttpMedia(MediaSourceContract):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[LocalStage]:
        clock = HandClock()
        async with LocalProvider(seed=7, clock=clock, terms=Terms(audio_s=0.5)) as local:
            async with provider_session() as session:
                await CqtaiClient(session, base_url=local.base_url, api_key=local.key).submit(SPEC)
            clock.now_s += 1_000
            local.faults.add(Fault(Phase.AUDIO, MediaTrouble.FORBIDDEN, times=None, clip_index=1))
            trusted = [local.origin]
            async with media_session(trusted) as session:
                media = HttpMedia(session, trusted_origins=trusted)
                clip_ids = [clip.id for clip in local.tasks[0].song.clips]
                yield LocalStage(local, media=media, clip_ids=clip_ids)

    @pytest.mark.parametrize(
        ("trouble", "cause"),
        [
            (MediaTrouble.FORBIDDEN, "HTTP 403"),
            (MediaTrouble.MISSING, "HTTP 404"),
            (MediaTrouble.SERVER_ERROR, "HTTP 500"),
            (MediaTrouble.HTML, "not an audio file"),
            (MediaTrouble.HTML_IN_DISGUISE, "not an audio file"),
            (MediaTrouble.EMPTY, "not an audio file"),
            (MediaTrouble.TRUNCATED, "ClientPayloadError"),
            (MediaTrouble.DROPPED, "not fetched"),
            (MediaTrouble.ENDLESS, "larger than"),
            (MediaTrouble.REDIRECT_LOOP, "too many redirects"),
            (MediaTrouble.REDIRECT_PRIVATE, "no public file"),
        ],
    )
    async def test_anything_but_a_whole_audio_file_is_an_error(
        self, stage: LocalStage, trouble: MediaTrouble, cause: str
    ) -> None:
        stage.trouble(trouble)
        with pytest.raises(MediaError, match=cause):
            await stage.media.fetch_audio(stage.good, limit=500_000)

    async def test_a_file_that_comes_too_slowly_is_an_error(self, stage: LocalStage) -> None:
        stage.trouble(MediaTrouble.SLOW)
        async with media_session([stage.local.origin]) as session:
            impatient = HttpMedia(session, trusted_origins=[stage.local.origin], fetch_s=0.1)
            with pytest.raises(MediaError, match="in time"):
                await impatient.fetch_audio(stage.good, limit=LIMIT)

    async def test_a_redirect_to_the_file_is_followed(self, stage: LocalStage) -> None:
        whole = await stage.media.fetch_audio(stage.good, limit=LIMIT)
        stage.trouble(MediaTrouble.REDIRECT)
        assert await stage.media.fetch_audio(stage.good, limit=LIMIT) == whole

    async def test_redirects_end(self, stage: LocalStage) -> None:
        stage.trouble(MediaTrouble.REDIRECT_LOOP)
        with pytest.raises(MediaError):
            await stage.media.fetch_audio(stage.good, limit=LIMIT)
        assert len(stage.gets) == 4

    async def test_a_file_from_an_origin_that_is_not_trusted_is_not_asked_for(
        self, stage: LocalStage
    ) -> None:
        async with media_session() as session:
            stranger = HttpMedia(session)
            assert stranger.offered(stage.good) is None
            with pytest.raises(MediaError):
                await stranger.fetch_audio(stage.good, limit=LIMIT)
        assert stage.gets == []

    @pytest.mark.parametrize("oddity", [Oddity.AUDIO_FORBIDDEN, Oddity.AUDIO_NONE, Oddity.AUDIO_PIPE])
    async def test_no_link_is_offered_where_the_provider_has_no_file(
        self, stage: LocalStage, oddity: Oddity
    ) -> None:
        stage.local.faults.add(Fault(Phase.DOCUMENT, oddity))
        async with provider_session() as session:
            client = CqtaiClient(session, base_url=stage.local.base_url, api_key=stage.local.key)
            report = await client.query(stage.local.tasks[0].id)
        assert all(clip.audio_url for clip in report.complete)
        assert [stage.media.offered(clip.audio_url) for clip in report.clips] == [None, None]
