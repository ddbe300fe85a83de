import asyncio
import shutil
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.domain.caps import NO_CAPS
from bot.domain.errors import (
    AccountError,
    BackoffError,
    InvalidMessageError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RefusalError,
    RejectedError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import ACTIVE, RETURNED, USED, Request, State
from bot.services.provider.acceptance import attach
from tests.harness.databases import ledger_breaches
from tests.harness.services import ADA, BEN, GUILD, PACE, ServicesHarness, services_harness

T = TypeVar("T")
SUBMIT_FAULTS: tuple[ProviderError, ...] = (
    NotAcceptedError("429", busy=True),
    NotAcceptedError("503"),
    RejectedError(451, "moderation"),
    AccountError(402, "no credits"),
    OutcomeUnknownError("reset"),
)
FAULTS: tuple[MessengerError, ...] = (
    RetryableError("reset"),
    NoAccessError("50001"),
    TokenExpiredError(),
    MessageGoneError(),
    InvalidMessageError("400"),
)
members = st.sampled_from((ADA, BEN))


class Life(RuleBasedStateMachine):
    """Actions of members, workers, the provider and Discord, and time, in random order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.harness: ServicesHarness = self.do(self.stack.enter_async_context(self.opened()))
        self.placed: dict[int, int] = {}
        self.final: dict[int, State] = {}
        self.on_the_way: list[Request] = []
        """Submissions whose answer may come long after their leases ended."""
        self.late: dict[int, int] = {}
        """The requests of late tasks, and the uncertain requests that they replace."""

    def opened(self) -> AbstractAsyncContextManager[ServicesHarness]:
        return services_harness(self.folder)

    def do(self, work: Coroutine[object, object, T]) -> T:
        # not the runner's `run`, which takes over Ctrl-C each time: a third of all the time here
        return self.runner.get_loop().run_until_complete(work)

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    @rule(member=members)
    def place(self, member: int) -> None:
        held = self.held_until(member)
        try:
            card = self.do(self.harness.place(member))
        except BackoffError:
            assert held is not None
        except RefusalError:
            pass
        else:
            assert held is None
            self.placed[card.request_id] = member

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), by=members)
    def cancel(self, data: st.DataObject, by: int) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.placed)))
        try:
            self.do(self.harness.requests.cancel(request_id, guild_id=GUILD, user_id=by))
        except RefusalError:
            return
        assert self.placed[request_id] == by

    @rule(fault=st.sampled_from((None,) * 5 + SUBMIT_FAULTS))
    def submit(self, fault: ProviderError | None) -> None:
        self.harness.provider.submit_answers.clear()
        if fault is not None:
            self.harness.provider.submit_answers.append(fault)
        for request in self.take(16):
            self.do(self.harness.submitter.handle(request))

    def take(self, limit: int) -> Sequence[Request]:
        """Take what waits to the provider; of members who have to pause, nothing."""
        held = {member for member in (ADA, BEN) if self.held_until(member)}
        taken = self.do(self.harness.submitter.claim(limit))
        assert not held & {request.user_id for request in taken}
        return taken

    def held_until(self, member: int) -> datetime | None:
        record = self.do(self.harness.store.read(lambda work: work.members.find(GUILD, member)))
        return record.backoff_end(self.harness.clock())

    @rule(member=members, given_up=st.booleans())
    def submit_slowly(self, member: int, given_up: bool) -> None:
        self.place(member)
        self.on_the_way += self.take(1)
        if given_up:
            self.harness.clock.advance(100)
            self.do(self.harness.poll())

    @precondition(lambda self: self.on_the_way)
    @rule(twice=st.booleans())
    def answer_late(self, twice: bool) -> None:
        request = self.on_the_way.pop()
        self.harness.provider.submit_answers.clear()
        self.do(self.harness.submitter.handle(request))
        message_id = request.id + 10**17
        going = self.do(self.harness.store.read(lambda work: work.requests.find(message_id)))
        if going is not None and going.id not in self.placed:
            self.placed[going.id] = going.user_id
            self.late[going.id] = request.id
        if twice:
            self.attach_again(request)

    def attach_again(self, request: Request) -> None:
        """A repeated answer changes nothing."""
        task_id = self.harness.provider.task_ids[-1]
        before = [self.do(self.harness.request(known)) for known in sorted(self.placed)]
        with suppress(RefusalError):
            self.do(
                self.harness.store.write(attach, request.id, task_id, PACE, NO_CAPS, self.harness.clock())
            )
        assert [self.do(self.harness.request(known)) for known in sorted(self.placed)] == before

    @rule()
    def die_while_submitting(self) -> None:
        self.take(1)

    @rule(end=st.sampled_from(("finish", "finish", "half_finish", "fail", "silence")))
    def answer(self, end: str) -> None:
        for task_id in self.harness.provider.task_ids[-2:]:
            match end:
                case "finish":
                    self.harness.provider.finish(task_id)
                case "half_finish":
                    self.harness.provider.half_finish(task_id)
                case "fail":
                    self.harness.provider.fail(task_id, "timeout")
                case _:
                    self.harness.provider.say(task_id, NoAnswerError("502"))

    @rule(seconds=st.sampled_from((0, 31, 31, 31, 901)))
    def follow(self, seconds: int) -> None:
        self.harness.clock.advance(seconds)
        self.do(self.harness.poll())

    @rule()
    def die_while_following(self) -> None:
        self.do(self.harness.poller.claim(2))

    @rule(fault=st.sampled_from((None,) * 5 + FAULTS), lost_reply=st.booleans())
    def tell(self, fault: MessengerError | None, lost_reply: bool) -> None:
        self.harness.messenger.failures.clear()
        self.harness.messenger.lose_replies = lost_reply
        if fault is not None:
            self.harness.messenger.failures.append(fault)
        self.do(self.harness.dispatch())

    @rule()
    def die_while_telling(self) -> None:
        self.do(self.harness.dispatcher.claim(2))

    @rule(seconds=st.sampled_from((1, 5, 60, 200, 7 * 86_400)))
    def time_goes_on(self, seconds: int) -> None:
        self.harness.clock.advance(seconds)

    @invariant()
    def the_books_are_right(self) -> None:
        assert self.do(ledger_breaches(self.harness.store)) == []

    @invariant()
    def credits_follow_the_states(self) -> None:
        states = {request_id: self.do(self.harness.request(request_id)).state for request_id in self.placed}
        for member in (ADA, BEN):
            held = sum(30 for r, state in states.items() if self.placed[r] == member and state in ACTIVE)
            assert self.do(self.harness.credits(member)).held == held
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
            post for post in self.harness.messenger.results if post.target.__class__.__name__ != "AsFollowUp"
        ]
        ids = [post.card.request_id for post in posts]
        assert len(ids) == len(set(ids))
        for request_id in ids:
            assert self.do(self.harness.request(request_id)).state in USED

    @invariant()
    def no_more_run_than_there_are_places(self) -> None:
        running = self.do(self.harness.store.read(lambda work: work.requests.running()))
        assert sum(running.values()) <= 2 + len(self.late)

    @invariant()
    def each_task_is_one_song(self) -> None:
        requests = [self.do(self.harness.request(request_id)) for request_id in self.placed]
        tasks = [one.task_id for one in requests if one.task_id and one.state is not State.UNCERTAIN]
        assert len(tasks) == len(set(tasks))
        for request_id, first_id in self.late.items():
            going, first = self.do(self.harness.request(request_id)), self.do(self.harness.request(first_id))
            assert first.state is State.UNCERTAIN
            assert first.task_id == going.task_id

    @invariant()
    def nobody_pauses_for_longer_than_an_hour(self) -> None:
        longest = self.harness.clock() + timedelta(hours=1)
        for member in (ADA, BEN):
            assert (self.held_until(member) or longest) <= longest


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
