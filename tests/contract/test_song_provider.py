from collections.abc import AsyncIterator
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

import pytest

from bot.domain.errors import (
    AccountError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
    UnknownTaskError,
)
from bot.domain.provider_tasks import ClipStage, TaskStage
from bot.domain.song_options import SongSpec
from bot.services.ports import SongProvider
from bot.suno.client import CqtaiClient, provider_session
from sandbox.cqtai import LocalProvider, Terms, effects
from sandbox.cqtai.effects import Drop, Refuse, ReplyEffect
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from tests.fakes.provider import FakeProvider, done, two_clips
from tests.harness.clock import PROVIDER_START, FakeClock

SPEC = SongSpec(playlist_id="1a6e9f2d-5b0c-4c8e-9a11-7d3f5e2b6101", model="v55")
SONG_S = 100.0


class ProviderFault(StrEnum):
    BAD_PARAMETER = "bad parameter"
    BAD_KEY = "bad key"
    NO_CREDITS = "no credits"
    BUSY = "busy"
    MODERATED = "moderated"
    BROKEN = "broken"
    UNAVAILABLE = "unavailable"
    GATEWAY_PAGE = "gateway page"
    GARBAGE = "garbage"
    LOST = "lost"


SUBMIT_ERRORS: dict[ProviderFault, ProviderError] = {
    ProviderFault.BAD_PARAMETER: RejectedError(400, "bad parameter"),
    ProviderFault.BAD_KEY: AccountError(401, "invalid api key"),
    ProviderFault.NO_CREDITS: AccountError(402, "insufficient credits"),
    ProviderFault.BUSY: NotAcceptedError("code 429: Task limit reached", busy=True),
    ProviderFault.MODERATED: RejectedError(451, "upstream bizCode=451, msg=prompt_unsafe"),
    ProviderFault.BROKEN: RejectedError(500, "failed or timeout"),
    ProviderFault.UNAVAILABLE: NotAcceptedError("code 503: service unavailable"),
    ProviderFault.GATEWAY_PAGE: OutcomeUnknownError("HTTP 502"),
    ProviderFault.GARBAGE: OutcomeUnknownError("HTTP 200"),
    ProviderFault.LOST: OutcomeUnknownError("ServerDisconnectedError"),
}
QUERY_ERRORS: dict[ProviderFault, ProviderError] = {
    ProviderFault.BAD_PARAMETER: SUBMIT_ERRORS[ProviderFault.BAD_PARAMETER],
    ProviderFault.BAD_KEY: SUBMIT_ERRORS[ProviderFault.BAD_KEY],
    ProviderFault.NO_CREDITS: SUBMIT_ERRORS[ProviderFault.NO_CREDITS],
    ProviderFault.BUSY: NoAnswerError("code 429"),
    ProviderFault.MODERATED: SUBMIT_ERRORS[ProviderFault.MODERATED],
    ProviderFault.BROKEN: NoAnswerError("code 500"),
    ProviderFault.UNAVAILABLE: NoAnswerError("code 503"),
    ProviderFault.GATEWAY_PAGE: NoAnswerError("HTTP 502"),
    ProviderFault.GARBAGE: NoAnswerError("HTTP 200"),
    ProviderFault.LOST: NoAnswerError("ServerDisconnectedError"),
}
EFFECTS: dict[ProviderFault, ReplyEffect] = {
    ProviderFault.BAD_PARAMETER: effects.BAD_PARAMETER,
    ProviderFault.BAD_KEY: effects.BAD_KEY,
    ProviderFault.NO_CREDITS: effects.NO_CREDITS,
    ProviderFault.BUSY: effects.TASK_LIMIT,
    ProviderFault.MODERATED: effects.MODERATION,
    ProviderFault.BROKEN: effects.SERVER_ERROR,
    ProviderFault.UNAVAILABLE: effects.UNAVAILABLE,
    ProviderFault.GATEWAY_PAGE: effects.BAD_GATEWAY,
    ProviderFault.GARBAGE: effects.MALFORMED_JSON,
    ProviderFault.LOST: Drop(),
}


class ProviderHarness(Protocol):
    """A provider and its controls; each method that submits a song returns the task's id."""

    @property
    def provider(self) -> SongProvider: ...
    def fail_submission(self, fault: ProviderFault) -> None: ...
    def fail_query(self, task_id: str, fault: ProviderFault) -> None: ...
    async def half_finished(self) -> str: ...
    async def finished(self) -> str: ...
    async def failed(self, words: str) -> str: ...


