"""The messages that are translated: whole, and within Discord's limits in every language."""

import re
from collections.abc import Iterator
from dataclasses import replace

import discord
import pytest

from bot.chat.messages.help import HelpView, help_message
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.translation import Language, languages, using
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.guild_settings import GuildSettings
from tests.unit.chat.factories import check_sendable, labels
from tests.unit.chat.messages.test_credits import STATEMENT, of, overview
from tests.unit.chat.messages.test_queue import view as queue
from tests.unit.locales.pseudo import PSEUDO

BY_PEOPLE = "Хм!"
"""What somebody wrote, in letters of no language of the bot."""
ANYWHERE = re.compile(r"`[^`]*`|<[^>]*>|\*\*")
"""Commands, mentions, times and markup, which are the same in every language."""
SETTINGS = GuildSettings(requests_channel_id=7, approval_channel_id=7)
HELP = HelpView(settings=SETTINGS, queue=queue(), credits=overview(), is_moderator=True)
MESSAGES = {
    "help": HELP,
    "help while paused": replace(HELP, queue=queue(paused=BY_PEOPLE)),
    "help while paused by the owner": replace(HELP, queue=queue(halted=True)),
    **{f"help while {outage}": replace(HELP, queue=queue(pause=outage)) for outage in ProviderOutage},
    "help for a blocked member": replace(
        HELP, credits=overview(statement=replace(STATEMENT, blocked=BY_PEOPLE))
    ),
}


def texts(message: RenderedMessage) -> Iterator[str]:
    """Yield all that people read of the message."""
    yield message.content or ""
    for embed in message.embeds:
        yield from (embed.title or "", embed.description or "")
        for field in embed.fields:
            yield from (field.name or "", field.value or "")
    yield from (str(label) for label in labels(message.view))


@pytest.mark.parametrize("language", [*languages().values(), PSEUDO], ids=lambda one: one.code)
@pytest.mark.parametrize("shown", MESSAGES.values(), ids=MESSAGES)
def test_a_message_can_be_sent_in_every_language(shown: HelpView, language: Language) -> None:
    with using(language):
        message = help_message(shown)
    check_sendable(embeds=message.embeds, view=message.view)
    assert not any(re.search(r"[{}]", text) for text in texts(message))


@pytest.mark.parametrize("shown", MESSAGES.values(), ids=MESSAGES)
def test_nothing_of_a_message_is_left_in_english(shown: HelpView) -> None:
    with using(PSEUDO):
        message = help_message(shown)
    left = [text for text in texts(message) if re.search("[aeiou]", ANYWHERE.sub("", text))]
    assert left == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", "**1,200 credits**: 40 more songs this week, 90 new ones <t:"),
        ("de", "**1.200 Credits**: diese Woche noch 40 Songs, 90 neue <t:"),
        ("fr", "**1\u202f200 crédits**\u00a0: encore 40 chansons cette semaine, 90 nouveaux <t:"),
        ("es", "**1.200 créditos**: 40 canciones más esta semana, 90 nuevos <t:"),
        ("pt_BR", "**1.200 créditos**: mais 40 músicas nesta semana, 90 novos <t:"),
        ("ja", "**1,200クレジット**\N{FULLWIDTH COLON}今週はあと40曲、<t:"),
        ("zh_CN", "**1,200 点数**\N{FULLWIDTH COLON}本周还能做 40 首歌曲\N{FULLWIDTH COMMA}<t:"),
    ],
)
def test_amounts_and_plurals_are_as_the_language_has_them(code: str, said: str) -> None:
    rich = overview(statement=of(1200))
    with using(languages()[code]):
        (embed,) = help_message(replace(HELP, credits=rich)).embeds
    assert said in str(embed.description)


@pytest.mark.parametrize(("code", "said"), [("en", "1 credit,"), ("de", "1 Credit;"), ("fr", "1 crédit,")])
def test_one_credit_is_one(code: str, said: str) -> None:
    with using(languages()[code]):
        (embed,) = help_message(replace(HELP, credits=replace(overview(), cost=1))).embeds
    assert isinstance(embed, discord.Embed)
    assert said in str(embed.description)
