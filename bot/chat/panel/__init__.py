"""The panel of a server's settings: one class a setting, which its command and the panel both use."""

from bot.chat.panel.channels import LOG, REQUESTS, RESULTS, SHOWCASE
from bot.chat.panel.credits import BUDGET, EVERYONE, ROLES
from bot.chat.panel.curation import ONLY_SAVED, WORDS
from bot.chat.panel.limits import LIMITS, ROLE_LIMITS
from bot.chat.panel.news import NEWS
from bot.chat.panel.setting import Page, Setting
from bot.chat.panel.songs import APPROVAL, DEFAULT_PLAYLIST, EXEMPTIONS, MODEL

__all__ = [
    "APPROVAL",
    "BUDGET",
    "DEFAULT_PLAYLIST",
    "EVERYONE",
    "LIMITS",
    "LOG",
    "MODEL",
    "NEWS",
    "ONLY_SAVED",
    "REQUESTS",
    "RESULTS",
    "ROLES",
    "ROLE_LIMITS",
    "SETTINGS",
    "SHOWCASE",
    "WORDS",
]

SETTINGS: dict[Page, tuple[Setting, ...]] = {
    Page.WHERE: (REQUESTS, RESULTS, SHOWCASE, LOG),
    Page.CREDITS: (EVERYONE, ROLES, BUDGET, LIMITS, ROLE_LIMITS, NEWS),
    Page.SONGS: (APPROVAL, EXEMPTIONS, ONLY_SAVED, WORDS, MODEL, DEFAULT_PLAYLIST),
}
"""All settings in the order of the panel; another setting is one more here, at most 25 a page."""
