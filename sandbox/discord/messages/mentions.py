"""The mentions of a text, as far as `allowed_mentions` permits them."""

import re
from dataclasses import dataclass

from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import Channel
from sandbox.discord.payloads import Payload, entry, items

USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Mentions:
    """The effective mentions: shown as such, and notified if the message is new."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False

    def notified(self, channel: Channel) -> frozenset[int]:
        """Return the ids of all users who get a notification."""
        members = channel.guild.members.values() if channel.guild else ()
        by_role = {each.user.id for each in members if self.everyone or set(each.role_ids) & set(self.roles)}
        return frozenset(by_role | set(self.users))


def mentions_in(
    content: str, *, payload: Payload, channel: Channel, granted: Permission, by_token: bool = False
) -> Mentions:
    """Return a text's mentions under the payload's `allowed_mentions` and the author's permissions.

    Without that field a message by an interaction's token, `by_token`, mentions users alone
    (reference, "Allowed Mentions Object").
    """
    allowed = entry(payload, "allowed_mentions")
    unsaid = payload.get("allowed_mentions") is None
    every_kind = unsaid and not by_token
    parse = ["users"] if unsaid and by_token else items(allowed, "parse")
    may_all = Permission.MENTION_EVERYONE in granted
    users = [
        user_id
        for user_id in map(int, USER_MENTION.findall(content))
        if every_kind or "users" in parse or str(user_id) in map(str, items(allowed, "users"))
    ]
    guild_roles = channel.guild.roles if channel.guild else {}
    roles = [
        role_id
        for role_id in map(int, ROLE_MENTION.findall(content))
        if role_id in guild_roles
        and (may_all or guild_roles[role_id].mentionable)
        and (every_kind or "roles" in parse or str(role_id) in map(str, items(allowed, "roles")))
    ]
    everyone = bool(EVERYONE.search(content)) and may_all and (every_kind or "everyone" in parse)
    return Mentions(tuple(dict.fromkeys(users)), tuple(dict.fromkeys(roles)), everyone)
