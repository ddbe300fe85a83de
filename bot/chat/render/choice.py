"""A request as one line of an autocomplete."""

from bot.chat.texts import plain
from bot.domain.requests import State
from bot.services.cards import StatusCard

CHOICE_LIMIT = 100
"""Characters of a choice's name."""
WHERE = {
    State.AWAITING: "waiting for a moderator",
    State.WAITING: "waiting",
    State.SUBMITTING: "with the song service",
    State.MAKING: "being made",
}


def request_choice(card: StatusCard) -> str:
    """Where a request under way is, and what it is for."""
    place = f", number {card.position}" if card.position else ""
    where = WHERE.get(card.state, str(card.state)) + place
    return plain(f"{where} · playlist {card.playlist_id[:8]}… · {card.model}", limit=CHOICE_LIMIT)
