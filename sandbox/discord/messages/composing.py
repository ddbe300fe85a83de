"""Conversion of a payload to a message state: embeds, components and files as Discord stores them."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from sandbox.discord.errors import invalid_form
from sandbox.discord.model.message import Attachment, MessageState
from sandbox.discord.payloads import Payload, as_payload, entries, number, text
from sandbox.discord.rules.messages import Sent, Upload

DROPPED_FROM_NAMES = str.maketrans({" ": "_", "/": "_", "\\": "_"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The ids and URLs for new files."""

    next_id: Callable[[], int]
    files_url: str


def compose(before: MessageState, *, sent: Sent, composition: Composition) -> MessageState:
    """Return the state after a payload: what it names is replaced, the rest stays.

    Raises:
        ApiError: 50035, `attachments` lists a file that is neither sent nor there.
    """
    payload = sent.payload
    made = before
    if "content" in payload:
        made = replace(made, content=text(payload, "content").strip())
    made = replace(made, attachments=_attachments(before, sent=sent, composition=composition))
    if "embeds" in payload:
        stored = tuple(_embed(embed, attachments=made.attachments) for embed in entries(payload, "embeds"))
        made = replace(made, embeds=stored)
    if "components" in payload:
        made = replace(made, components=numbered(entries(payload, "components")))
    return made


def numbered(components: list[Payload]) -> tuple[Payload, ...]:
    """Return the components without empty fields, each with an id that is unique in the message."""
    next_id = iter(range(1, 1_000))

    def number_one(component: Payload) -> Payload:
        kept = as_payload(without_nulls(component))
        kept["id"] = number(kept, "id") or next(next_id)
        if inner := entries(kept, "components"):
            kept["components"] = [number_one(one) for one in inner]
        return kept

    return tuple(number_one(component) for component in components)


def without_nulls(value: object) -> object:
    """Return the JSON value without null fields, at any depth."""
    if isinstance(value, dict):
        return {str(key): without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _attachments(before: MessageState, *, sent: Sent, composition: Composition) -> tuple[Attachment, ...]:
    listed = {number(one, "id"): one for one in entries(sent.payload, "attachments")}
    present = {attachment.id: attachment for attachment in before.attachments}
    if unknown := listed.keys() - present.keys() - sent.files.keys():
        problem = {"code": "ATTACHMENT_NOT_FOUND", "message": f"Attachment not found: {min(unknown)}"}
        raise invalid_form({"attachments": {"_errors": [problem]}})
    keeps_all = sent.payload.get("attachments") is None
    kept = [attachment for attachment in before.attachments if keeps_all or attachment.id in listed]
    new = [
        _attachment(upload, described=listed.get(index, {}), composition=composition)
        for index, upload in sorted(sent.files.items())
    ]
    return (*kept, *new)


def _attachment(upload: Upload, *, described: Payload, composition: Composition) -> Attachment:
    name = (text(described, "filename") or upload.filename).translate(DROPPED_FROM_NAMES)
    attachment_id = composition.next_id()
    guessed, _ = mimetypes.guess_type(name)
    return Attachment(
        id=attachment_id,
        filename=name,
        content_type=guessed or "application/octet-stream",
        content=upload.content,
        url=f"{composition.files_url}/{attachment_id}/{quote(name)}",
        description=text(described, "description") or None,
    )


def _trimmed(texts: Payload) -> Payload:
    """Return the texts of a part of an embed, stripped of blanks; empty ones are left out."""
    kept = {key: value.strip() if isinstance(value, str) else value for key, value in texts.items()}
    return {key: value for key, value in kept.items() if value != ""}


def _embed(embed: Payload, *, attachments: tuple[Attachment, ...]) -> Payload:
    stored = _trimmed(as_payload(without_nulls(embed))) | {"type": "rich"}
    if fields := entries(stored, "fields"):
        stored["fields"] = [{"inline": False, **_trimmed(field)} for field in fields]
    for name in ("footer", "author"):
        if name in stored:
            stored[name] = _trimmed(as_payload(stored[name]))
    by_name = {f"attachment://{attachment.filename}": attachment.url for attachment in attachments}
    for place, name in (
        ("image", "url"),
        ("thumbnail", "url"),
        ("footer", "icon_url"),
        ("author", "icon_url"),
    ):
        media = as_payload(stored.get(place))
        address = text(media, name)
        if not address.startswith("attachment://"):
            continue
        if address in by_name:
            stored[place] = media | {name: by_name[address], f"proxy_{name}": by_name[address]}
        elif name == "icon_url":
            stored[place] = {key: value for key, value in media.items() if key != name}
        else:
            del stored[place]
    return stored
