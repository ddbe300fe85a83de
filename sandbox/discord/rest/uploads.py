"""Decoding of a request's body: plain JSON, or a form whose `payload_json` goes with files or alone."""

import json
import re
from urllib.parse import parse_qs

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import malformed_json
from sandbox.discord.payloads import Payload
from sandbox.discord.rules.messages import Upload

PLAIN_FIELDS = ("content", "nonce", "recipient_id")
FILE_FIELD = re.compile(r"files?\[(\d+)\]")


async def read_body(request: web.Request) -> tuple[object, dict[int, Upload]]:
    """Return the JSON body (None if there is none) and the files by their number.

    Raises:
        ApiError: 50109, it is not JSON.
    """
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    raw = await request.read()
    if raw and request.content_type == "application/x-www-form-urlencoded":
        fields = parse_qs(raw.decode(errors="replace"), keep_blank_values=True)
        return _form_body({name: values[-1] for name, values in fields.items()}), {}
    return (_decoded(raw) if raw else None), {}


async def _read_form(request: web.Request) -> tuple[object, dict[int, Upload]]:
    fields: dict[str, str] = {}
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        numbered = FILE_FIELD.fullmatch(part.name or "")
        if numbered or part.filename is not None:
            number = int(numbered[1]) if numbered else max(files, default=-1) + 1
            files[number] = Upload(part.filename or "unknown", content)
        elif part.name:
            fields[part.name] = content.decode(errors="replace")
    return _form_body(fields), files


def _form_body(fields: dict[str, str]) -> object:
    """Return what a form says: `payload_json`, or the few fields that a form can have instead."""
    if "payload_json" in fields:
        return _decoded(fields["payload_json"])
    plain: Payload = {name: fields[name] for name in PLAIN_FIELDS if name in fields}
    return plain or None


def _decoded(raw: str | bytes) -> object:
    try:
        decoded: object = json.loads(raw)
    except ValueError as error:
        raise malformed_json() from error
    return decoded
