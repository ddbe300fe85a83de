"""Answers to interactions, and their webhooks, by the interaction's token alone."""

from sandbox.discord.errors import ApiError, invalid_form, unknown_webhook
from sandbox.discord.interactions.answers import MESSAGES, answer, edit_by_token, follow_up, message_of
from sandbox.discord.messages.service import delete
from sandbox.discord.model.interaction import CallbackKind, Interaction
from sandbox.discord.model.message import Origin
from sandbox.discord.payloads import Payload, entry, number
from sandbox.discord.rendering import message_payload
from sandbox.discord.rest.endpoint import NO_CONTENT, Call, Count, Reply, Route
from sandbox.discord.rules.messages import Sent
from sandbox.discord.state import State


class InteractionRoutes:
    """The handlers of requests with an interaction's token."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._world = state.world

    def routes(self) -> list[Route]:
        """Return the routes of these handlers."""
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        callback = "/interactions/{interaction_id}/{interaction_token}/callback"
        first = Route(
            method="POST", template=callback, handle=self.callback, count=Count.NOTHING, by_bot_token=False
        )
        posting = Route(
            method="POST",
            template=hook,
            handle=self.follow_up,
            count=Count.INTERACTION_POST,
            by_bot_token=False,
        )
        # The longer template comes first so that it is not taken for a message's id.
        handlers = {"GET": self.get, "PATCH": self.edit, "DELETE": self.delete}
        return [first, posting] + [
            Route(
                method=method, template=template, handle=handle, count=Count.INTERACTION, by_bot_token=False
            )
            for template in (f"{hook}/messages/@original", f"{hook}/messages/{{message_id}}")
            for method, handle in handlers.items()
        ]

    def callback(self, call: Call) -> Reply:
        """Give the first answer; return what it made if `with_response` asks for it."""
        token = call.ids["interaction_token"]
        interaction = self._state.interactions.to_answer(call.id("interaction_id"), token=token)
        try:
            kind = self._kind(call.payload)
            sent = Sent(payload=entry(call.payload, "data"), files=call.files, strict=call.strict)
            answer(self._state, interaction=interaction, kind=kind, sent=sent)
        except ApiError as refusal:
            interaction.refused.append(refusal.code)
            raise
        return Reply(self._response(interaction)) if call.asks("with_response") else NO_CONTENT

    def follow_up(self, call: Call) -> Reply:
        """Add a follow-up message."""
        message = follow_up(self._state, interaction=self._interaction(call), sent=call.sent)
        return Reply(message_payload(message, world=self._world)) if call.asks("wait") else NO_CONTENT

    def get(self, call: Call) -> Reply:
        """Return one of the interaction's messages."""
        message = message_of(self._interaction(call), asked=call.ids.get("message_id", "@original"))
        return Reply(message_payload(message, world=self._world))

    def edit(self, call: Call) -> Reply:
        """Edit one of the interaction's messages."""
        message = message_of(self._interaction(call), asked=call.ids.get("message_id", "@original"))
        edit_by_token(self._state, message=message, sent=call.sent)
        return Reply(message_payload(message, world=self._world))

    def delete(self, call: Call) -> Reply:
        """Delete one of the interaction's messages."""
        message = message_of(self._interaction(call), asked=call.ids.get("message_id", "@original"))
        delete(self._state, message=message, origin=Origin.INTERACTION)
        return NO_CONTENT

    def _interaction(self, call: Call) -> Interaction:
        if call.id("webhook_id") != self._world.application_id:
            raise unknown_webhook()
        return self._state.interactions.by_live_token(call.ids["webhook_token"])

    def _kind(self, payload: Payload) -> CallbackKind:
        try:
            return CallbackKind(number(payload, "type"))
        except ValueError as error:
            problem = {"code": "BASE_TYPE_CHOICES", "message": "Value must be one of {4, 5, 6, 7, 8, 9}."}
            raise invalid_form({"type": {"_errors": [problem]}}) from error

    def _response(self, interaction: Interaction) -> Payload:
        described: Payload = {
            "id": str(interaction.id),
            "type": int(interaction.kind),
            "channel_id": str(interaction.channel.id),
        }
        if interaction.guild is not None:
            described["guild_id"] = str(interaction.guild.id)
        original, kind = interaction.original, interaction.callback
        if original is None or kind is None:
            return {"interaction": described}
        described |= {
            "response_message_id": str(original.id),
            "response_message_loading": original.loading,
            "response_message_ephemeral": original.ephemeral,
        }
        # The reference gives a message only for the types 4 and 7.
        if kind in (CallbackKind.DEFERRED_MESSAGE, CallbackKind.DEFERRED_UPDATE):
            return {"interaction": described}
        shown = int(CallbackKind.MESSAGE if kind in MESSAGES else CallbackKind.UPDATE)
        resource: Payload = {"type": shown, "message": message_payload(original, world=self._world)}
        return {"interaction": described, "resource": resource}
