"""The settings of a bot between a local Discord and a local provider."""

from bot.config import Settings
from sandbox.cqtai import LocalProvider
from sandbox.discord import LocalDiscord


def local_settings(discord: LocalDiscord, provider: LocalProvider, **others: object) -> Settings:
    """Return the settings of a bot between both servers, with `database_url` and others."""
    values: dict[str, object] = {
        "discord_token": discord.token,
        "cqtai_api_key": provider.key,
        "discord_api_url": discord.api_url,
        "discord_gateway_url": discord.gateway_url,
        "cqtai_base_url": provider.base_url,
        "media_trusted_origins": (provider.origin,),
        "max_waiting_per_server": 100_000,
    }
    return Settings.model_validate(values | others)


def environment(settings: Settings, **changes: str | None) -> dict[str, str]:
    """Return the variables by which a process finds both servers and its database; None leaves one out."""
    values: dict[str, str | None] = {
        "DISCORD_TOKEN": settings.discord_token.get_secret_value(),
        "CQTAI_API_KEY": settings.cqtai_api_key.get_secret_value(),
        "DISCORD_API_URL": settings.discord_api_url,
        "DISCORD_GATEWAY_URL": settings.discord_gateway_url,
        "CQTAI_BASE_URL": settings.cqtai_base_url,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "MEDIA_TRUSTED_ORIGINS": ",".join(settings.media_trusted_origins),
        "MAX_WAITING_PER_SERVER": str(settings.max_waiting_per_server),
        "POLL_MIN_S": "0.05",
        "POLL_MAX_S": "0.2",
        "STATUS_EDIT_MIN_S": "0.02",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}
