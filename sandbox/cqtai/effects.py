"""Effects that replace a good reply, a good song or a good file, as values."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.cqtai.reply_variants import ReplyVariant, StatusAs
from sandbox.cqtai.timeline import Fail, Stall


@dataclass(frozen=True, slots=True)
class Refuse:
    """An error in the provider's own envelope."""

    code: int
    msg: str
    http: bool = False
    """Whether the HTTP status says it too; otherwise the status is 200."""
    retry_after_s: int | None = None
    text_key: str = "msg"
    code_as_text: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A reply without an envelope: a gateway's page, half a JSON text, JSON of the wrong types."""

    status: int
    body: str
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A good reply in another shape."""

    code: int | str = 200
    text_key: str = "msg"
    data_null: bool = False
    with_unknown_fields: bool = False
    http_status: int = 200


@dataclass(frozen=True, slots=True)
class Slow:
    """A reply that comes late.

    The work is done after the wait, even when the client has left by then; with `accepted`, before it.
    """

    delay_s: float


@dataclass(frozen=True, slots=True)
class Drop:
    """A connection that is reset instead of answered."""


@dataclass(frozen=True, slots=True)
class NumberedId:
    """A task whose id is an integer, as it was for older tasks."""


class MediaFault(StrEnum):
    """A response that replaces an audio file or a cover."""

    FORBIDDEN = "forbidden"
    """403 with an XML body."""
    MISSING = "missing"
    """404 with an XML body."""
    SERVER_ERROR = "server_error"
    HTML = "html"
    """200 with a web page that says it is one."""
    HTML_IN_DISGUISE = "html_in_disguise"
    """200 with a web page that claims the file's own content type."""
    EMPTY = "empty"
    TRUNCATED = "truncated"
    """Half of what Content-Length promised, then a reset."""
    SLOW = "slow"
    """The right bytes, a kilobyte a second."""
    ENDLESS = "endless"
    REDIRECT = "redirect"
    """Once, to where the file is."""
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_PRIVATE = "redirect_private"
    """To an address that no public link may lead to."""
    DROPPED = "dropped"


ReplyEffect = Refuse | Page | Envelope | Slow | Drop
TaskEffect = Fail | Stall | NumberedId
DocumentEffect = ReplyVariant | StatusAs
Effect = ReplyEffect | TaskEffect | DocumentEffect | MediaFault

# The provider's documented codes, and what its gateway adds.
BAD_PARAMETER = Refuse(400, "bad parameter")
BAD_KEY = Refuse(401, "invalid api key")
NO_CREDITS = Refuse(402, "insufficient credits")
TASK_NOT_FOUND = Refuse(404, "task not found")
TASK_LIMIT = Refuse(429, "Task limit reached")
MODERATION = Refuse(451, "upstream bizCode=451, msg=prompt_unsafe")
ARTIST_NAME = Refuse(451, "we don't reference specific artists on Suno")
SERVER_ERROR = Refuse(500, "failed or timeout")
UNAVAILABLE = Refuse(503, "service unavailable", http=True)
BAD_GATEWAY = Page(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")
HTML_AS_SUCCESS = Page(200, "<!doctype html><title>Just a moment...</title>")
MALFORMED_JSON = Page(200, '{"code": 200, "msg": "success", "data": {"id": "eb6e', "application/json")
WRONG_TYPES = Page(200, '{"code": [200], "msg": 7, "data": [[]]}', "application/json")
NOT_AN_OBJECT = Page(200, '["success"]', "application/json")
EMPTY_BODY = Page(200, "", "application/json")

# What a failed task says.
FAILURE_TEXTS = (
    "upstream bizCode=451, msg=prompt_unsafe",
    "we don't reference specific artists on Suno",
    "playlist not found",
    "upstream bizCode=400, msg=bad parameter",
    "insufficient credits",
    "Task limit reached",
    "failed or timeout",
    "timeout",
    "",
)
DONE_SPELLINGS = (
    "succeeded",
    "success",
    "complete",
    "completed",
    "finished",
    "SUCCESS",
    "Complete",
    "FINISHED",
)
FAILED_SPELLINGS = (
    "failed",
    "fail",
    "failure",
    "error",
    "timeout",
    "cancelled",
    "canceled",
    "rejected",
    "FAILED",
)
