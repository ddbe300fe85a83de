"""Refusals as Discord words them: an HTTP status, a numeric code, a message, and for forms a tree."""

from sandbox.discord.payloads import Payload


class ApiError(Exception):
    """A refusal that the client gets as JSON.

    `code` is Discord's own (reference, "Opcodes and Status Codes"); 0 is its general error.
    """

    def __init__(
        self,
        status: int,
        *,
        code: int,
        message: str,
        errors: Payload | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.retry_after_s = retry_after_s

    def payload(self) -> Payload:
        """Return the body of the answer."""
        body: Payload = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.retry_after_s is not None:
            body |= {"retry_after": self.retry_after_s, "global": False}
        return body


class UnimplementedError(Exception):
    """A request that the real Discord possibly accepts but the sandbox does not know: answered 501."""


def unauthorized() -> ApiError:
    """Return the error for a bot token that is missing or wrong."""
    return ApiError(401, code=0, message="401: Unauthorized")


def unknown_channel() -> ApiError:
    """Return the error for a channel that does not exist (any more)."""
    return ApiError(404, code=10003, message="Unknown Channel")


def unknown_guild() -> ApiError:
    """Return the error for a guild that does not exist or that the bot is not in."""
    return ApiError(404, code=10004, message="Unknown Guild")


def unknown_member() -> ApiError:
    """Return the error for a user who is not in the guild (any more)."""
    return ApiError(404, code=10007, message="Unknown Member")


def unknown_message() -> ApiError:
    """Return the error for a message that is gone, or ephemeral and asked for by bot token."""
    return ApiError(404, code=10008, message="Unknown Message")


def unknown_user() -> ApiError:
    """Return the error for an unknown user."""
    return ApiError(404, code=10013, message="Unknown User")


def unknown_webhook() -> ApiError:
    """Return the error for a token of no interaction, or of one not answered yet."""
    return ApiError(404, code=10015, message="Unknown Webhook")


def unknown_interaction() -> ApiError:
    """Return the error for an interaction that does not exist or whose three seconds are over."""
    return ApiError(404, code=10062, message="Unknown interaction")


def unknown_command() -> ApiError:
    """Return the error for an unknown command id."""
    return ApiError(404, code=10063, message="Unknown application command")


def already_acknowledged() -> ApiError:
    """Return the error for a second first answer to an interaction."""
    return ApiError(400, code=40060, message="Interaction has already been acknowledged.")


def too_large() -> ApiError:
    """Return the error for a file or request that is larger than allowed."""
    return ApiError(413, code=40005, message="Request entity too large")


def missing_access() -> ApiError:
    """Return the error for a channel that the bot cannot see."""
    return ApiError(403, code=50001, message="Missing Access")


def foreign_message() -> ApiError:
    """Return the error for an edit of somebody else's message."""
    return ApiError(403, code=50005, message="Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    """Return the error for a message without content, embed, file and component."""
    return ApiError(400, code=50006, message="Cannot send an empty message")


def no_text_channel() -> ApiError:
    """Return the error for a category or a forum, which hold no messages of their own."""
    return ApiError(400, code=50008, message="Cannot send messages in a non-text channel")


def archived_thread() -> ApiError:
    """Return the error for an archived thread that the request cannot open again."""
    return ApiError(400, code=50083, message="Thread is archived")


def locked_thread() -> ApiError:
    """Return the error for a locked thread: only those with Manage Threads write there."""
    return ApiError(400, code=160005, message="Thread is locked")


def opening_too_fast() -> ApiError:
    """Return the error for too many direct message channels opened."""
    return ApiError(403, code=40003, message="You are opening direct messages too fast")


def closed_direct_messages() -> ApiError:
    """Return the error for a user who takes no direct messages from the bot."""
    return ApiError(403, code=50007, message="Cannot send messages to this user")


def missing_permissions() -> ApiError:
    """Return the error for a missing permission in a channel that the bot sees."""
    return ApiError(403, code=50013, message="Missing Permissions")


def dead_token() -> ApiError:
    """Return the error for a token older than its fifteen minutes, or revoked early."""
    return ApiError(401, code=50027, message="Invalid Webhook Token")


def malformed_json() -> ApiError:
    """Return the error for a body that is not JSON."""
    return ApiError(400, code=50109, message="The request body contains invalid JSON.")


def unreadable_history() -> ApiError:
    """Return the error for a forward from a channel without Read Message History."""
    message = "Cannot reference a message without permission to read message history"
    return ApiError(400, code=160009, message=message)


def unreadable_content() -> ApiError:
    """Return the error for a forward of what others wrote, without the intent to read it."""
    return ApiError(400, code=160014, message="Cannot forward a message with unreadable content")


def invalid_form(errors: Payload) -> ApiError:
    """Return the error for fields that break a rule; `errors` is the tree that says which."""
    return ApiError(400, code=50035, message="Invalid Form Body", errors=errors)


def too_many_old_edits(*, retry_after_s: float) -> ApiError:
    """Return the error for too many edits of a message older than an hour (seen with status 429)."""
    message = "Maximum number of edits to messages older than 1 hour reached. Try again later."
    return ApiError(429, code=30046, message=message, retry_after_s=retry_after_s)
