"""Decoding a request's body: plain JSON, or a form whose `payload_json` goes with files."""

import json
import re

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import malformed_json
from sandbox.discord.message_rules import Upload

FILE_FIELD = re.compile(r"files?\[(\d+)\]")


async def read_body(request: web.Request) -> tuple[object, dict[int, Upload]]:
    """The JSON body (None when there is none) and the files by their number.

    Raises:
        ApiError: 50109, it is not JSON.
    """
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    raw = await request.read()
    return (_decoded(raw) if raw else None), {}


async def _read_form(request: web.Request) -> tuple[object, dict[int, Upload]]:
    body: object = None
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        numbered = FILE_FIELD.fullmatch(part.name or "")
        if numbered:
            files[int(numbered[1])] = Upload(part.filename or "unknown", content)
        elif part.name == "payload_json":
            body = _decoded(content)
    return body, files


def _decoded(raw: bytes) -> object:
    try:
        decoded: object = json.loads(raw)
    except ValueError as error:
        raise malformed_json() from error
    return decoded
