"""The provider's protocol without I/O: songs to request bodies, replies to reports or errors.

`read_submit` protects money: it never reports a task as refused that may have been accepted. `read_query`
protects paid tasks: an unclear reply never ends one.
"""

import json
import re

from bot.domain.errors import (
    AccountError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    RejectedError,
    UnknownTaskError,
)
from bot.domain.failures import concerns_account
from bot.domain.provider_tasks import TaskReport
from bot.domain.song_options import SongSpec
from bot.suno.documents import TaskDocument
from bot.suno.fields import identifier, mapping
from bot.suno.reply import Envelope, Reply, open_envelope
from bot.suno.report import to_report

TASK = "inspiration"
# Relative to the provider's base URL.
SUBMIT_PATH = "api/cqt/generator/suno"
QUERY_PATH = "api/cqt/info/suno"

BAD_PARAMETER = 400
BUSY = 429
UNAVAILABLE = 503
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
ACCOUNT_CODES = frozenset({401, 402})
REFUSAL_CODES = frozenset({BAD_PARAMETER, 451})
"""Codes that end an accepted task; other codes may be a gateway's, while the task is fine."""
_UNKNOWN_TASK = re.compile(r"\btask\b.*\bnot\b.*(found|exist)|任务不存在", re.IGNORECASE)
"""The message of a 400 that means an unknown task: the provider documents no 404."""
_NO_ROUTE = re.compile(
    r"\b(route|path|url|uri|endpoint|api|page|handler|resource|method)s?\b|路径|路由|接口|地址|页面|资源",
    re.IGNORECASE,
)
"""The message of a web framework, in the provider's own envelope, for a route that does not exist."""
UNDECIDED_CODES = frozenset({408, 502, 504})
"""Codes of a gateway that does not know the outcome of the request."""
LEGAL = 451
ROUTERS = frozenset({301, 308, NOT_FOUND, METHOD_NOT_ALLOWED})
"""Codes that concern the URL, so they refuse every request. Any other redirect or code below 500 from a
firewall refuses all requests from here, or one request because of its words."""
NOT_SERVED = frozenset({501, 505, 510, 511})
"""Codes of a server or firewall that has not processed the request."""
OF_THE_BODY = frozenset({BAD_PARAMETER, 413, 422, 451})
"""Codes that refuse the request's body, from any server: a retry would be refused as well."""
ORIGIN_NOT_REACHED = frozenset({521, 523, 525, 526, 530})
"""Cloudflare's codes for an origin that refused the connection, or has no route, name or valid certificate.

520, 522, 524 and 527 may come after the request was passed on.
https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
"""


