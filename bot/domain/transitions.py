"""The state machine of requests: each transition, and what it does to the held credits."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.requests import State


class Transition(StrEnum):
    """A change of a request's state; the values are stored in the database."""

    APPROVE = "approve"
    DECLINE = "decline"
    EXPIRE_APPROVAL = "expire_approval"
    """No moderator approved or declined it in time."""
    CANCEL_UNAPPROVED = "cancel_unapproved"
    """The member cancels it before it is approved."""
    CLAIM = "claim"
    REQUEUE = "requeue"
    ACCEPT = "accept"
    REFUSE = "refuse"
    MARK_UNCERTAIN = "mark_uncertain"
    ATTACH = "attach"
    """The task of an uncertain request is found; the credits stay returned."""
    FINISH = "finish"
    FAIL = "fail"
    EXPIRE = "expire"
    DELIVER = "deliver"
    FAIL_DELIVERY = "fail_delivery"
    CANCEL = "cancel"


class Settlement(StrEnum):
    """The effect of a transition on the credits that the request holds."""

    NONE = "none"
    POST = "post"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class TransitionRule:
    """One row of the transition table."""

    source: State
    target: State
    settlement: Settlement = Settlement.NONE


TRANSITIONS = MappingProxyType(
    {
        Transition.APPROVE: TransitionRule(State.AWAITING, State.WAITING),
        Transition.DECLINE: TransitionRule(State.AWAITING, State.DECLINED, Settlement.VOID),
        Transition.EXPIRE_APPROVAL: TransitionRule(State.AWAITING, State.EXPIRED, Settlement.VOID),
        Transition.CANCEL_UNAPPROVED: TransitionRule(State.AWAITING, State.CANCELLED, Settlement.VOID),
        Transition.CLAIM: TransitionRule(State.WAITING, State.SUBMITTING),
        Transition.REQUEUE: TransitionRule(State.SUBMITTING, State.WAITING),
        Transition.ACCEPT: TransitionRule(State.SUBMITTING, State.MAKING),
        Transition.REFUSE: TransitionRule(State.SUBMITTING, State.FAILED, Settlement.VOID),
        Transition.MARK_UNCERTAIN: TransitionRule(State.SUBMITTING, State.UNCERTAIN, Settlement.VOID),
        Transition.ATTACH: TransitionRule(State.UNCERTAIN, State.UNCERTAIN),
        Transition.FINISH: TransitionRule(State.MAKING, State.READY, Settlement.POST),
        Transition.FAIL: TransitionRule(State.MAKING, State.FAILED, Settlement.VOID),
        Transition.EXPIRE: TransitionRule(State.MAKING, State.EXPIRED, Settlement.VOID),
        Transition.DELIVER: TransitionRule(State.READY, State.DELIVERED),
        Transition.FAIL_DELIVERY: TransitionRule(State.READY, State.UNDELIVERABLE),
        Transition.CANCEL: TransitionRule(State.WAITING, State.CANCELLED, Settlement.VOID),
    }
)
"""The transition table: source state, target state, and the effect on the credits."""


CANCEL_FROM = MappingProxyType(
    {State.AWAITING: Transition.CANCEL_UNAPPROVED, State.WAITING: Transition.CANCEL}
)
"""The transition that cancels a request, for each state in which it can be cancelled."""
