"""The event INTERACTION_CREATE for the bot."""

from sandbox.discord.model.interaction import Interaction, InteractionKind
from sandbox.discord.payloads import Payload
from sandbox.discord.rendering import channel_payload, member_payload, message_payload, user_payload
from sandbox.discord.state import State

IN_GUILD, IN_BOT_DIRECT_MESSAGES = 0, 1


def deliver(state: State, *, interaction: Interaction) -> None:
    """Send the interaction to the bot, if it is connected."""
    guild_id = interaction.guild.id if interaction.guild else None
    payload = interaction_payload(state, interaction=interaction)
    state.gateway.dispatch("INTERACTION_CREATE", payload=payload, guild_id=guild_id)


def interaction_payload(state: State, *, interaction: Interaction) -> Payload:
    """Return the interaction as the gateway sends it."""
    channel = interaction.channel
    payload: Payload = {
        "id": str(interaction.id),
        "application_id": str(state.world.application_id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel_payload(channel),
        "locale": interaction.user.locale,
        "app_permissions": str(int(state.world.bot_permissions(channel))),
        "attachment_size_limit": state.answer_size(channel),
        "entitlements": [],
        **_place(interaction),
    }
    if interaction.source is not None and interaction.kind in (
        InteractionKind.COMPONENT,
        InteractionKind.MODAL,
    ):
        payload["message"] = message_payload(interaction.source, world=state.world)
    return payload


def _place(interaction: Interaction) -> Payload:
    guild, member, channel = interaction.guild, interaction.member, interaction.channel
    if guild is None or member is None:
        return {
            "user": user_payload(interaction.user),
            "context": IN_BOT_DIRECT_MESSAGES,
            "authorizing_integration_owners": {"0": "0"},
        }
    granted = guild.permissions(member, channel=channel)
    return {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "guild_locale": guild.locale,
        "channel": channel_payload(channel) | {"permissions": str(int(granted))},
        "member": member_payload(member, permissions=granted),
        "context": IN_GUILD,
        "authorizing_integration_owners": {"0": str(guild.id)},
    }
