"""What messages look like: pure functions from the facts of a card to what Discord is sent."""

from bot.chat.messages.audit import audit_entry_message, audit_entry_text
from bot.chat.messages.credits import credits_message, member_credits_message
from bot.chat.messages.operator import operation_message
from bot.chat.messages.queue import queue_message
from bot.chat.messages.result import ResultMessage, result_message, song_message, within_request
from bot.chat.messages.status import ending_message, status_message

__all__ = [
    "ResultMessage",
    "audit_entry_message",
    "audit_entry_text",
    "credits_message",
    "ending_message",
    "member_credits_message",
    "operation_message",
    "queue_message",
    "result_message",
    "song_message",
    "status_message",
    "within_request",
]
