from dataclasses import replace

import pytest

from bot.chat.messages.help import FOR_MODERATORS, NEEDS_APPROVAL, WHAT, HelpView, help_message
from bot.chat.text.requests import OUT_OF_CREDIT, PAUSED, PAUSED_BY_OPERATOR
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.guild_settings import GuildSettings
from tests.unit.chat.factories import check_sendable, labels
from tests.unit.chat.messages.test_credits import STATEMENT, overview
from tests.unit.chat.messages.test_queue import view as queue

MEMBER_VIEW = HelpView(settings=GuildSettings(), queue=queue(), credits=overview(), is_moderator=False)


def words(shown: HelpView) -> str:
    message = help_message(shown)
    (embed,) = message.embeds
    check_sendable(embeds=[embed], view=message.view)
    return "\n".join([embed.description or "", *(f"{field.name}\n{field.value}" for field in embed.fields)])


def test_a_member_reads_three_sentences_the_price_and_what_is_left() -> None:
    text = words(MEMBER_VIEW)
    assert text.startswith(WHAT)
    assert WHAT.count(". ") == 2
    assert (
        "A song costs 30 credits, which come back if there is no song. You have **60 credits**: 2 more"
        in text
    )
    assert FOR_MODERATORS not in text
    assert labels(help_message(MEMBER_VIEW).view) == ["My credits", "Queue", "Songs", "Playlists"]


def test_moderators_read_their_commands_below() -> None:
    assert words(replace(MEMBER_VIEW, is_moderator=True)).endswith(f"For moderators\n{FOR_MODERATORS}")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (replace(MEMBER_VIEW, queue=queue(paused="Exam week")), f"{PAUSED} Reason: Exam week"),
        (replace(MEMBER_VIEW, queue=queue(halted=True)), PAUSED_BY_OPERATOR),
        (replace(MEMBER_VIEW, queue=queue(pause=ProviderOutage.EMPTY)), OUT_OF_CREDIT),
        (
            replace(MEMBER_VIEW, settings=GuildSettings(requests_channel_id=7)),
            "Songs are requested in <#7> only.",
        ),
        (replace(MEMBER_VIEW, settings=GuildSettings(approval_channel_id=7)), NEEDS_APPROVAL),
        (
            replace(MEMBER_VIEW, credits=overview(statement=replace(STATEMENT, blocked="spam"))),
            "A moderator has blocked your song requests. Reason: spam",
        ),
    ],
)
def test_the_words_follow_the_state_of_the_server(shown: HelpView, said: str) -> None:
    assert said in words(shown)
    assert said not in words(MEMBER_VIEW)