def submit_body(spec: SongSpec) -> bytes:
    """Return the JSON body of the paid call, with only the parameters that were set."""
    fields: dict[str, str | float | None] = {
        "task": TASK,
        "model": spec.model,
        "playlistId": spec.playlist_id,
        "prompt": spec.prompt,
        "styleWeight": spec.style_weight,
        "audioWeight": spec.audio_weight,
        "weirdnessConstraint": spec.weirdness,
        "personaId": spec.persona_id,
        "artistClipId": spec.artist_clip_id,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(given, allow_nan=False).encode()


def read_submit(reply: Reply) -> str:
    """Return the id of the accepted task.

    Raises:
        NotAcceptedError: 429 or 503 from any server; or a proxy or firewall that did not pass on the request.
        RejectedError: a definite refusal; `AccountError` for 401 and 402.
        OutcomeUnknownError: the reply does not say whether the task was accepted.
    """
    envelope = open_envelope(reply)
    if envelope.succeeded:
        task_id = _task_id(envelope.content)
        if task_id is None:
            raise OutcomeUnknownError(f"success without a task id: {reply.description}")
        return task_id
    if _is_account(envelope):
        raise _refusal(envelope)
    if envelope.code in {BUSY, UNAVAILABLE}:
        raise NotAcceptedError(_cause(envelope), reply.retry_after_s, busy=envelope.code == BUSY)
    if _was_not_passed_on(envelope):
        cause = f"not the provider's answer: {reply.description}"
        may_be_request = envelope.code not in ROUTERS | ORIGIN_NOT_REACHED
        raise NotAcceptedError(cause, reply.retry_after_s, at_edge=True, may_be_request=may_be_request)
    # After a gateway's 5xx the task may have been accepted; its 4xx means that nothing was passed on.
    # So a readable code 500 is a refusal, and an unreadable one leaves the outcome unknown.
    is_definite = envelope.states_code or 400 <= envelope.code < 500
    if not is_definite or envelope.code in UNDECIDED_CODES:
        raise OutcomeUnknownError(f"no definite answer: {reply.description}")
    raise _refusal(envelope)


def read_query(reply: Reply) -> TaskReport:
    """Return the reply's report on the task.

    Only the provider's own envelope is definite: a gateway knows nothing about the task.

    Raises:
        NoAnswerError: no definite answer; poll again.
        UnknownTaskError: 404, or a 400 that says so.
        RejectedError: any other 400, or 451; `AccountError` for 401 and 402 from any server.
    """
    envelope = open_envelope(reply)
    if not envelope.is_readable and reply.body.strip():
        raise NoAnswerError(f"unreadable: {reply.description}", reply.retry_after_s)
    if envelope.is_own and _is_unknown_task(envelope):
        raise UnknownTaskError
    if _is_account(envelope) or (envelope.is_own and envelope.code in REFUSAL_CODES):
        raise _refusal(envelope)
    if not envelope.succeeded:
        cause = _cause(envelope) if envelope.is_own else f"not the provider's answer: {reply.description}"
        raise NoAnswerError(cause, reply.retry_after_s)
    document = mapping(envelope.content)
    if document is None:
        raise NoAnswerError(f"no task in the answer: {reply.description}", reply.retry_after_s)
    return to_report(TaskDocument.model_validate(document))


def _was_not_passed_on(envelope: Envelope) -> bool:
    """Tell whether a redirect, a proxy, a firewall or a router answered instead of the provider's program."""
    code = envelope.code
    if envelope.is_own:
        is_routing_error = code in {NOT_FOUND, METHOD_NOT_ALLOWED} and "playlist" not in envelope.text.lower()
        return is_routing_error and bool(_NO_ROUTE.search(envelope.text))
    if code == LEGAL and not envelope.is_readable:
        return True
    if code in ACCOUNT_CODES | OF_THE_BODY | UNDECIDED_CODES:
        return False
    return 300 <= code < 500 or code in ORIGIN_NOT_REACHED | NOT_SERVED


def _is_unknown_task(envelope: Envelope) -> bool:
    if envelope.code == NOT_FOUND:
        return not _NO_ROUTE.search(envelope.text) or bool(_UNKNOWN_TASK.search(envelope.text))
    return envelope.code == BAD_PARAMETER and bool(_UNKNOWN_TASK.search(envelope.text))


def _task_id(content: object) -> str | None:
    """Return the id in an acceptance's `data`: a plain id as documented, or an object as in similar tasks."""
    if isinstance(content, dict):
        names = ("id", "taskId", "task_id")
        return next((found for name in names if (found := identifier(content.get(name)))), None)
    return identifier(content)


def _is_account(envelope: Envelope) -> bool:
    """Return True if the operator's account is refused; an empty one is reported in words with any code."""
    says_so = envelope.is_own and not envelope.succeeded and concerns_account(envelope.text)
    return says_so or (envelope.code in ACCOUNT_CODES and not envelope.succeeded)


def _refusal(envelope: Envelope) -> RejectedError:
    kind = AccountError if _is_account(envelope) else RejectedError
    return kind(envelope.code, envelope.text)


def _cause(envelope: Envelope) -> str:
    return f"code {envelope.code}: {envelope.text}" if envelope.text else f"code {envelope.code}"
