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
        """The body of the answer."""
        body: Payload = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.retry_after_s is not None:
            body |= {"retry_after": self.retry_after_s, "global": False}
        return body


class UnimplementedError(Exception):
    """Real Discord may accept this, the stand-in does not know it: answered 501 and remembered."""


def unauthorized() -> ApiError:
    """The bot token is missing or wrong."""
    return ApiError(401, code=0, message="401: Unauthorized")


def unknown_channel() -> ApiError:
    """The channel does not exist, or no longer."""
    return ApiError(404, code=10003, message="Unknown Channel")


def unknown_guild() -> ApiError:
    """The guild does not exist, or the bot is not in it."""
    return ApiError(404, code=10004, message="Unknown Guild")


def unknown_member() -> ApiError:
    """The user is not, or no longer, in the guild."""
    return ApiError(404, code=10007, message="Unknown Member")


def unknown_message() -> ApiError:
    """The message does not exist, was deleted, or is ephemeral and asked for by bot token."""
    return ApiError(404, code=10008, message="Unknown Message")


def unknown_user() -> ApiError:
    """There is no such user."""
    return ApiError(404, code=10013, message="Unknown User")


def unknown_webhook() -> ApiError:
    """No interaction has this token, or none that was answered yet."""
    return ApiError(404, code=10015, message="Unknown Webhook")


def unknown_interaction() -> ApiError:
    """The interaction does not exist, or its three seconds are over."""
    return ApiError(404, code=10062, message="Unknown interaction")


def unknown_command() -> ApiError:
    """The application has no command of this id."""
    return ApiError(404, code=10063, message="Unknown application command")


def already_acknowledged() -> ApiError:
    """The interaction has had its one first answer."""
    return ApiError(400, code=40060, message="Interaction has already been acknowledged.")


def too_large() -> ApiError:
    """A file or the whole request is larger than allowed."""
    return ApiError(413, code=40005, message="Request entity too large")


def missing_access() -> ApiError:
    """The bot cannot see the channel."""
    return ApiError(403, code=50001, message="Missing Access")


def foreign_message() -> ApiError:
    """Only the author may edit a message."""
    return ApiError(403, code=50005, message="Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    """A message needs content, an embed, a file or a component."""
    return ApiError(400, code=50006, message="Cannot send an empty message")


def no_text_channel() -> ApiError:
    """The channel is a category or a forum, which hold no messages of their own."""
    return ApiError(400, code=50008, message="Cannot send messages in a non-text channel")


def archived_thread() -> ApiError:
    """The thread is archived, and the request may not open it again."""
    return ApiError(400, code=50083, message="Thread is archived")


def locked_thread() -> ApiError:
    """Only those with Manage Threads write in a locked thread."""
    return ApiError(400, code=160005, message="Thread is locked")


def opening_too_fast() -> ApiError:
    """Too many conversations with people were begun."""
    return ApiError(403, code=40003, message="You are opening direct messages too fast")


def closed_direct_messages() -> ApiError:
    """The user takes no direct messages from the bot."""
    return ApiError(403, code=50007, message="Cannot send messages to this user")


def missing_permissions() -> ApiError:
    """The bot sees the channel but may not do this in it."""
    return ApiError(403, code=50013, message="Missing Permissions")


def dead_token() -> ApiError:
    """The interaction's token has lived its fifteen minutes, or was withdrawn early."""
    return ApiError(401, code=50027, message="Invalid Webhook Token")


def malformed_json() -> ApiError:
    """The body is not JSON."""
    return ApiError(400, code=50109, message="The request body contains invalid JSON.")


def invalid_form(errors: Payload) -> ApiError:
    """Fields of the request break a rule; `errors` is the tree that says which."""
    return ApiError(400, code=50035, message="Invalid Form Body", errors=errors)


def too_many_old_edits(*, retry_after_s: float) -> ApiError:
    """A message older than an hour was edited too often (seen with status 429)."""
    message = "Maximum number of edits to messages older than 1 hour reached. Try again later."
    return ApiError(429, code=30046, message=message, retry_after_s=retry_after_s)