class SongProviderContract:
    async def test_an_order_starts_a_task_that_is_running(self, harness: ProviderHarness) -> None:
        report = await harness.provider.query(await harness.provider.submit(SPEC))
        assert report.stage is TaskStage.RUNNING
        assert report.complete == ()
        assert report.status

    async def test_each_order_starts_another_task(self, harness: ProviderHarness) -> None:
        assert await harness.provider.submit(SPEC) != await harness.provider.submit(SPEC)

    async def test_the_first_clip_may_be_ready_before_the_second(self, harness: ProviderHarness) -> None:
        report = await harness.provider.query(await harness.half_finished())
        assert report.stage is TaskStage.RUNNING
        assert [clip.stage for clip in report.clips] == [ClipStage.COMPLETE, ClipStage.STREAMING]
        assert not report.settled

    async def test_a_finished_task_has_two_clips_with_everything_a_member_sees(
        self, harness: ProviderHarness
    ) -> None:
        task_id = await harness.finished()
        report = await harness.provider.query(task_id)
        assert report.stage is TaskStage.DONE
        assert report.settled
        assert len({clip.id for clip in report.complete}) == 2
        for clip in report.complete:
            assert clip.title
            assert clip.duration_s
            assert clip.tags
            assert clip.audio_url
            assert clip.image_url
            assert clip.model

    async def test_a_finished_task_says_the_same_again(self, harness: ProviderHarness) -> None:
        task_id = await harness.finished()
        assert await harness.provider.query(task_id) == await harness.provider.query(task_id)

    async def test_a_failed_task_says_why(self, harness: ProviderHarness) -> None:
        report = await harness.provider.query(await harness.failed("playlist not found"))
        assert (report.stage, report.error) == (TaskStage.FAILED, "playlist not found")

    async def test_a_failed_task_may_say_nothing(self, harness: ProviderHarness) -> None:
        report = await harness.provider.query(await harness.failed(""))
        assert (report.stage, report.error) == (TaskStage.FAILED, None)

    async def test_a_task_that_was_never_started_is_unknown(self, harness: ProviderHarness) -> None:
        with pytest.raises(UnknownTaskError):
            await harness.provider.query("00000000000000000000000000000000")

    @pytest.mark.parametrize("fault", ProviderFault)
    async def test_an_order_in_trouble_says_what_to_do_next(
        self, harness: ProviderHarness, fault: ProviderFault
    ) -> None:
        harness.fail_submission(fault)
        with pytest.raises(ProviderError) as caught:
            await harness.provider.submit(SPEC)
        assert_alike(caught.value, SUBMIT_ERRORS[fault])
        assert await harness.provider.submit(SPEC)

    @pytest.mark.parametrize("fault", ProviderFault)
    async def test_a_question_in_trouble_may_be_asked_again(
        self, harness: ProviderHarness, fault: ProviderFault
    ) -> None:
        task_id = await harness.finished()
        harness.fail_query(task_id, fault)
        with pytest.raises(ProviderError) as caught:
            await harness.provider.query(task_id)
        assert_alike(caught.value, QUERY_ERRORS[fault])
        assert (await harness.provider.query(task_id)).settled


def assert_alike(error: ProviderError, wanted: ProviderError) -> None:
    assert type(error) is type(wanted)
    if isinstance(error, RejectedError) and isinstance(wanted, RejectedError):
        assert (error.code, error.text) == (wanted.code, wanted.text)
    if isinstance(error, NotAcceptedError) and isinstance(wanted, NotAcceptedError):
        assert error.busy is wanted.busy


class FakeProviderHarness:
    def __init__(self) -> None:
        self.provider = FakeProvider()

    def fail_submission(self, fault: ProviderFault) -> None:
        self.provider.submit_answers.append(SUBMIT_ERRORS[fault])

    def fail_query(self, task_id: str, fault: ProviderFault) -> None:
        self.provider.say(task_id, QUERY_ERRORS[fault], done(*two_clips(task_id)))

    async def half_finished(self) -> str:
        task_id = await self.provider.submit(SPEC)
        self.provider.half_finish(task_id)
        return task_id

    async def finished(self) -> str:
        task_id = await self.provider.submit(SPEC)
        self.provider.finish(task_id)
        return task_id

    async def failed(self, words: str) -> str:
        task_id = await self.provider.submit(SPEC)
        self.provider.fail(task_id, words)
        return task_id


class TestFakeProvider(SongProviderContract):
    @pytest.fixture
    def harness(self) -> FakeProviderHarness:
        return FakeProviderHarness()


class SandboxStage:
    """The real client against the local provider, whose clock is advanced by the test."""

    def __init__(self, local: LocalProvider, *, client: CqtaiClient, clock: FakeClock, as_http: bool) -> None:
        self.local = local
        self.provider = client
        self.clock = clock
        self.as_http = as_http

    def fail_submission(self, fault: ProviderFault) -> None:
        self.local.faults.add(Fault(Phase.SUBMIT, self._effect(fault)))

    def fail_query(self, task_id: str, fault: ProviderFault) -> None:
        # aiohttp itself asks a second time when a connection is lost: a GET may be repeated.
        times = 2 if fault is ProviderFault.LOST else 1
        self.local.faults.add(Fault(Phase.QUERY, self._effect(fault), times=times, task_id=task_id))

    async def half_finished(self) -> str:
        return await self._at(0.7)

    async def finished(self) -> str:
        return await self._at(1.0)

    async def failed(self, words: str) -> str:
        self.local.faults.add(Fault(Phase.TASK, Fail(words)))
        return await self._at(1.0)

    async def _at(self, share: float) -> str:
        task_id = await self.provider.submit(SPEC)
        self.clock.advance(SONG_S * share)
        return task_id

    def _effect(self, fault: ProviderFault) -> ReplyEffect:
        effect = EFFECTS[fault]
        return replace(effect, http=self.as_http) if isinstance(effect, Refuse) else effect


class TestCqtaiClient(SongProviderContract):
    @pytest.fixture(params=[False, True], ids=["by-code", "by-status"])
    async def harness(self, request: pytest.FixtureRequest) -> AsyncIterator[SandboxStage]:
        clock, as_http = FakeClock(PROVIDER_START), bool(request.param)
        terms = Terms(errors_as_http=as_http)
        async with (
            LocalProvider(song_s=SONG_S, seed=7, clock=clock.seconds, terms=terms) as local,
            provider_session() as session,
        ):
            client = CqtaiClient(session, base_url=local.base_url, api_key=local.key)
            yield SandboxStage(local, client=client, clock=clock, as_http=as_http)
