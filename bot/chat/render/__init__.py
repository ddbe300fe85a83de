"""What messages look like: pure functions from the facts of a card to what Discord is sent."""

from bot.chat.render.change import change_message, change_words
from bot.chat.render.operation import operation_message
from bot.chat.render.queue import queue_message
from bot.chat.render.result import ResultMessage, result_message, song_message, within_request
from bot.chat.render.statement import credits_message, standing_message
from bot.chat.render.status import ending_message, status_message

__all__ = [
    "ResultMessage",
    "change_message",
    "change_words",
    "credits_message",
    "ending_message",
    "operation_message",
    "queue_message",
    "result_message",
    "song_message",
    "standing_message",
    "status_message",
    "within_request",
]
