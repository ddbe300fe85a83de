import pytest

from bot.chat.delivery.dm_limiter import MAX_KEPT, OPENINGS, WINDOW_S, DirectMessageLimiter
from tests.harness.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_only_so_many_conversations_are_opened_in_a_while(clock: FakeClock) -> None:
    conversations = DirectMessageLimiter(clock=clock.seconds)
    assert [conversations.wait_s() for _ in range(OPENINGS)] == [0.0] * OPENINGS
    clock.advance(4)
    assert conversations.wait_s() == pytest.approx(WINDOW_S - 4)
    clock.advance(WINDOW_S - 4)
    assert conversations.wait_s() == 0.0


def test_after_a_refusal_none_is_opened_for_as_long_as_discord_says(clock: FakeClock) -> None:
    conversations = DirectMessageLimiter(clock=clock.seconds)
    assert conversations.refused(3.0) == 3.0
    assert conversations.wait_s() == pytest.approx(3.0)
    assert conversations.refused(None) == WINDOW_S
    clock.advance(WINDOW_S)
    assert conversations.wait_s() == 0.0


def test_what_is_open_is_known_but_not_for_ever(clock: FakeClock) -> None:
    conversations = DirectMessageLimiter(clock=clock.seconds)
    for user_id in range(MAX_KEPT + 1):
        conversations.opened(user_id, user_id + 10**6)
    assert conversations.channel_id(0) is None
    assert conversations.channel_id(1) == 10**6 + 1
