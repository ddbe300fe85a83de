from collections import defaultdict

from bot.domain.requests import ACTIVE, AT_PROVIDER, RETURNED, USED, State
from bot.domain.transitions import TRANSITIONS, Settlement, Transition


def test_every_move_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Transition)


def test_every_state_is_active_used_or_returned_and_only_one_of_them() -> None:
    assert set(State) == ACTIVE | USED | RETURNED
    assert len(ACTIVE) + len(USED) + len(RETURNED) == len(State)
    assert AT_PROVIDER < ACTIVE


def test_credits_are_settled_exactly_when_a_request_stops_being_active() -> None:
    for transition, rule in TRANSITIONS.items():
        if rule.source in ACTIVE and rule.target in USED:
            assert rule.settlement is Settlement.POST, transition
        elif rule.source in ACTIVE and rule.target in RETURNED:
            assert rule.settlement is Settlement.VOID, transition
        else:
            assert rule.settlement is Settlement.NONE, transition
            assert (rule.source in ACTIVE) == (rule.target in ACTIVE), transition


def test_every_state_is_reached_and_every_active_one_can_end() -> None:
    following = defaultdict(set)
    for rule in TRANSITIONS.values():
        following[rule.source].add(rule.target)

    def reached(state: State) -> set[State]:
        found, todo = {state}, [state]
        while todo:
            todo += (new := following[todo.pop()] - found)
            found |= new
        return found

    assert reached(State.AWAITING) == set(State)
    for state in ACTIVE:
        assert reached(state) & RETURNED
        assert reached(state) & USED


def test_no_way_leads_back_from_an_end() -> None:
    leading = [rule for rule in TRANSITIONS.values() if rule.source is not rule.target]
    assert all(rule.source in ACTIVE | {State.READY} for rule in leading)
