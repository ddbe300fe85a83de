"""What a person did with the bot, and what came back."""

from sandbox.discord.model.interaction import CallbackKind, Interaction
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload
from sandbox.discord.state import State


class Invocation:
    """One use of a command, a button or a modal, as the person who did it sees it."""

    def __init__(self, state: State, *, interaction: Interaction) -> None:
        self._state = state
        self.interaction = interaction

    @property
    def id(self) -> int:
        """Return the interaction's id."""
        return self.interaction.id

    @property
    def answered_in_s(self) -> float | None:
        """Return how long the first answer took, None while there is none."""
        answered_at = self.interaction.answered_at
        return None if answered_at is None else (answered_at - self.interaction.created_at).total_seconds()

    @property
    def answers(self) -> int:
        """Return how many first answers were accepted."""
        return self.interaction.answers

    @property
    def refused(self) -> list[int]:
        """Return Discord's codes for the first answers that were refused."""
        return self.interaction.refused

    @property
    def expired(self) -> bool:
        """Tell whether "The application did not respond" is shown: no answer within the deadline."""
        return self._state.interactions.expired(self.interaction)

    @property
    def original(self) -> Message | None:
        """Return the message of the first answer, also while it is a deferral."""
        return self.interaction.original

    @property
    def followups(self) -> list[Message]:
        """Return the messages after the first answer."""
        return self.interaction.followups

    @property
    def modal(self) -> Payload | None:
        """Return the modal that was shown as the answer."""
        return self.interaction.modal

    @property
    def deferred(self) -> bool:
        """Tell whether the first answer was a deferral."""
        return self.interaction.callback in (CallbackKind.DEFERRED_MESSAGE, CallbackKind.DEFERRED_UPDATE)

    @property
    def ephemeral(self) -> bool:
        """Tell whether only this person sees the answer."""
        shown = self.shown or self.interaction.original
        return shown is not None and shown.ephemeral

    @property
    def shown(self) -> Message | None:
        """Return the message that is the answer now: the original, or the follow-up after its deletion."""
        original = self.interaction.original
        if original is not None and not original.deleted:
            return None if original.loading else original
        return next((message for message in self.followups if not message.deleted), None)

    async def acknowledged(self, *, timeout_s: float = 30.0) -> CallbackKind:
        """Return the kind of the first answer, as soon as there is one.

        Raises:
            AssertionError: There was none in time.
        """
        return await self._state.feed.wait_for(lambda: self.interaction.callback, timeout_s=timeout_s)

    async def answer(self, *, timeout_s: float = 30.0) -> Message:
        """Return the message that answers, a filled one if it was deferred.

        Raises:
            AssertionError: There was none in time.
        """
        return await self._state.feed.wait_for(lambda: self.shown, timeout_s=timeout_s)
