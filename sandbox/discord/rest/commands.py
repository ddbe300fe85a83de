"""Registering application commands, globally and per guild."""

from sandbox.discord.commands import localized
from sandbox.discord.errors import ApiError, missing_access, unknown_command
from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.payloads import Payload
from sandbox.discord.rest.endpoint import NO_CONTENT, Call, Reply, Route
from sandbox.discord.rules.commands import check_commands
from sandbox.discord.state import State


class CommandRoutes:
    """The handlers of `/applications/{application_id}/commands` and its like per guild."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes of these handlers."""
        application = "/applications/{application_id}"
        routes = []
        for many in (f"{application}/commands", f"{application}/guilds/{{guild_id}}/commands"):
            one = f"{many}/{{command_id}}"
            routes += [
                Route(method="GET", template=many, handle=self.list_commands),
                Route(method="PUT", template=many, handle=self.replace),
                Route(method="POST", template=many, handle=self.create),
                Route(method="GET", template=one, handle=self.get),
                Route(method="DELETE", template=one, handle=self.delete),
            ]
        return routes

    def list_commands(self, call: Call) -> Reply:
        """Return the registered commands, with all translations if the call asks for them."""
        listed = self._registered(call)
        if not call.asks("with_localizations"):
            listed = [localized(command, locale=self._state.world.bot.locale) for command in listed]
        return Reply(listed)

    def replace(self, call: Call) -> Reply:
        """Replace all commands by those that were sent."""
        guild_id = self._guild_id(call)
        if not isinstance(call.body, list):
            raise ApiError(400, code=50035, message="Invalid Form Body", errors={"_errors": [NOT_A_LIST]})
        made = self._state.commands.replace(guild_id, commands=check_commands(call.body, strict=call.strict))
        self._state.publish(FeedEventKind.COMMANDS)
        return Reply(made)

    def create(self, call: Call) -> Reply:
        """Add one command, in place of one of the same name."""
        guild_id = self._guild_id(call)
        before = {command["id"] for command in self._registered(call)}
        made = self._state.commands.add(guild_id, command=check_commands(call.payload, strict=call.strict)[0])
        self._state.publish(FeedEventKind.COMMANDS)
        return Reply(made, 200 if made["id"] in before else 201)

    def get(self, call: Call) -> Reply:
        """Return one command."""
        return Reply(self._command(call))

    def delete(self, call: Call) -> Reply:
        """Delete one command."""
        self._registered(call).remove(self._command(call))
        self._state.publish(FeedEventKind.COMMANDS)
        return NO_CONTENT

    def _registered(self, call: Call) -> list[Payload]:
        return self._state.commands.by_guild.setdefault(self._guild_id(call), [])

    def _command(self, call: Call) -> Payload:
        found = next((one for one in self._registered(call) if one["id"] == call.ids["command_id"]), None)
        if found is None:
            raise unknown_command()
        return found

    def _guild_id(self, call: Call) -> int | None:
        if call.id("application_id") != self._state.world.application_id:
            message = "You are not authorized to perform this action on this application"
            raise ApiError(403, code=20012, message=message)
        if "guild_id" not in call.ids:
            return None
        guild = self._state.world.guilds.get(call.id("guild_id"))
        if guild is None or not guild.has_bot:
            raise missing_access()
        return guild.id


NOT_A_LIST = {"code": "LIST_TYPE_CONVERT", "message": "Only iterables may be used in a ListType"}
