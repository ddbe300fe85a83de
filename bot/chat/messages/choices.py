"""Song requests and models as choices."""

from collections.abc import Sequence

from bot.chat.text.formatting import plain
from bot.domain.models import model_name, newest_model
from bot.domain.requests import State
from bot.services.cards import StatusCard

CHOICE_LIMIT = 100
"""Characters of a choice's name."""
MEMBER_LIMIT = 32
"""Characters of a member's name; Discord's own limit."""
WHERE = {
    State.AWAITING: "waiting for a moderator",
    State.WAITING: "waiting",
    State.SUBMITTING: "being sent",
    State.MAKING: "being made",
}


def request_choice(card: StatusCard, *, who: str | None = None) -> str:
    """Format an active request: its state and playlist, and for moderators its requester `who`."""
    asked_by = f"{plain(who, limit=MEMBER_LIMIT)} · " if who else ""
    place = f", position {card.position:,}" if card.position else ""
    where = WHERE.get(card.state, str(card.state)) + place
    return plain(
        f"{asked_by}{where} · playlist {card.playlist_id[:8]}… · {model_name(card.model)}", limit=CHOICE_LIMIT
    )


def model_choices(models: Sequence[str], *, usual: str | None = None) -> list[tuple[str, str]]:
    """Return each model's name and code; the names say which one is the newest and which one is usual."""
    newest = newest_model(models)
    marks = {
        model: ", ".join(("newest",) * (model == newest) + ("usual here",) * (model == usual))
        for model in models
    }
    return [
        (f"{model_name(model)} ({mark})" if mark else model_name(model), model)
        for model, mark in marks.items()
    ]
