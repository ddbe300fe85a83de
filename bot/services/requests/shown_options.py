"""The options of requests that messages in their server, and the tags of files, show."""

from bot.domain.guild_settings import GuildSettings
from bot.domain.requests import Origin, Request
from bot.domain.songs import result_channel_id
from bot.services.cards import OriginCard, ShownOptions, clip_page
from bot.services.ports import SongTags
from bot.services.unit_of_work import UnitOfWork


def shown_options(uow: UnitOfWork, request: Request, settings: GuildSettings | None = None) -> ShownOptions:
    """Return what messages show of the options; `settings` are the server's, if they were read before."""
    settings = settings or uow.guilds.settings(request.guild_id)
    is_hidden = settings.prompts_hidden or request.removed_at is not None
    return ShownOptions(
        playlist_name=(
            uow.playlists.name_of(request.guild_id, request.spec.playlist_id)
            if settings.has_playlists
            else None
        ),
        prompt_quote=None if is_hidden else request.spec.prompt,
        origin=None if request.origin is None else _origin_card(uow, request, request.origin),
    )


def _origin_card(uow: UnitOfWork, request: Request, origin: Origin) -> OriginCard:
    """Return the earlier song, without its title if it was removed or stands in another channel."""
    song = uow.requests.find(origin.request_id)
    # readers of this message perhaps cannot see the other channel
    channel_ids = {request.address.channel_id, request.delivery_channel_id}
    is_named = song is not None and song.removed_at is None and result_channel_id(song) in channel_ids
    clips = song.clips if song is not None and is_named else ()
    titles = [clip.title for clip in clips[origin.clip - 1 : origin.clip]]
    return OriginCard(titles[0] if titles else None, origin.clip)


def song_tags(request: Request, shown: ShownOptions) -> list[SongTags]:
    """Return the tags of each clip's file; a saved playlist is the album, so that its songs are together."""
    return [
        SongTags(
            title=clip.title or "Untitled",
            track=f"{number}/{len(request.clips)}",
            album=shown.playlist_name,
            style=", ".join(clip.tags) or None,
            lyrics=clip.lyrics,
            page=clip_page(clip.id),
            cover_url=clip.image_url,
        )
        for number, clip in enumerate(request.clips, 1)
    ]
