"""Disruptions for a bot: what others hide, delete, revoke or leave."""

from dataclasses import replace

from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.gateway.sessions import GUILD_MEMBERS, GUILDS
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.messages.service import delete
from sandbox.discord.messages.threads import archive
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import BotAddition, Channel, Guild, Member, Overwrite
from sandbox.discord.payloads import Payload
from sandbox.discord.people.person import Person
from sandbox.discord.rendering import channel_payload, user_payload
from sandbox.discord.rules.messages import SUPPRESS_EMBEDS
from sandbox.discord.state import State


class Disruptions:
    """One method for each disruption; the bot gets the events of it."""

    def __init__(self, state: State) -> None:
        self._state = state

    def delete_message(self, message: Message) -> None:
        """Delete the message, as a moderator or the person it answers."""
        delete(self._state, message=message, origin=Origin.MEMBER)

    def suppress_embeds(self, message: Message) -> None:
        """Hide the message's embeds, as a moderator; an edit does not bring them back."""
        hidden = replace(message.now, at=self._state.clock(), flags=message.now.flags | SUPPRESS_EMBEDS)
        message.states.append(hidden)
        self._state.publish(
            FeedEventKind.MESSAGE_EDITED, channel_id=message.channel_id, message_id=message.id
        )

    def hide(self, channel: Channel) -> None:
        """Hide the channel from the bot; commands still work there."""
        self.deny(channel, Permission.VIEW_CHANNEL)

    def deny(self, channel: Channel, permission: Permission) -> None:
        """Take the permission in the channel from the bot."""
        overwrite = self._overwrite(channel)
        overwrite.deny |= permission
        self._changed(channel)

    def allow(self, channel: Channel, permission: Permission) -> None:
        """Give the bot the permission in the channel again."""
        overwrite = self._overwrite(channel)
        overwrite.deny &= ~permission
        self._changed(channel)

    def delete_channel(self, channel: Channel) -> None:
        """Delete the channel with all its messages."""
        self._state.world.channels.pop(channel.id, None)
        if channel.guild is not None:
            channel.guild.channels.pop(channel.id, None)
            self._drop_threads(channel.guild, parent=channel)
            event = "THREAD_DELETE" if channel.guild.threads.pop(channel.id, None) else "CHANNEL_DELETE"
            self._dispatch(channel.guild, event=event, payload=channel_payload(channel))
        self._state.publish(FeedEventKind.CHANNEL, channel_id=channel.id)

    def archive(self, thread: Channel, *, locked: bool = False) -> None:
        """Archive the thread, by its time or as a moderator who locks it as well."""
        archive(self._state, thread, archived=True, locked=locked)

    def lock(self, thread: Channel) -> None:
        """Lock the open thread: only those with Manage Threads write in it."""
        archive(self._state, thread, archived=False, locked=True)

    def remove_member(self, person: Person) -> None:
        """Let the person leave the guild."""
        person.guild.members.pop(person.id, None)
        gone: Payload = {"guild_id": str(person.guild.id), "user": user_payload(person.user)}
        self._dispatch(person.guild, event="GUILD_MEMBER_REMOVE", payload=gone, intent=GUILD_MEMBERS)
        self._state.publish(FeedEventKind.GUILD)

    def remove_bot(self, guild: Guild) -> None:
        """Remove the bot from the guild."""
        self._state.remove_bot(guild)

    def invite_bot(self, guild: Guild, *, by: Person | None = None) -> None:
        """Add the bot to the guild again, as this person, by default the guild's owner."""
        bot = self._state.world.bot
        added_by = by.id if by else guild.owner_id
        entry = BotAddition(id=self._state.snowflakes.next(), user_id=added_by, bot_id=bot.id)
        guild.bot_additions.append(entry)
        guild.has_bot = True
        guild.members[bot.id] = Member(user=bot, guild=guild, role_ids=[], joined_at=self._state.clock())
        for session in self._state.gateway.sessions.values():
            if session.hears(guild_id=guild.id, intent=GUILDS):
                session.push("GUILD_CREATE", payload=self._state.gateway.guild_joined(guild, session=session))
        self._state.publish(FeedEventKind.GUILD)

    def end_token(self, invocation: Invocation) -> None:
        """End the interaction's token before its time."""
        invocation.interaction.token_ended = True

    def reject_bot_token(self) -> None:
        """Reject the bot's token from now on, in requests and at the gateway."""
        self._state.credentials.accepted = False

    def close_direct_messages(self, person: Person) -> None:
        """Close the person's direct messages to the bot."""
        person.user.takes_direct_messages = False

    def _drop_threads(self, guild: Guild, *, parent: Channel) -> None:
        for thread in [one for one in guild.threads.values() if one.parent is parent]:
            guild.threads.pop(thread.id)
            self._state.world.channels.pop(thread.id, None)

    def _overwrite(self, channel: Channel) -> Overwrite:
        bot_id = self._state.world.bot.id
        return channel.overwrites.setdefault(bot_id, Overwrite(target_id=bot_id, is_role=False))

    def _changed(self, channel: Channel) -> None:
        if channel.guild is not None:
            self._dispatch(channel.guild, event="CHANNEL_UPDATE", payload=channel_payload(channel))
        self._state.publish(FeedEventKind.CHANNEL, channel_id=channel.id)

    def _dispatch(self, guild: Guild, *, event: str, payload: Payload, intent: int = GUILDS) -> None:
        self._state.gateway.dispatch(event, payload=payload, guild_id=guild.id, intent=intent)
