"""The files of songs that are posted again: from the bot's first post, else from the provider."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bot.chat.api_errors import API_ERRORS
from bot.chat.interactions.context import GuildInteraction
from bot.services.library.songs import ShownSong
from bot.services.ports import Media

log = logging.getLogger(__name__)

AT_ONCE = 2
"""For how many answers files are in memory at once: those of one take 24 MiB."""
TOTAL_LIMIT = 24 * 1024 * 1024
"""Bytes of the files of one answer; Discord accepts 25 MiB a request, and the message takes the rest."""
_NUMBER = re.compile(r"-([0-9]{1,2})\.([a-z0-9]{1,5})\Z")
"""The end of the names that `file_name` gives: the clip's number, and the extension."""


class SongFiles:
    """The files of songs that are posted again, for a few answers at a time."""

    def __init__(self, *, attach_audio: bool) -> None:
        self._attach_audio = attach_audio
        self.slots = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def of(
        self, interaction: GuildInteraction, song: ShownSong
    ) -> AsyncIterator[tuple[Media | None, ...]]:
        """Yield the file of each clip, None for a missing one; none if too many answers need some."""
        if not self._attach_audio:
            yield ()
            return
        count = len(song.card.clips)
        try:
            async with asyncio.timeout(interaction.timings.files_s):
                await self.slots.acquire()
        except TimeoutError:
            yield (None,) * count
            return
        try:
            limit = min(interaction.request_context().attachment_limit, TOTAL_LIMIT // max(count, 1))
            posted = await _posted(interaction, song, limit=limit)
            numbers = range(1, count + 1)
            yield tuple(
                await asyncio.gather(*(_file(interaction, song, posted, n, limit=limit) for n in numbers))
            )
        finally:
            self.slots.release()


async def _file(
    interaction: GuildInteraction, song: ShownSong, posted: Mapping[int, Media], number: int, *, limit: int
) -> Media | None:
    return posted.get(number) or await interaction.services.songs.file(song, number, limit=limit)


async def _posted(interaction: GuildInteraction, song: ShownSong, *, limit: int) -> dict[int, Media]:
    """Return the files of the first post by the numbers of their clips, as far as they can be had.

    The links in a message expire after a day, so that it is fetched for fresh ones (reference, "Signed
    Attachment CDN URLs").
    """
    if song.post is None:
        return {}
    channel = interaction.raw.client.get_partial_messageable(song.post.channel_id)
    try:
        async with asyncio.timeout(interaction.timings.files_s):
            message = await channel.fetch_message(song.post.message_id)
            return {
                int(named[1]): Media(await attachment.read(), named[2])
                for attachment in message.attachments
                if attachment.size <= limit and (named := _NUMBER.search(attachment.filename))
            }
    except API_ERRORS as error:
        log.info("the files of a first post could not be fetched: %r", error)
        return {}
