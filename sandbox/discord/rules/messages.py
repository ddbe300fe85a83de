"""Discord's rules for the payload of a message, from a bot or through an interaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.discord.errors import UnimplementedError, too_large
from sandbox.discord.payloads import Payload, items
from sandbox.discord.rules.components import check_components
from sandbox.discord.rules.embeds import check_embeds
from sandbox.discord.rules.forms import Form, Problems

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT = 1 << 2, 1 << 6, 1 << 7, 1 << 12
HAS_SNAPSHOT, COMPONENTS_V2 = 1 << 14, 1 << 15
COMMON_FIELDS = frozenset(
    {"content", "embeds", "allowed_mentions", "components", "attachments", "flags", "tts"}
)
BOT_FIELDS = COMMON_FIELDS | {"nonce", "enforce_nonce", "message_reference", "sticker_ids", "poll"}
WEBHOOK_FIELDS = COMMON_FIELDS | {"username", "avatar_url", "thread_name", "poll"}
ATTACHMENT_FIELDS = frozenset(
    {"id", "filename", "description", "duration_secs", "waveform", "title", "is_spoiler", "is_remix"}
    | {"proxy_url", "size", "url", "spoiler", "height", "width", "content_type", "ephemeral"}
)
UNKNOWN_TO_STAND_IN = ("sticker_ids", "poll", "thread_name", "username", "avatar_url")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it was sent."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message payload that broke no rule, with its files by the number that `attachments` uses."""

    payload: Payload
    files: Mapping[int, Upload]
    strict: bool = True
    """Whether fields that the sandbox does not know are refused."""


def check_message(sent: Sent, *, path: tuple[str, ...] = (), webhook: bool = False) -> None:
    """Check that the payload keeps every rule that does not depend on the world.

    `path` is the place of the message in the request: `data` in an interaction's answer.

    Raises:
        ApiError: 50035, with every problem.
        UnimplementedError: It uses stickers, polls or the second version of components.
    """
    problems = Problems(strict=sent.strict)
    form = Form(sent.payload, problems=problems, path=path)
    form.only(WEBHOOK_FIELDS if webhook else BOT_FIELDS)
    form.text("content", most=2000)
    flags = form.integer("flags", least=0, most=(1 << 31) - 1) or 0
    if flags > 0 and flags & COMPONENTS_V2:
        raise UnimplementedError("components of the second version")
    for name in UNKNOWN_TO_STAND_IN:
        if form.payload.get(name):
            raise UnimplementedError(f"message field {name}")
    form.flag("tts")
    form.flag("enforce_nonce")
    if isinstance(form.payload.get("nonce"), str):
        form.text("nonce", most=25)
    check_embeds(form)
    check_components(form)
    _check_mentions(form)
    _check_attachments(form, files=sent.files)
    problems.refuse_if_any()


def check_sizes(files: Mapping[int, Upload], *, each: int, all_together: int) -> None:
    """Check that the files are not too large, in bytes.

    Raises:
        ApiError: 40005.
    """
    sizes = [len(upload.content) for upload in files.values()]
    if any(size > each for size in sizes) or sum(sizes) > max(each, all_together):
        raise too_large()


def _check_attachments(form: Form, *, files: Mapping[int, Upload]) -> None:
    listed = form.forms("attachments", most=10)
    if len(files) > 10 or len(listed) > 10:
        form.refuse("attachments", code="BASE_TYPE_MAX_LENGTH", message="Must be 10 or fewer in length.")
    for attachment in listed:
        attachment.only(ATTACHMENT_FIELDS)
        attachment.integer("id", least=0, most=(1 << 63) - 1, required=True)
        attachment.text("filename", least=1, most=1024)
        attachment.text("description", most=1024)


def _check_mentions(form: Form) -> None:
    allowed = form.form("allowed_mentions")
    if allowed is None:
        return
    allowed.only({"parse", "users", "roles", "replied_user"})
    parse = items(allowed.payload, "parse")
    for index, kind in enumerate(parse):
        if kind not in ("roles", "users", "everyone"):
            message = "Value must be one of {'everyone', 'roles', 'users'}."
            allowed.refuse(f"parse.{index}", code="BASE_TYPE_CHOICES", message=message)
    for name in ("users", "roles"):
        listed = items(allowed.payload, name)
        if len(listed) > 100:
            allowed.refuse(name, code="BASE_TYPE_MAX_LENGTH", message="Must be 100 or fewer in length.")
        if listed and name in parse:
            message = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            allowed.refuse("", code="MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message=message)
