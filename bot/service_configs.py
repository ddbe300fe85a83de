"""Translation of the operator's settings to the services' configurations."""

from bot.config import Settings
from bot.domain.caps import CapConfig
from bot.domain.polling import PollLimits
from bot.domain.quotas import Policy, song_cost
from bot.domain.served_guilds import ServedGuilds
from bot.services.privacy.retention import RetentionConfig
from bot.services.requests.placement import SongConfig
from bot.services.runtime.timings import WorkTimings
from bot.services.worker_pool import WorkConfig


def song_config(settings: Settings, timings: WorkTimings = WorkTimings()) -> SongConfig:  # noqa: B008 - frozen
    """Return the configuration of song requests."""
    return SongConfig(
        models=settings.models,
        default_model=settings.default_model,
        cost=song_cost(settings.credit_rate),
        policy=Policy(
            allowance=settings.default_allowance,
            period=settings.default_period,
            max_active=settings.max_active_per_member,
            cooldown_s=settings.cooldown_s,
        ),
        slots=settings.max_running,
        max_waiting=settings.max_waiting_per_server,
        served=_served_guilds(settings),
        caps=CapConfig(
            server=settings.server_credit_cap,
            total=settings.total_credit_cap,
            period=settings.credit_cap_period,
        ),
        token_life_s=settings.interaction_token_s,
        edit_spacing_s=settings.status_edit_min_s,
        status_interval_s=timings.status_interval_s,
        answered_within_s=timings.answered_within_s,
    )


def _served_guilds(settings: Settings) -> ServedGuilds:
    """Return the servers that the settings serve."""
    return ServedGuilds(frozenset(settings.allowed_guild_ids), settings.operator_guild_id)


def work_config(settings: Settings, timings: WorkTimings = WorkTimings()) -> WorkConfig:  # noqa: B008 - frozen
    """Return the configuration of the workers."""
    return WorkConfig(
        poll_limits=PollLimits(settings.poll_min_s, settings.poll_max_s, settings.polls_per_s),
        give_up_s=settings.give_up_s,
        attach_audio=settings.attach_audio,
        retention=retention_config(settings),
        timings=timings,
    )


def retention_config(settings: Settings) -> RetentionConfig:
    """Return the retention periods."""
    return RetentionConfig(
        prompt_days=settings.prompt_retention_days, guild_days=settings.guild_retention_days
    )
