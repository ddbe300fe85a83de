"""The outcome of a submission: what an answer of the provider means, and what the log tells the operator."""

import logging
from dataclasses import dataclass

from bot.domain.circuit_breaker import ACCOUNT_OUTAGES, ProviderOutage
from bot.domain.errors import (
    AccountError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
)
from bot.domain.failures import account_outage, classify_refusal
from bot.domain.requests import Failure, FailureKind, Request
from bot.domain.transitions import Transition
from bot.services.requests.transitions import log_context

log = logging.getLogger(__name__)

SERVER_ERROR = 500
"""The code from which on an error may be the provider's own, unless its message blames the request."""


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """The outcome of one submission, and what it shows about the provider."""

    transition: Transition
    task_id: str | None = None
    failure: Failure | None = None
    outage: ProviderOutage | None = None
    """The outage that it certainly shows, whatever the request."""
    is_suspect: bool = False
    """True if the failure may be the provider's or the request's own: one submission does not show which."""
    retry_after_s: float | None = None
    cause: str = ""
    """The error, for the log."""
    at_edge: bool = False
    """True if a proxy or firewall in front of the provider answered."""

    @property
    def may_be_turned_away(self) -> bool:
        """Return True if a proxy or firewall rejects this request, or all of them."""
        return self.at_edge and self.is_suspect

    @property
    def needs_operator(self) -> bool:
        """Return True if the operator has to act."""
        return self.at_edge or self.outage in ACCOUNT_OUTAGES


def result_of_error(error: ProviderError) -> SubmissionResult:
    """Return what an error of the paid call means for its request and for the circuit breaker."""
    match error:
        # A failure is the request's own (refused), certainly the provider's (busy, unreachable, the account),
        # or of unknown cause (a lost reply, a 500 without a reason). The last counts against its member,
        # until another member's fails too.
        case NotAcceptedError():
            outage = ProviderOutage.BUSY if error.busy else ProviderOutage.OUTAGE
            return SubmissionResult(
                Transition.REQUEUE,
                outage=None if error.may_be_request else outage,
                is_suspect=error.may_be_request,
                retry_after_s=error.retry_after_s,
                cause=error.cause,
                at_edge=error.at_edge,
            )
        case AccountError():
            failure = classify_refusal(error)
            return SubmissionResult(Transition.REFUSE, failure=failure, outage=account_outage(failure))
        case RejectedError():
            failure = classify_refusal(error)
            blames_nobody = error.code >= SERVER_ERROR and failure.kind is FailureKind.PROVIDER
            return SubmissionResult(Transition.REFUSE, failure=failure, is_suspect=blames_nobody)
        case OutcomeUnknownError():
            return SubmissionResult(
                Transition.MARK_UNCERTAIN,
                failure=Failure(FailureKind.UNCERTAIN, error.cause),
                is_suspect=True,
            )
        case _:
            raise error


def log_result(request: Request, outcome: SubmissionResult) -> None:
    """Log the result of a submission."""
    facts = log_context(request, outcome.transition)
    detail = outcome.failure.detail if outcome.failure else outcome.cause
    match outcome.transition:
        case Transition.ACCEPT:
            log.info("submitted as task %s", outcome.task_id, extra=facts)
        case Transition.MARK_UNCERTAIN:
            log.error(
                "OPERATOR: the outcome of a submission is unknown; it is not repeated, and the provider may"
                " have charged: %s",
                detail,
                extra=facts,
            )
        case _:
            log.warning("submission not accepted (%s): %s", outcome.transition, detail, extra=facts)


def log_for_operator(request: Request, outcome: SubmissionResult) -> None:
    """Tell the operator what only they can mend: the account, or who answers in front of the provider."""
    facts = log_context(request, outcome.transition)
    if outcome.at_edge:
        log.error(
            "OPERATOR: somebody in front of the provider turns submissions away (%s); they are kept and tried"
            " again. Check CQTAI_BASE_URL, and ask the provider whether this server's address is blocked.",
            outcome.cause,
            extra=facts,
        )
    else:
        log.error(
            "OPERATOR: the provider refuses the account (%s); submissions stop, and resume by themselves when"
            " it works again. 401: check CQTAI_API_KEY; 402: add credits at the provider.",
            outcome.failure.detail if outcome.failure else outcome.cause,
            extra=facts,
        )
