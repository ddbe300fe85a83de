"""The real client against the local provider: the effects of the paid call, and each reply variant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.domain.errors import (
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    RejectedError,
    UnknownTaskError,
)
from bot.domain.provider_tasks import ClipStage, TaskReport, TaskStage
from bot.domain.song_options import SongSpec
from bot.suno.client import CqtaiClient, Timeouts, provider_session
from sandbox.cqtai import LocalProvider, effects
from sandbox.cqtai.effects import (
    DONE_SPELLINGS,
    FAILED_SPELLINGS,
    FAILURE_TEXTS,
    Drop,
    Envelope,
    NumberedId,
    Page,
    ReplyEffect,
    Slow,
)
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import ReplyVariant, StatusAs
from sandbox.cqtai.timeline import Fail
from tests.harness.clock import PROVIDER_START, FakeClock

SPEC = SongSpec(playlist_id="1a6e9f2d-5b0c-4c8e-9a11-7d3f5e2b6101", model="v55")
SONG_S = 100.0
C, F, S = ClipStage.COMPLETE, ClipStage.FAILED, ClipStage.STREAMING

ODD_STAGES: dict[ReplyVariant, tuple[TaskStage, list[ClipStage]]] = {
    ReplyVariant.STATUS_MISSING: (TaskStage.RUNNING, [C, C]),
    ReplyVariant.RESULT_ABSENT: (TaskStage.DONE, []),
    ReplyVariant.RESULT_NULL: (TaskStage.DONE, []),
    ReplyVariant.RESULT_EMPTY: (TaskStage.DONE, []),
    ReplyVariant.CLIPS_STREAMING: (TaskStage.DONE, [S, S]),
    ReplyVariant.SECOND_CLIP_STREAMING: (TaskStage.DONE, [C, S]),
    ReplyVariant.SECOND_CLIP_ERRORED: (TaskStage.DONE, [C, F]),
    ReplyVariant.ALL_CLIPS_ERRORED: (TaskStage.DONE, [F, F]),
    ReplyVariant.ALL_CLIPS_MODERATED: (TaskStage.DONE, [F, F]),
    ReplyVariant.ONE_CLIP: (TaskStage.DONE, [C]),
}
"""What a reply variant makes of a finished task; all others leave two complete clips."""


@dataclass(slots=True)
class Sandbox:
    local: LocalProvider
    client: CqtaiClient
    clock: FakeClock

    async def finished(self) -> TaskReport:
        task_id = await self.client.submit(SPEC)
        self.clock.advance(SONG_S)
        return await self.client.query(task_id)

    @property
    def posts(self) -> int:
        return sum(line.method == "POST" for line in self.local.requests)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock = FakeClock(PROVIDER_START)
    async with (
        LocalProvider(song_s=SONG_S, max_running=1, seed=7, clock=clock.seconds) as local,
        provider_session() as session,
    ):
        yield Sandbox(local, CqtaiClient(session, base_url=local.base_url, api_key=local.key), clock)


async def test_a_full_order_is_one_that_the_page_allows(sandbox: Sandbox) -> None:
    spec = SongSpec(
        playlist_id=SPEC.playlist_id,
        model="v45+",
        prompt="slow, 雨夜",
        style_weight=0.65,
        audio_weight=1.0,
        weirdness=0.0,
        persona_id="persona_1",
        artist_clip_id="4f51f49d-8875-442d-9a66-81a7e66d55d6",
    )
    await sandbox.client.submit(spec)
    (task,) = sandbox.local.tasks
    assert task.body["prompt"] == "slow, 雨夜"
    assert task.body["weirdnessConstraint"] == 0


@pytest.mark.parametrize(
    "effect",
    [
        Drop(),
        effects.BAD_GATEWAY,
        effects.MALFORMED_JSON,
        effects.EMPTY_BODY,
        effects.WRONG_TYPES,
        Page(500, ""),
    ],
)
async def test_an_order_whose_answer_is_lost_after_acceptance_is_sent_once(
    sandbox: Sandbox, effect: ReplyEffect
) -> None:
    sandbox.local.faults.add(Fault(Phase.SUBMIT, effect, accepted=True))
    with pytest.raises(OutcomeUnknownError):
        await sandbox.client.submit(SPEC)
    assert sandbox.posts == len(sandbox.local.tasks) == 1
    assert sandbox.local.credits.spent == 30


async def test_an_order_that_is_answered_too_late_is_sent_once(sandbox: Sandbox) -> None:
    sandbox.local.faults.add(Fault(Phase.SUBMIT, Slow(60.0), accepted=True))
    async with provider_session() as session:
        client = CqtaiClient(
            session,
            base_url=sandbox.local.base_url,
            api_key=sandbox.local.key,
            timeouts=Timeouts(submit_s=0.3),
        )
        with pytest.raises(UnknownTaskError):
            await client.query("t")  # the time is then not spent on connecting
        with pytest.raises(OutcomeUnknownError):
            await client.submit(SPEC)
    assert len(sandbox.local.tasks) == 1


async def test_a_provider_that_does_not_listen_has_taken_nothing(sandbox: Sandbox) -> None:
    await sandbox.local.close()
    with pytest.raises(NotAcceptedError) as caught:
        await sandbox.client.submit(SPEC)
    assert not caught.value.busy
    with pytest.raises(NoAnswerError):
        await sandbox.client.query("t")
    await sandbox.local.open()
    assert await sandbox.client.submit(SPEC)


async def test_an_order_beyond_the_account_s_limit_is_not_taken(sandbox: Sandbox) -> None:
    await sandbox.client.submit(SPEC)
    with pytest.raises(NotAcceptedError) as caught:
        await sandbox.client.submit(SPEC)
    assert caught.value.busy
    assert len(sandbox.local.tasks) == 1


async def test_an_unknown_playlist_is_refused_for_good(sandbox: Sandbox) -> None:
    sandbox.local.unknown_playlists.add(SPEC.playlist_id)
    with pytest.raises(RejectedError) as caught:
        await sandbox.client.submit(SPEC)
    assert (caught.value.code, caught.value.text) == (400, "playlist not found")


async def test_a_numbered_task_can_be_asked_about(sandbox: Sandbox) -> None:
    sandbox.local.faults.add(Fault(Phase.TASK, NumberedId()))
    assert (await sandbox.finished()).settled
    assert sandbox.local.tasks[0].id.isdecimal()


@pytest.mark.parametrize(
    "shape",
    [
        Envelope(code="200"),
        Envelope(code=0),
        Envelope(code="success", text_key="message"),
        Envelope(with_unknown_fields=True),
        Envelope(http_status=201),
    ],
)
async def test_every_shape_of_success_is_one(sandbox: Sandbox, shape: Envelope) -> None:
    sandbox.local.faults.add(Fault(Phase.SUBMIT, shape), Fault(Phase.QUERY, shape))
    assert (await sandbox.finished()).settled


@pytest.mark.parametrize("variant", ReplyVariant)
async def test_no_oddity_costs_a_clip_that_is_there(sandbox: Sandbox, variant: ReplyVariant) -> None:
    sandbox.local.faults.add(Fault(Phase.DOCUMENT, variant, times=None))
    report = await sandbox.finished()
    wanted = ODD_STAGES.get(variant, (TaskStage.DONE, [C, C]))
    assert (report.stage, [clip.stage for clip in report.clips]) == wanted


async def test_clips_in_another_order_come_in_their_own(sandbox: Sandbox) -> None:
    sandbox.local.faults.add(Fault(Phase.DOCUMENT, ReplyVariant.CLIPS_REVERSED))
    report = await sandbox.finished()
    assert [clip.id for clip in report.clips] == [clip.id for clip in sandbox.local.tasks[0].song.clips]


@pytest.mark.parametrize("spelling", DONE_SPELLINGS)
async def test_every_spelling_of_success_ends_the_polling(sandbox: Sandbox, spelling: str) -> None:
    sandbox.local.faults.add(Fault(Phase.DOCUMENT, StatusAs(spelling)))
    assert (await sandbox.finished()).stage is TaskStage.DONE


@pytest.mark.parametrize("spelling", FAILED_SPELLINGS)
@pytest.mark.parametrize("words", FAILURE_TEXTS)
async def test_every_spelling_and_text_of_failure_is_one(sandbox: Sandbox, spelling: str, words: str) -> None:
    sandbox.local.faults.add(Fault(Phase.TASK, Fail(words, spelling)))
    report = await sandbox.finished()
    assert (report.stage, report.error) == (TaskStage.FAILED, words or None)


async def test_questions_at_the_same_time_get_their_own_answers(sandbox: Sandbox) -> None:
    first = await sandbox.client.submit(SPEC)
    sandbox.clock.advance(SONG_S)
    second = await sandbox.client.submit(SPEC)
    reports = await asyncio.gather(*(sandbox.client.query(task_id) for task_id in [first, second] * 5))
    assert [report.stage for report in reports] == [TaskStage.DONE, TaskStage.RUNNING] * 5
