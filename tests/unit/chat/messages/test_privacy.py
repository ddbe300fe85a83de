import gzip
import json
from datetime import timedelta

import pytest

from bot.chat.messages.privacy import (
    EXPORT_NAME,
    NOTHING_KEPT,
    NOTHING_LEFT,
    SONGS_STAY,
    erasure_words,
    export_file,
    notice_message,
    preview_words,
)
from bot.chat.text.formatting import CONTENT_LIMIT
from bot.domain.personal_data import ErasureSummary, PersonalRecord
from bot.services.privacy.retention import RetentionConfig
from bot.services.privacy.service import PersonalDataExport
from tests.unit.chat.factories import NOW, check_sendable, fields

COPY = PersonalDataExport(record=PersonalRecord(user_id=10**18, events={}, entries={}), at=NOW)
MUCH = ErasureSummary(
    requests=10**6,
    loves=10**6,
    playlists=10**6,
    decisions=10**6,
    until=NOW + timedelta(days=31),
    blocked=10**6,
)


def how_long(rules: RetentionConfig) -> str:
    return fields(notice_message(rules))["How long"] or ""


@pytest.mark.parametrize("rules", [RetentionConfig(), RetentionConfig(prompt_days=3650, guild_days=3650)])
def test_the_notice_can_be_sent_and_has_the_numbers(rules: RetentionConfig) -> None:
    check_sendable(embeds=[notice_message(rules)])
    assert f"Prompts: {rules.prompt_days:,} days after" in how_long(rules)
    assert f"A server's data: {rules.guild_days:,} days after" in how_long(rules)


def test_a_single_day_and_no_day_at_all_have_words_of_their_own() -> None:
    words = how_long(RetentionConfig(prompt_days=1, guild_days=0))
    assert "Prompts: 1 day after" in words
    assert "A server's data: until the bot leaves it." in words


def test_of_somebody_of_whom_nothing_is_kept_there_is_a_file_all_the_same() -> None:
    file = export_file(COPY, limit=10**6)
    document = json.loads(file.data)
    assert file.name == EXPORT_NAME
    assert document["exported_at"] == NOW.isoformat()
    empty = {name for name, value in document.items() if value == []}
    assert empty == set(document["keys"])


def test_a_file_that_discord_would_not_take_is_packed() -> None:
    plain, packed = export_file(COPY, limit=10**6), export_file(COPY, limit=10)
    assert packed.name == f"{EXPORT_NAME}.gz"
    assert gzip.decompress(packed.data) == plain.data


def test_what_is_to_be_deleted_and_what_was_is_said_with_its_numbers() -> None:
    one = ErasureSummary(requests=1, loves=2, playlists=1, decisions=1, until=NOW, blocked=1)
    counts = (
        "1 request with prompts and songs, 2 loves, your name on 1 saved playlist, "
        "your name in 1 decision of moderators"
    )
    for words in (preview_words(one), erasure_words(one)):
        assert f"eleted: {counts}." in words
        assert f"<t:{int(NOW.timestamp())}:R>" in words
        assert "You stay blocked in 1 server" in words
    assert SONGS_STAY in preview_words(one)


def test_what_there_is_none_of_is_not_counted() -> None:
    assert "Deleted: 2 loves." in erasure_words(ErasureSummary(loves=2))
    assert erasure_words(ErasureSummary(until=NOW)).startswith(NOTHING_LEFT)
    assert "Will be deleted" not in preview_words(ErasureSummary(until=NOW))


def test_without_a_place_in_a_server_nothing_remains() -> None:
    assert "What you used" not in erasure_words(ErasureSummary(decisions=2))


def test_nothing_kept_is_said_so() -> None:
    assert preview_words(ErasureSummary()) == erasure_words(ErasureSummary()) == NOTHING_KEPT


def test_the_words_fit_into_a_message() -> None:
    assert len(preview_words(MUCH)) <= CONTENT_LIMIT
    assert len(erasure_words(MUCH)) <= CONTENT_LIMIT
