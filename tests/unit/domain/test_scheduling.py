from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.guild_settings import NOBODY
from bot.domain.scheduling import QueueEntry, backoff_end, estimated_finish_times, fair_order

Member = tuple[int, int]
START = datetime(2026, 11, 22, tzinfo=UTC)
OURS, THEIRS = 1, 2
ADA, BEN = 11, 12


def by_guild(running: Counter[Member]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for (guild, _), count in running.items():
        counts[guild] += count
    return counts


def by_user(running: Counter[Member]) -> dict[int, set[int]]:
    places: dict[int, set[int]] = {}
    for guild, user in +running:
        places.setdefault(user, set()).add(guild)
    return places


def entries(
    queue: list[tuple[int, Member]],
    running: Counter[Member],
    turns: dict[Member, datetime],
    guild_turns: dict[int, datetime],
    moved: Sequence[int] = (),
) -> list[QueueEntry]:
    own = Counter(member for _, member in queue)
    return [
        QueueEntry(
            request_id=number,
            guild_id=member[0],
            user_id=member[1],
            member_active=own[member] + running[member],
            member_turn_at=turns.get(member),
            guild_turn_at=guild_turns.get(member[0]),
            moved_at=START + timedelta(seconds=moved.index(number)) if number in moved else None,
        )
        for number, member in queue
    ]


def _order(queue: list[QueueEntry], running: Counter[Member]) -> list[QueueEntry]:
    return fair_order(queue, by_guild(running), by_user(running))


class Provider:
    """Runs so many tasks at a time, in the order of turns, each as long as the other."""

    def __init__(self, waiting: list[Member], *, slots: int, moved: Sequence[int] = ()) -> None:
        self.waiting = list(enumerate(waiting))
        self.moved = moved
        self.slots = slots
        self.running: list[Member] = []
        self.turns: dict[Member, datetime] = {}
        self.now = START
        self.taken: list[int] = []

    def queue(self) -> list[QueueEntry]:
        guild_turns: dict[int, datetime] = {}
        for (guild, _), at in self.turns.items():
            guild_turns[guild] = max(at, guild_turns.get(guild, at))
        return entries([*self.waiting], Counter(self.running), self.turns, guild_turns, self.moved)

    def run(self) -> list[int]:
        while self.waiting:
            self.running = self.running[1:] if len(self.running) == self.slots else self.running
            first = _order(self.queue(), Counter(self.running))[0]
            self.waiting = [(number, member) for number, member in self.waiting if number != first.request_id]
            self.now += timedelta(seconds=1)
            member = (first.guild_id, first.user_id)
            self.turns[member] = self.now
            self.running.append(member)
            self.taken.append(first.request_id)
        return self.taken


def order(
    waiting: list[Member], running: dict[Member, int] | None = None, moved: Sequence[int] = ()
) -> list[int]:
    counts = Counter(running or {})
    queue = entries([*enumerate(waiting)], counts, {}, {}, moved)
    return [entry.request_id for entry in _order(queue, counts)]


def test_alone_it_is_by_age() -> None:
    assert order([(OURS, ADA)] * 3) == [0, 1, 2]


def test_six_songs_of_one_member_do_not_hold_up_the_first_of_another() -> None:
    assert order([*[(OURS, ADA)] * 6, (OURS, BEN)]) == [0, 6, 1, 2, 3, 4, 5]


def test_a_hundred_of_another_server_do_not_hold_up_ours() -> None:
    waiting = [*((THEIRS, user) for user in range(100)), (OURS, ADA)]
    assert order(waiting, {(THEIRS, 500): 1})[0] == 100


def test_what_runs_already_counts() -> None:
    assert order([(OURS, ADA), (OURS, BEN)], {(OURS, ADA): 1}) == [1, 0]


def test_who_had_a_turn_longer_ago_is_first() -> None:
    early, late = START, START + timedelta(hours=1)
    turns = {(OURS, ADA): late, (OURS, BEN): early}
    queue = entries([(1, (OURS, ADA)), (2, (OURS, BEN)), (3, (OURS, 13))], Counter(), turns, {OURS: late})
    assert [entry.request_id for entry in fair_order(queue, {})] == [3, 2, 1]


def test_with_one_place_at_the_provider_members_and_servers_still_take_turns() -> None:
    waiting = [(OURS, ADA), (OURS, ADA), (OURS, ADA), (OURS, BEN), (THEIRS, ADA)]
    assert Provider(waiting, slots=1).run() == [0, 4, 3, 1, 2]


def test_who_has_a_song_running_in_another_server_comes_after_the_others() -> None:
    waiting = [(OURS, ADA), (OURS, BEN)]
    assert order(waiting, {(THEIRS, ADA): 1}) == [1, 0]
    assert order(waiting, {(OURS, BEN): 2, (THEIRS, ADA): 1}) == [1, 0]
    assert order([(OURS, ADA), (THEIRS, BEN)], {(THEIRS, 13): 5, (3, ADA): 1}) == [1, 0]


def test_one_member_of_many_servers_takes_turns_as_one() -> None:
    waiting = [*((guild, ADA) for guild in range(10, 20)), (OURS, BEN), (THEIRS, 13)]
    assert order(waiting) == [0, 10, 11, *range(1, 10)]


def test_what_was_moved_last_is_first_in_its_server_and_moves_no_other() -> None:
    waiting = [(THEIRS, 13), (OURS, ADA), (THEIRS, 14), (OURS, ADA), (OURS, BEN), (OURS, BEN)]
    assert order(waiting) == [0, 1, 2, 4, 3, 5]
    assert order(waiting, moved=[5]) == [0, 5, 2, 1, 4, 3]
    assert order(waiting, moved=[5, 3]) == [0, 3, 2, 5, 1, 4]


def test_moved_to_the_front_one_still_comes_after_those_without_a_song_elsewhere() -> None:
    waiting = [(OURS, ADA), (OURS, BEN), (OURS, 13)]
    assert order(waiting, {(THEIRS, BEN): 1}, moved=[1]) == [0, 2, 1]
    assert order(waiting[:2], {(THEIRS, ADA): 1, (THEIRS, BEN): 1}, moved=[1]) == [1, 0]


members = st.tuples(st.integers(1, 3), st.integers(1, 3))
only_here = members.map(lambda member: (member[0], 10 * member[0] + member[1]))


@given(st.lists(members, max_size=12), st.dictionaries(members, st.integers(1, 3), max_size=4))
def test_nobody_with_a_song_running_elsewhere_is_before_one_without(
    waiting: list[Member], running: dict[Member, int]
) -> None:
    places = by_user(Counter(running))
    first = [waiting[number] for number in order(waiting, running)][:1]
    with_some = [bool(places.get(user, set()) - {guild}) for guild, user in first + waiting]
    assert not any(with_some[:1]) or all(with_some)


@given(st.lists(only_here, max_size=12), st.integers(1, 3))
def test_nobody_waits_for_more_than_one_round_of_the_others(waiting: list[Member], slots: int) -> None:
    taken = Provider(waiting, slots=slots).run()
    assert sorted(taken) == list(range(len(waiting)))
    first_turn: dict[int, int] = {}
    for turn, number in enumerate(taken):
        first_turn.setdefault(waiting[number][0], turn)
    assert all(turn < len(first_turn) for turn in first_turn.values())  # each server's first within one round


moves = st.lists(st.integers(0, 11), unique=True, max_size=4)


@given(st.lists(members, max_size=12), st.dictionaries(members, st.integers(1, 3), max_size=4), moves)
def test_no_move_gives_a_turn_to_another_server_or_before_its_time(
    waiting: list[Member], running: dict[Member, int], moved: list[int]
) -> None:
    before, after = order(waiting, running), order(waiting, running, moved)
    assert sorted(before) == sorted(after)
    assert [waiting[n][0] for n in before[:1]] == [waiting[n][0] for n in after[:1]]
    places = by_user(Counter(running))
    elsewhere = [bool(places.get(user, set()) - {guild}) for guild, user in waiting]
    assert [elsewhere[number] for number in before[:1]] == [elsewhere[number] for number in after[:1]]
    for number in (one for one in moved[-1:] if one < len(waiting)):
        guild, user = waiting[number]
        if {place for place, who in (*waiting, *running) if who == user} == {guild}:
            assert next(n for n in after if waiting[n][0] == guild) == number


@given(st.lists(only_here, max_size=12), st.integers(1, 3), moves)
def test_with_moves_the_servers_take_the_same_turns_to_the_end(
    waiting: list[Member], slots: int, moved: list[int]
) -> None:
    plain = Provider(waiting, slots=slots).run()
    with_moves = Provider(waiting, slots=slots, moved=moved).run()
    assert [waiting[n][0] for n in plain] == [waiting[n][0] for n in with_moves]


@given(st.lists(members, max_size=12), st.dictionaries(members, st.integers(1, 3), max_size=4), moves)
def test_the_whole_order_is_that_of_taking_the_first_again_and_again(
    waiting: list[Member], running: dict[Member, int], moved: list[int]
) -> None:
    left = [*enumerate(waiting)]
    counts, turns, guild_turns = Counter(running), dict[Member, datetime](), dict[int, datetime]()
    now, one_by_one = START, list[int]()
    while left:
        first = _order(entries(left, counts, turns, guild_turns, moved), counts)[0]
        member = (first.guild_id, first.user_id)
        left.remove((first.request_id, member))
        now += timedelta(seconds=1)
        turns[member] = guild_turns[first.guild_id] = now
        counts[member] += 1
        one_by_one.append(first.request_id)
    assert order(waiting, running, moved) == one_by_one


def test_each_of_a_line_begins_when_the_next_place_comes_free() -> None:
    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    assert estimated_finish_times([100, 100, 50, 10], [at(30), at(0)]) == [at(100), at(130), at(150), at(140)]
    assert estimated_finish_times([], []) == []


def test_a_backoff_is_free_at_first_then_doubles_up_to_an_hour() -> None:
    member, seconds = NOBODY, []
    for _ in range(10):
        member = member.with_failure(START)
        assert member.backoff_until is not None
        seconds.append((member.backoff_until - START).total_seconds())
    assert seconds == [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_backoff_holds_until_its_end_unless_it_is_farther_ahead_than_any() -> None:
    soon, far = START + timedelta(seconds=3600), START + timedelta(seconds=3601)
    assert backoff_end(soon, START) == soon
    assert backoff_end(far, START) is None
    assert backoff_end(START, START) is None
    assert backoff_end(None, START) is None
