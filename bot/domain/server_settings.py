"""Each of a server's settings: what the audit log says about it, and how it goes back to its default."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.domain.audit import Action, AuditFacts
from bot.domain.guild_settings import GuildSettings, RoleLimits
from bot.domain.quotas import Policy

VERSION_LENGTH = 8
"""Characters of a version; a button's id has room for them."""


def facts_of(action: Action, settings: GuildSettings, usual: Policy) -> AuditFacts:
    """Return the values of one setting, as the audit log has them; `usual` is the operator's policy."""
    return _FACTS[action](settings, usual)


def with_default(action: Action, settings: GuildSettings) -> GuildSettings:
    """Return the settings with the default of one of them."""
    return _DEFAULTS[action](settings)


def role_facts(settings: GuildSettings, role_id: int) -> AuditFacts:
    """Return the allowance of one role, as the audit log has it."""
    return {"credits": settings.roles.get(role_id)}


def role_limit_facts(settings: GuildSettings, role_id: int) -> AuditFacts:
    """Return the limits of one role, as the audit log has them."""
    limits = settings.role_limits.get(role_id, RoleLimits())
    return {"active": limits.max_active, "cooldown": limits.cooldown_s}


def version_of(facts: AuditFacts) -> str:
    """Return what tells these values of a setting from others, to see whether somebody has changed it."""
    words = json.dumps(facts, sort_keys=True)
    return hashlib.blake2s(words.encode(), digest_size=VERSION_LENGTH // 2).hexdigest()


def _results(settings: GuildSettings, _: Policy) -> AuditFacts:
    prompts = "hidden" if settings.prompts_hidden else "shown"
    return {"channel": settings.results_channel_id, "prompts": prompts}


def _showcase(settings: GuildSettings, _: Policy) -> AuditFacts:
    return {"channel": settings.showcase_channel_id, "loves": settings.showcase_loves}


def _log(settings: GuildSettings, _: Policy) -> AuditFacts:
    return {"channel": settings.log_channel_id, "digest": "every week" if settings.weekly_digest else None}


def _limits(settings: GuildSettings, _: Policy) -> AuditFacts:
    return {
        "active": settings.max_active,
        "cooldown": settings.cooldown_s,
        "waiting": settings.max_waiting,
    }


def _everyone(settings: GuildSettings, usual: Policy) -> AuditFacts:
    credits_ = usual.allowance if settings.allowance is None else settings.allowance
    return {"credits": credits_, "period": settings.period or usual.period}


def _approval(settings: GuildSettings, _: Policy) -> AuditFacts:
    rules = settings.approval
    return {
        "channel": settings.approval_channel_id,
        "ping_role": rules.ping_role_id and str(rules.ping_role_id),
        "decider_role": rules.decider_role_id and str(rules.decider_role_id),
        "exempt_roles": " ".join(map(str, rules.exempt_role_ids)) or None,
        "free": rules.free_per_day or None,
        "saved": "yes" if rules.skips_saved else None,
    }


def _budget(settings: GuildSettings, _: Policy) -> AuditFacts:
    budget = settings.budget
    return {"credits": budget.credits if budget else None, "period": budget.period if budget else None}


_FACTS: Mapping[Action, Callable[[GuildSettings, Policy], AuditFacts]] = MappingProxyType(
    {
        Action.REQUESTS_CHANNEL: lambda settings, _: {"channel": settings.requests_channel_id},
        Action.RESULTS_CHANNEL: _results,
        Action.SHOWCASE: _showcase,
        Action.LOG_CHANNEL: _log,
        Action.EVERYONE_ALLOWANCE: _everyone,
        Action.BUDGET: _budget,
        Action.LIMITS: _limits,
        Action.APPROVAL: _approval,
        Action.MODEL: lambda settings, _: {"model": settings.model},
        Action.DEFAULT_PLAYLIST: lambda settings, _: {"name": settings.default_playlist},
        Action.ONLY_SAVED: lambda settings, _: {"playlists": "saved" if settings.only_saved else "any"},
        Action.NEWS: lambda settings, _: {"told": "by message" if settings.tells_at_once else "by command"},
        Action.WORDS: lambda settings, _: {"words": ", ".join(settings.words) or None},
    }
)
_DEFAULTS: Mapping[Action, Callable[[GuildSettings], GuildSettings]] = MappingProxyType(
    {
        Action.REQUESTS_CHANNEL: lambda settings: replace(settings, requests_channel_id=None),
        Action.RESULTS_CHANNEL: lambda settings: replace(
            settings, results_channel_id=None, prompts_hidden=False
        ),
        Action.SHOWCASE: lambda settings: replace(settings, showcase_channel_id=None),
        Action.LOG_CHANNEL: lambda settings: replace(settings, log_channel_id=None, weekly_digest=False),
        Action.EVERYONE_ALLOWANCE: lambda settings: replace(settings, allowance=None, period=None),
        Action.BUDGET: lambda settings: replace(settings, budget=None),
        Action.LIMITS: lambda settings: replace(settings, max_active=None, cooldown_s=None, max_waiting=None),
        Action.APPROVAL: lambda settings: replace(settings, approval_channel_id=None),
        Action.MODEL: lambda settings: replace(settings, model=None),
        Action.DEFAULT_PLAYLIST: lambda settings: replace(settings, default_playlist=None),
        Action.ONLY_SAVED: lambda settings: replace(settings, only_saved=False),
        Action.NEWS: lambda settings: replace(settings, tells_at_once=False),
        Action.WORDS: lambda settings: replace(settings, words=()),
    }
)
