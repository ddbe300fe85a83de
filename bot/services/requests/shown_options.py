"""The options of requests that messages in their server show."""

from bot.domain.guild_settings import GuildSettings
from bot.domain.requests import Origin, Request
from bot.services.cards import OriginCard, ShownOptions
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
        origin=None if request.origin is None else _origin_card(uow, request.origin),
    )


def _origin_card(uow: UnitOfWork, origin: Origin) -> OriginCard:
    song = uow.requests.find(origin.request_id)
    clips = song.clips if song is not None and song.removed_at is None else ()
    titles = [clip.title for clip in clips[origin.clip - 1 : origin.clip]]
    return OriginCard(titles[0] if titles else None, origin.clip)
