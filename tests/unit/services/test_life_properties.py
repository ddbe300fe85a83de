import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.domain.errors import (
    AccountError,
    AnnounceError,
    MessageGoneError,
    NoAccessError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RefusalError,
    RejectedError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.requests import ACTIVE, RETURNED, USED, State
from tests.unit.services.house import ADA, BEN, GUILD, House, house

T = TypeVar("T")
SUBMIT_TROUBLES: tuple[ProviderError, ...] = (
    NotAcceptedError("429", busy=True),
    NotAcceptedError("503"),
    RejectedError(451, "moderation"),
    AccountError(402, "no credits"),
    OutcomeUnknownError("reset"),
)
TROUBLES: tuple[AnnounceError, ...] = (
    TryLaterError("reset"),
    NoAccessError("50001"),
    TokenDeadError(),
    MessageGoneError(),
    UnsendableError("400"),
)
members = st.sampled_from((ADA, BEN))


class Life(RuleBasedStateMachine):
    """Members, workers, providers, Discord and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.home: House = self.do(self.stack.enter_async_context(house(self.folder)))
        self.placed: dict[int, int] = {}
        self.final: dict[int, State] = {}

    def do(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    @rule(member=members)
    def place(self, member: int) -> None:
        try:
            card = self.do(self.home.place(member))
        except RefusalError:
            pass
        else:
            self.placed[card.request_id] = member

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), by=members)
    def cancel(self, data: st.DataObject, by: int) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.placed)))
        try:
            self.do(self.home.songs.cancel(request_id, guild_id=GUILD, user_id=by))
        except RefusalError:
            return
        assert self.placed[request_id] == by

    @rule(trouble=st.sampled_from((None,) * 5 + SUBMIT_TROUBLES))
    def submit(self, trouble: ProviderError | None) -> None:
        self.home.provider.submit_answers.clear()
        if trouble is not None:
            self.home.provider.submit_answers.append(trouble)
        self.do(self.home.submit())

    @rule()
    def die_while_submitting(self) -> None:
        self.do(self.home.submitter.claim(1))

    @rule(end=st.sampled_from(("finish", "finish", "half_finish", "fail", "silence")))
    def answer(self, end: str) -> None:
        for task_id in self.home.provider.task_ids[-2:]:
            match end:
                case "finish":
                    self.home.provider.finish(task_id)
                case "half_finish":
                    self.home.provider.half_finish(task_id)
                case "fail":
                    self.home.provider.fail(task_id, "timeout")
                case _:
                    self.home.provider.say(task_id, NoAnswerError("502"))

    @rule(seconds=st.sampled_from((0, 31, 31, 31, 901)))
    def follow(self, seconds: int) -> None:
        self.home.clock.turn(seconds)
        self.do(self.home.follow())

    @rule()
    def die_while_following(self) -> None:
        self.do(self.home.follower.claim(2))

    @rule(trouble=st.sampled_from((None,) * 5 + TROUBLES), lost_reply=st.booleans())
    def tell(self, trouble: AnnounceError | None, lost_reply: bool) -> None:
        self.home.announcer.failures.clear()
        self.home.announcer.lose_replies = lost_reply
        if trouble is not None:
            self.home.announcer.failures.append(trouble)
        self.do(self.home.tell())

    @rule()
    def die_while_telling(self) -> None:
        self.do(self.home.courier.claim(2))

    @rule(seconds=st.sampled_from((1, 5, 60, 200, 7 * 86_400)))
    def time_goes_on(self, seconds: int) -> None:
        self.home.clock.turn(seconds)

    @invariant()
    def the_books_are_right(self) -> None:
        assert self.do(self.home.store.audit()) == []

    @invariant()
    def credits_follow_the_states(self) -> None:
        states = {request_id: self.do(self.home.request(request_id)).state for request_id in self.placed}
        for member in (ADA, BEN):
            held = sum(30 for r, state in states.items() if self.placed[r] == member and state in ACTIVE)
            assert self.do(self.home.credits(member)).held == held
        for request_id, state in states.items():
            known = self.final.get(request_id)
            if known in RETURNED:
                assert state is known
            elif known in USED:
                assert state in USED
            self.final[request_id] = state

    @invariant()
    def nothing_is_posted_twice_and_only_what_was_made(self) -> None:
        posts = [
            post for post in self.home.announcer.results if post.target.__class__.__name__ != "AsFollowUp"
        ]
        ids = [post.card.request_id for post in posts]
        assert len(ids) == len(set(ids))
        for request_id in ids:
            assert self.do(self.home.request(request_id)).state in USED

    @invariant()
    def no_more_run_than_there_are_places(self) -> None:
        running = self.do(self.home.store.read(lambda work: work.requests.running()))
        assert sum(running.values()) <= 2


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
