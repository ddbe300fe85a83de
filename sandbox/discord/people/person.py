"""The acts of a member: commands, autocomplete, buttons, selects, modals and plain messages."""

from dataclasses import dataclass

from sandbox.discord.interactions.answers import metadata
from sandbox.discord.interactions.event import deliver
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.messages.service import Posting, forward, post
from sandbox.discord.model.interaction import Interaction, InteractionKind
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.model.users import User
from sandbox.discord.model.world import Channel, Guild, Member
from sandbox.discord.payloads import Payload, entries, number, text
from sandbox.discord.people.modal_forms import Values, filled_in
from sandbox.discord.people.picker import PickerError, enter, on_message, pick
from sandbox.discord.people.select_menus import Resolved, chosen
from sandbox.discord.rules.components import BUTTON, LINK_STYLE
from sandbox.discord.rules.messages import Sent
from sandbox.discord.rules.selects import SELECTS
from sandbox.discord.state import State

__all__ = ["Choice", "Person", "PickerError"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One suggestion of autocomplete, and the value that picking it enters."""

    name: str
    value: object


class Person:
    """A member of a guild who can act."""

    def __init__(self, state: State, *, user: User, guild: Guild) -> None:
        self._state = state
        self.user = user
        self.guild = guild

    @property
    def id(self) -> int:
        """Return the user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """Return the user's name."""
        return self.user.name

    @property
    def member(self) -> Member:
        """Return the person's membership of the guild.

        Raises:
            PickerError: They have left.
        """
        member = self.guild.members.get(self.user.id)
        if member is None:
            raise PickerError(f"{self.user.name} is not in {self.guild.name}")
        return member

    @property
    def direct_channel(self) -> Channel:
        """Return where the bot and the person write to each other directly."""
        return self._state.direct_channel(self.user)

    @property
    def direct_messages(self) -> list[Message]:
        """Return the direct messages between bot and person; this opens no channel."""
        channel = self._state.world.direct_channel(self.user)
        return channel.seen_by(self.user) if channel else []

    async def slash(
        self, channel: Channel | str, command: str, /, *, past_picker: bool = False, **options: object
    ) -> Invocation:
        """Use the command, for example `quota grant`; `past_picker` skips the client's own checks.

        Raises:
            PickerError: Discord's client would not let the person do it.
        """
        place = self._channel(channel)
        asking = None if past_picker else self._member_in(place)
        picked = pick(self._state, line=command, member=asking, channel=place)
        values = {name: _unwrapped(value) for name, value in options.items() if value is not None}
        enter(picked, values=values, guild=place.guild, past_picker=past_picker)
        interaction = self._begin(InteractionKind.COMMAND, channel=place, data=picked.data)
        interaction.command_name = " ".join([text(picked.command, "name"), *picked.path])
        return self._delivered(interaction)

    async def use_on(self, message: Message, command: str, /) -> Invocation:
        """Use the message command of that name, from the message's menu.

        Raises:
            PickerError: The person does not see the message, or is not offered the command.
        """
        channel = self._seen(message)
        data = on_message(
            self._state, message=message, name=command, member=self._member_in(channel), channel=channel
        )
        interaction = self._begin(InteractionKind.COMMAND, channel=channel, data=data)
        interaction.command_name = command
        return self._delivered(interaction)

    async def autocomplete(
        self,
        channel: Channel | str,
        command: str,
        /,
        *,
        timeout_s: float | None = None,
        past_picker: bool = False,
        **options: object,
    ) -> list[Choice]:
        """Return the suggestions for the last of the options; `past_picker` as with `slash`.

        Raises:
            PickerError: The option has no autocomplete.
            AssertionError: There was no answer within the deadline.
        """
        place = self._channel(channel)
        asking = None if past_picker else self._member_in(place)
        picked = pick(self._state, line=command, member=asking, channel=place)
        values = {name: _unwrapped(value) for name, value in options.items()}
        enter(picked, values=values, guild=place.guild, past_picker=True)
        focused = picked.chosen[-1]
        declared = next(one for one in picked.declared if one["name"] == focused["name"])
        if not declared.get("autocomplete"):
            raise PickerError(f"{focused['name']} has no autocomplete")
        focused |= {"focused": True, "value": str(focused["value"])}
        interaction = self._begin(InteractionKind.AUTOCOMPLETE, channel=place, data=picked.data)
        interaction.option_type = number(declared, "type")
        deadline_s = self._state.limits.interaction_deadline_s if timeout_s is None else timeout_s
        await self._delivered(interaction).acknowledged(timeout_s=deadline_s)
        return [Choice(text(one, "name"), one.get("value")) for one in interaction.choices or []]

    async def press(self, message: Message, label_or_custom_id: str, /) -> Invocation:
        """Press the button of that label or custom id.

        Raises:
            PickerError: The person sees no such button, or it cannot be pressed.
        """
        button = self._component(message, label_or_custom_id, kinds=(BUTTON,))
        if button.get("style") == LINK_STYLE:
            raise PickerError("a link button sends no interaction")
        data: Payload = {
            "custom_id": button["custom_id"],
            "component_type": BUTTON,
            "id": button["id"],
        }
        return self._used(message, data=data)

    async def choose(self, message: Message, custom_id: str, /, *values: str) -> Invocation:
        """Choose values in a select.

        Raises:
            PickerError: The person sees no such select, or it lacks a value.
        """
        select = self._component(message, custom_id, kinds=SELECTS)
        resolved: Resolved = {}
        data: Payload = {
            "custom_id": select["custom_id"],
            "component_type": select["type"],
            "id": select["id"],
            "values": chosen(select, values=values, guild=self.guild, resolved=resolved),
        }
        if resolved:
            data["resolved"] = resolved
        return self._used(message, data=data)

    async def submit_modal(self, invocation: Invocation, values: Values, /) -> Invocation:
        """Send off the modal that answered, filled in by custom id or label.

        Raises:
            PickerError: No modal is shown, or a value does not fit its field.
        """
        shown = invocation.interaction
        if shown.modal is None:
            raise PickerError("no modal is shown")
        data = filled_in(shown.modal, values=values, guild=self.guild)
        begun = self._begin(InteractionKind.MODAL, channel=shown.channel, data=data, source=shown.source)
        begun.triggered_by = metadata(shown)
        return self._delivered(begun)

    async def say(self, channel: Channel | str, content: str, /) -> Message:
        """Post the person's message in the channel."""
        place = self._channel(channel)
        posting = Posting(author=self.user, origin=Origin.MEMBER)
        return post(
            self._state, channel=place, sent=Sent(payload={"content": content}, files={}), posting=posting
        )

    async def forward(self, message: Message, channel: Channel | str, /) -> Message:
        """Forward the message to a channel."""
        return forward(self._state, message, channel=self._channel(channel), author=self.user)

    def sees(self, channel: Channel | str) -> list[Message]:
        """Return the messages of a channel that this person sees, oldest first."""
        return self._channel(channel).seen_by(self.user)

    def _seen(self, message: Message) -> Channel:
        channel = self._state.world.channels.get(message.channel_id)
        if channel is None:
            raise PickerError("the channel is gone")
        if message.deleted or message.visible_to not in (None, self.user.id):
            raise PickerError("the person does not see this message")
        return channel

    def _used(self, message: Message, *, data: Payload) -> Invocation:
        channel = self._seen(message)
        begun = self._begin(InteractionKind.COMPONENT, channel=channel, data=data, source=message)
        return self._delivered(begun)

    def _component(self, message: Message, wanted: str, *, kinds: tuple[int, ...]) -> Payload:
        self._seen(message)
        parts = [part for row in message.components for part in entries(row, "components")]
        for part in parts:
            if part["type"] in kinds and wanted in (part.get("custom_id"), part.get("label")):
                if part.get("disabled"):
                    raise PickerError(f"{wanted} is disabled")
                return part
        shown = ", ".join(text(part, "label") or text(part, "custom_id") for part in parts) or "none"
        raise PickerError(f"no component {wanted!r}; there are: {shown}")

    def _begin(
        self, kind: InteractionKind, *, channel: Channel, data: Payload, source: Message | None = None
    ) -> Interaction:
        return self._state.interactions.begin(kind, user=self.user, channel=channel, data=data, source=source)

    def _delivered(self, interaction: Interaction) -> Invocation:
        deliver(self._state, interaction=interaction)
        return Invocation(self._state, interaction=interaction)

    def _member_in(self, channel: Channel) -> Member | None:
        return None if channel.guild is None else self.member

    def _channel(self, channel: Channel | str) -> Channel:
        if isinstance(channel, Channel):
            return channel
        places = (*self.guild.channels.values(), *self.guild.threads.values())
        return next(one for one in places if one.name == channel)


def _unwrapped(value: object) -> object:
    return value.member if isinstance(value, Person) else value
