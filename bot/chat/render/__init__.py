"""What messages look like: pure functions from the facts of a card to what Discord is sent."""

from bot.chat.render.result import ResultMessage, result_message, within_request
from bot.chat.render.statement import credits_message
from bot.chat.render.status import ending_message, status_message

__all__ = [
    "ResultMessage",
    "credits_message",
    "ending_message",
    "result_message",
    "status_message",
    "within_request",
]
