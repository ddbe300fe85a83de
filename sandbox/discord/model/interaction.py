"""Interactions: what a person did, the token that answers it, and its messages."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from sandbox.discord.errors import dead_token, unknown_interaction, unknown_webhook
from sandbox.discord.limits import Limits
from sandbox.discord.model.message import Message
from sandbox.discord.model.snowflakes import Clock, Snowflakes
from sandbox.discord.model.users import User
from sandbox.discord.model.world import Channel, Guild, Member
from sandbox.discord.payloads import Payload


class InteractionKind(IntEnum):
    """The kind of a person's act (Discord's reference, "Interaction Type")."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class CallbackKind(IntEnum):
    """The kind of a first answer (Discord's reference, "Interaction Callback Type")."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One act of a person, and all that the bot made of it."""

    id: int
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    member: Member | None
    data: Payload
    created_at: datetime
    source: Message | None = None
    """The message whose component was used."""
    option_type: int = 3
    """The type of the option that is being completed."""
    command_name: str = ""
    triggered_by: Payload = field(default_factory=dict)
    """The metadata of the interaction that showed a modal."""
    answered_at: datetime | None = None
    callback: CallbackKind | None = None
    answers: int = 0
    """First answers that were accepted: 0 or 1."""
    refused: list[int] = field(default_factory=list)
    """Discord's codes for first answers that were not accepted."""
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Payload | None = None
    choices: list[Payload] | None = None
    token_ended: bool = False
    """Whether the token was revoked before its time."""

    @property
    def guild(self) -> Guild | None:
        """Return where it happened, None in direct messages."""
        return self.channel.guild

    @property
    def messages(self) -> list[Message]:
        """Return the messages that its token can touch."""
        return ([self.original] if self.original else []) + self.followups


class Interactions:
    """All interactions so far, by their token."""

    def __init__(self, *, clock: Clock, limits: Limits, snowflakes: Snowflakes) -> None:
        self.by_token: dict[str, Interaction] = {}
        self._clock = clock
        self._limits = limits
        self._snowflakes = snowflakes

    def begin(
        self,
        kind: InteractionKind,
        *,
        user: User,
        channel: Channel,
        data: Payload,
        source: Message | None = None,
    ) -> Interaction:
        """Begin an interaction now."""
        member = channel.guild.members.get(user.id) if channel.guild else None
        interaction = Interaction(
            id=self._snowflakes.next(),
            token=secrets.token_urlsafe(128),
            kind=kind,
            user=user,
            channel=channel,
            member=member,
            data=data,
            created_at=self._clock(),
            source=source,
        )
        self.by_token[interaction.token] = interaction
        return interaction

    def expired(self, interaction: Interaction) -> bool:
        """Tell whether it got no answer in time."""
        return interaction.callback is None and self._age_s(interaction) > self._limits.interaction_deadline_s

    def to_answer(self, interaction_id: int, *, token: str) -> Interaction:
        """Return the interaction that a first answer is for.

        Raises:
            ApiError: 10062, unknown or its three seconds are over.
        """
        interaction = self.by_token.get(token)
        if interaction is None or interaction.id != interaction_id or self.expired(interaction):
            raise unknown_interaction()
        return interaction

    def by_live_token(self, token: str) -> Interaction:
        """Return the answered interaction that a webhook request is for.

        Raises:
            ApiError: 10015 unknown or not answered yet, 50027 its token is dead.
        """
        interaction = self.by_token.get(token)
        if interaction is None:
            raise unknown_webhook()
        if self.token_dead(interaction):
            raise dead_token()
        if interaction.callback is None:
            raise unknown_webhook()
        return interaction

    def token_dead(self, interaction: Interaction) -> bool:
        """Tell whether the token's time is over, or it was revoked."""
        return interaction.token_ended or self._age_s(interaction) >= self._limits.interaction_token_s

    def _age_s(self, interaction: Interaction) -> float:
        return (self._clock() - interaction.created_at).total_seconds()
