"""Look-ups of the bot: itself, the application, guilds, channels, members, users."""

from collections import Counter

from sandbox.discord.errors import (
    UnimplementedError,
    missing_permissions,
    opening_too_fast,
    unknown_guild,
    unknown_member,
    unknown_user,
)
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import Guild, Member
from sandbox.discord.payloads import number
from sandbox.discord.rendering import (
    BOT_ADD,
    active_threads,
    application_payload,
    audit_log_payload,
    channel_payload,
    guild_payload,
    member_payload,
    own_user_payload,
    role_payload,
    user_payload,
)
from sandbox.discord.rest.endpoint import NO_CONTENT, Call, Reply, Route
from sandbox.discord.state import State


class LookupRoutes:
    """The handlers of look-ups and of opening direct messages."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._world = state.world

    def routes(self) -> list[Route]:
        """Return the routes of these handlers."""
        guild = "/guilds/{guild_id}"
        return [
            Route(method="GET", template="/users/@me", handle=self.own_user),
            Route(method="POST", template="/users/@me/channels", handle=self.open_direct),
            Route(method="DELETE", template="/users/@me/guilds/{guild_id}", handle=self.leave),
            Route(method="GET", template="/users/{user_id}", handle=self.user),
            Route(method="GET", template="/oauth2/applications/@me", handle=self.application),
            Route(method="GET", template="/applications/@me", handle=self.application),
            Route(method="GET", template="/gateway", handle=self.gateway, by_bot_token=False),
            Route(method="GET", template="/gateway/bot", handle=self.gateway_bot),
            Route(method="GET", template="/channels/{channel_id}", handle=self.channel),
            Route(method="POST", template="/channels/{channel_id}/typing", handle=self.typing),
            Route(method="GET", template=guild, handle=self.guild),
            Route(method="GET", template=f"{guild}/channels", handle=self.channels),
            Route(method="GET", template=f"{guild}/threads/active", handle=self.active_threads),
            Route(method="GET", template=f"{guild}/roles", handle=self.roles),
            Route(method="GET", template=f"{guild}/roles/member-counts", handle=self.role_member_counts),
            Route(method="GET", template=f"{guild}/audit-logs", handle=self.audit_log),
            Route(method="GET", template=f"{guild}/members", handle=self.members),
            Route(method="GET", template=f"{guild}/members/{{user_id}}", handle=self.member),
        ]

    def own_user(self, call: Call) -> Reply:
        """Return the bot itself."""
        del call
        return Reply(own_user_payload(self._world.bot))

    def user(self, call: Call) -> Reply:
        """Return any user."""
        user = self._world.users.get(call.id("user_id"))
        if user is None:
            raise unknown_user()
        return Reply(user_payload(user))

    def application(self, call: Call) -> Reply:
        """Return the bot's application."""
        del call
        return Reply(application_payload(self._world))

    def gateway(self, call: Call) -> Reply:
        """Return the gateway's URL."""
        del call
        return Reply({"url": self._state.gateway.url})

    def gateway_bot(self, call: Call) -> Reply:
        """Return the gateway's URL, how many shards fit, and how many sessions can still start."""
        del call
        allowed = self._state.limits.identifies
        start = {
            "total": allowed.requests,
            "remaining": max(0, allowed.requests - self._state.gateway.identifies),
            "reset_after": int(allowed.per_s * 1000),
            "max_concurrency": self._state.limits.max_concurrency,
        }
        shards = max(
            1,
            -(
                -sum(guild.has_bot for guild in self._world.guilds.values())
                // self._state.limits.shard_guilds
            ),
        )
        return Reply({"url": self._state.gateway.url, "shards": shards, "session_start_limit": start})

    def open_direct(self, call: Call) -> Reply:
        """Return the direct messages with a user, and open them if needed."""
        user = self._world.users.get(number(call.payload, "recipient_id"))
        if user is None or user.is_bot:
            raise unknown_user()
        if self._world.direct_channel(user) is None:
            rule = self._state.limits.direct_openings
            if not self._state.buckets.take("direct openings:", rule=rule).allowed:
                raise opening_too_fast()
        return Reply(channel_payload(self._state.direct_channel(user)))

    def channel(self, call: Call) -> Reply:
        """Return a channel that the bot sees."""
        channel = self._state.channel_for_bot(call.id("channel_id"))
        return Reply(channel_payload(channel, viewer_id=self._world.bot.id))

    def typing(self, call: Call) -> Reply:
        """Accept that the bot is typing, which the sandbox does not show."""
        self._state.channel_for_bot(call.id("channel_id"))
        return NO_CONTENT

    def guild(self, call: Call) -> Reply:
        """Return a guild that the bot is in."""
        return Reply(guild_payload(self._guild(call)))

    def channels(self, call: Call) -> Reply:
        """Return a guild's channels."""
        return Reply([channel_payload(channel) for channel in self._guild(call).channels.values()])

    def active_threads(self, call: Call) -> Reply:
        """Return the guild's open threads that the bot sees, and its memberships in them."""
        guild, bot = self._guild(call), self._world.bot
        found = active_threads(guild, member=guild.members.get(bot.id))
        shown = [channel_payload(each, viewer_id=bot.id) for each in found]
        joined = [payload["member"] for payload in shown if "member" in payload]
        return Reply({"threads": shown, "members": joined, "has_more": False})

    def roles(self, call: Call) -> Reply:
        """Return a guild's roles."""
        return Reply([role_payload(role) for role in self._guild(call).roles.values()])

    def role_member_counts(self, call: Call) -> Reply:
        """Return how many members have each of a guild's roles, without everybody's own."""
        guild = self._guild(call)
        held = Counter(role_id for member in guild.members.values() for role_id in member.role_ids)
        return Reply({str(role_id): held[role_id] for role_id in guild.roles if role_id != guild.id})

    def audit_log(self, call: Call) -> Reply:
        """Return the newest entries of the guild's audit log, to those who may see it; only bots' additions.

        "Guild Audit Log" in Discord's reference: newest first, and from the oldest on with `after`.
        """
        guild = self._guild(call)
        if Permission.VIEW_AUDIT_LOG not in guild.permissions(guild.members[self._world.bot.id]):
            raise missing_permissions()
        kind, limit = call.number("action_type", default=BOT_ADD), call.number("limit", default=50)
        if kind != BOT_ADD or call.number("user_id", default=0):
            raise UnimplementedError("the sandbox's audit log has bots that were added, by anybody")
        before, after = call.number("before", default=0), call.number("after", default=0)
        newest_first = [
            one for one in guild.bot_additions[::-1] if after < one.id and (not before or one.id < before)
        ]
        found = (newest_first[::-1] if "after" in call.query else newest_first)[:limit]
        users = {user_id for one in found for user_id in (one.user_id, one.bot_id)}
        return Reply(audit_log_payload(found, [self._world.users[one] for one in sorted(users)]))

    def members(self, call: Call) -> Reply:
        """Return a guild's members by id, `limit` of them after `after`."""
        limit, after = call.number("limit", default=1), call.number("after", default=0)
        members = sorted(self._guild(call).members.values(), key=lambda member: member.user.id)
        return Reply([member_payload(one) for one in members if one.user.id > after][:limit])

    def member(self, call: Call) -> Reply:
        """Return one member of a guild."""
        member: Member | None = self._guild(call).members.get(call.id("user_id"))
        if member is None:
            raise unknown_member()
        return Reply(member_payload(member))

    def leave(self, call: Call) -> Reply:
        """Remove the bot from the guild."""
        self._state.remove_bot(self._guild(call))
        return NO_CONTENT

    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None or not guild.has_bot:
            raise unknown_guild()
        return guild
