"""First answers that Discord may have taken, although nobody was told so."""

import re
from collections import OrderedDict
from types import SimpleNamespace
from typing import Protocol, runtime_checkable

import aiohttp
import discord

KEPT = 1_000
"""How many interactions are remembered; the oldest fall out."""
SERVER_ERROR = 500
_CALLBACK = re.compile(r"/interactions/(?P<id>[0-9]+)/[^/]+/callback$")
"""Discord's route for the first answer to an interaction."""


class CutOffAnswers:
    """Watches the calls themselves, since discord.py repeats some of them without a word."""

    def __init__(self) -> None:
        self._ids: OrderedDict[int, None] = OrderedDict()

    def __contains__(self, interaction_id: int) -> bool:
        """Whether an answer to the interaction was cut off."""
        return interaction_id in self._ids

    def trace(self) -> aiohttp.TraceConfig:
        """What tells this watch of each HTTP call of a session."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        config.on_request_exception.append(self._broken)
        return config

    async def _ended(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, call: aiohttp.TraceRequestEndParams
    ) -> None:
        if call.response.status >= SERVER_ERROR:
            self._note(call.url.path)

    async def _broken(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, call: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self._note(call.url.path)

    def _note(self, path: str) -> None:
        if callback := _CALLBACK.search(path):
            self._ids[int(callback["id"])] = None
            if len(self._ids) > KEPT:
                self._ids.popitem(last=False)


@runtime_checkable
class Watching(Protocol):
    """A client that can say which of its answers were cut off."""

    cut_off: CutOffAnswers


def may_be_own(interaction: discord.Interaction[discord.Client]) -> bool:
    """Whether an answer that Discord has already can be one that this process gave before."""
    client = interaction.client
    return not isinstance(client, Watching) or interaction.id in client.cut_off
