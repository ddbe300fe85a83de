import random

import pytest

from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.effects import (
    Drop,
    MediaFault,
    Slow,
)
from sandbox.cqtai.faults import ActiveFaults, Fault, Occasion, Phase
from sandbox.cqtai.reply_variants import ReplyVariant
from sandbox.cqtai.timeline import Fail


class TestTheBoard:
    def strikes(self, fault: Fault, *occasions: Occasion) -> list[bool]:
        board = ActiveFaults(random.Random(1))
        board.add(fault)
        return [board.first(fault.phase, occasion) is fault for occasion in occasions]

    def test_a_fault_strikes_once_unless_told_otherwise(self) -> None:
        assert self.strikes(Fault(Phase.QUERY, Drop()), *[Occasion()] * 3) == [True, False, False]

    def test_a_fault_strikes_some_times_after_letting_some_pass(self) -> None:
        fault = Fault(Phase.QUERY, Drop(), times=2, skip=1)

        assert self.strikes(fault, *[Occasion()] * 5) == [False, True, True, False, False]

    def test_a_fault_without_a_number_of_times_always_strikes(self) -> None:
        assert all(self.strikes(Fault(Phase.QUERY, Drop(), times=None), *[Occasion()] * 50))

    def test_a_rate_is_kept_and_repeats_with_its_seed(self) -> None:
        fault = Fault(Phase.QUERY, Drop(), times=None, rate=0.05)

        struck = self.strikes(fault, *[Occasion()] * 4000)

        assert 140 < sum(struck) < 260
        assert struck == self.strikes(fault, *[Occasion()] * 4000)

    def test_a_fault_keeps_to_its_playlist_task_and_clip(self) -> None:
        playlist_id = PLAYLISTS[1].id
        fault = Fault(Phase.AUDIO, MediaFault.HTML, playlist_id=playlist_id.upper(), clip_index=1)

        assert self.strikes(fault, Occasion(playlist_id, "t", 0), Occasion("other", "t", 1)) == [False, False]
        assert self.strikes(fault, Occasion(playlist_id, "t", 1)) == [True]
        assert self.strikes(Fault(Phase.QUERY, Drop(), task_id="t"), Occasion(task_id="u")) == [False]

    def test_a_fault_can_be_counted_for_each_task(self) -> None:
        a, b = Occasion(task_id="a"), Occasion(task_id="b")

        assert self.strikes(Fault(Phase.QUERY, Drop(), per_task=True), a, a, b, b) == [
            True,
            False,
            True,
            False,
        ]

    def test_faults_of_a_phase_take_turns(self) -> None:
        board = ActiveFaults(random.Random(1))
        first, second = Fault(Phase.TASK, Fail("one")), Fault(Phase.TASK, Fail("two"))
        board.add(first, second)

        assert [board.first(Phase.TASK, Occasion()) for _ in range(3)] == [first, second, None]
        assert board.struck(first) == 1

    def test_faults_can_be_listed_and_lifted(self) -> None:
        board = ActiveFaults(random.Random(1))
        drop, late = Fault(Phase.QUERY, Drop(), times=None), Fault(Phase.QUERY, Slow(1))
        board.add(drop, late)

        board.remove(drop)
        assert list(board) == [late]
        board.clear()
        assert board.first(Phase.QUERY, Occasion()) is None

    @pytest.mark.parametrize(
        ("phase", "effect"),
        [
            (Phase.SUBMIT, Fail()),
            (Phase.TASK, Drop()),
            (Phase.AUDIO, Slow(1)),
            (Phase.QUERY, ReplyVariant.ONE_CLIP),
        ],
    )
    def test_an_effect_that_is_impossible_in_its_phase_is_refused(
        self, phase: Phase, effect: Fail | Drop | Slow | ReplyVariant
    ) -> None:
        with pytest.raises(ValueError, match=str(phase)):
            Fault(phase, effect)
