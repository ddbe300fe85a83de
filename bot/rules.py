"""What the operator has settled, as the services want to hear it."""

from bot.config import Settings
from bot.domain.polling import Pace
from bot.domain.quota import Policy, song_cost
from bot.services.placing import SongRules
from bot.services.retention import RetentionRules
from bot.services.timings import WorkTimings
from bot.services.workers import WorkRules


def song_rules(settings: Settings, timings: WorkTimings = WorkTimings()) -> SongRules:  # noqa: B008 - frozen
    """What the operator has settled about songs."""
    return SongRules(
        models=settings.models,
        default_model=settings.default_model,
        cost=song_cost(settings.credit_rate),
        policy=Policy(
            allowance=settings.default_allowance,
            period=settings.default_period,
            max_active=settings.max_active_per_member,
            cooldown_s=settings.cooldown_s,
        ),
        places=settings.max_running,
        token_life_s=settings.interaction_token_s,
        edit_spacing_s=settings.status_edit_min_s,
        status_interval_s=timings.status_interval_s,
        answered_within_s=timings.answered_within_s,
    )


def work_rules(settings: Settings, timings: WorkTimings = WorkTimings()) -> WorkRules:  # noqa: B008 - frozen
    """What the operator has settled about the work on requests."""
    return WorkRules(
        pace=Pace(settings.poll_min_s, settings.poll_max_s, settings.polls_per_s),
        give_up_s=settings.give_up_s,
        attach_audio=settings.attach_audio,
        retention=retention_rules(settings),
        timings=timings,
    )


def retention_rules(settings: Settings) -> RetentionRules:
    """How long the operator keeps what is kept."""
    return RetentionRules(
        prompt_days=settings.prompt_retention_days, guild_days=settings.guild_retention_days
    )
