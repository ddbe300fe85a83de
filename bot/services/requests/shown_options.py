"""The options of requests that messages in their server show."""

from bot.domain.guild_settings import GuildSettings
from bot.domain.requests import Request
from bot.services.cards import ShownOptions
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
    )
