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
    for move, step in TRANSITIONS.items():
        if step.source in ACTIVE and step.target in USED:
            assert step.settlement is Settlement.POST, move
        elif step.source in ACTIVE and step.target in RETURNED:
            assert step.settlement is Settlement.VOID, move
        else:
            assert step.settlement is Settlement.NONE, move
            assert (step.source in ACTIVE) == (step.target in ACTIVE), move


def test_every_state_is_reached_and_every_active_one_can_end() -> None:
    following = defaultdict(set)
    for step in TRANSITIONS.values():
        following[step.source].add(step.target)

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
    leading = [step for step in TRANSITIONS.values() if step.source is not step.target]
    assert all(step.source in ACTIVE | {State.READY} for step in leading)
