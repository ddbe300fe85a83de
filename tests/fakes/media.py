"""Files in memory, by their links."""

from bot.domain.errors import MediaError
from bot.services.ports import Media, MediaSource, SongTags

MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(64)
"""The content of a link without content of its own."""


class FakeMedia(MediaSource):
    """A media source with a small audio file behind each https link, until told otherwise."""

    def __init__(self) -> None:
        self.files: dict[str, Media | MediaError] = {}
        """The content of single links; an error is raised."""
        self.withheld: set[str] = set()
        """Links that are not offered and cannot be fetched."""
        self.fetched: list[str] = []
        """Every link that was fetched."""
        self.tags: list[SongTags | None] = []
        """The tags that each file should have; it has none here."""

    def offered(self, url: str | None) -> str | None:
        """Return the link, unless it is withheld or not https."""
        return url if url and url.startswith("https://") and url not in self.withheld else None

    def close(self) -> None:
        """Do nothing: there are no threads."""

    async def fetch_audio(self, url: str, *, limit: int, tags: SongTags | None = None) -> Media:
        """Return the link's file, if it fits."""
        self.fetched.append(url)
        self.tags.append(tags)
        found = self.files.get(url, Media(MP3, "mp3"))
        if self.offered(url) is None:
            raise MediaError("the link leads to no public file")
        if isinstance(found, MediaError):
            raise found
        if len(found.data) > limit:
            raise MediaError(f"larger than {limit} bytes")
        return found
