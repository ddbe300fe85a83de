"""One open page: who the user is, what the page is sent, and what the user does."""

import asyncio
from collections.abc import Callable, Coroutine

from sandbox.discord.event_feed import FeedEvent, FeedEventKind
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.interaction import CallbackKind
from sandbox.discord.model.message import Message
from sandbox.discord.model.world import Channel
from sandbox.discord.payloads import Payload, entry, items, number, text
from sandbox.discord.people.person import Person, PickerError
from sandbox.discord.people.picker import pick
from sandbox.discord.rules.locales import LOCALES
from sandbox.page.controls import Controls
from sandbox.page.option_values import typed
from sandbox.page.seed import PEOPLE
from sandbox.page.serializers import PageSerializer, button_of, channels_of, modal
from sandbox.world import World

NO_RESPONSE = "The application did not respond"
FAILED = "This interaction failed"
WENT_WRONG = "Something went wrong. Try again."
MESSAGES = (FeedEventKind.MESSAGE_POSTED, FeedEventKind.MESSAGE_EDITED, FeedEventKind.MESSAGE_DELETED)
PLACES = (FeedEventKind.CHANNEL, FeedEventKind.GUILD, FeedEventKind.COMMANDS)
PANEL_INTERVAL_S = 0.4
"""Seconds between two updates of the panel's figures."""
Doing = Callable[[Payload], Coroutine[object, object, Payload]]


class PageSession:
    """A session that puts what its person sees into `outbox` as it happens, from `begin` until `end`."""

    def __init__(self, world: World, *, controls: Controls) -> None:
        self._world = world
        self._controls = controls
        self._person = self._people()[0]
        self._serializer = PageSerializer(world.discord.state, trusted=(world.provider.origin,))
        self._modals: dict[str, Invocation] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self.outbox: asyncio.Queue[Payload] = asyncio.Queue()

    def begin(self) -> None:
        """Subscribe to changes."""
        self._unsubscribe = self._world.discord.subscribe(self._on_change)

    def end(self) -> None:
        """Unsubscribe from changes."""
        self._unsubscribe()

    async def watch_world(self) -> None:
        """Send the panel's figures whenever they change, until cancelled."""
        shown: Payload = {}
        while True:
            if (now := self._controls.snapshot()) != shown:
                shown = now
                self.outbox.put_nowait(now)
            await asyncio.sleep(PANEL_INTERVAL_S)

    async def do(self, asked: Payload) -> None:
        """Do what the person asked for, and send the page the result."""
        acts: dict[str, Doing] = {
            "be": self._be,
            "speak": self._speak,
            "use": self._use,
            "complete": self._complete,
            "press": self._press,
            "choose": self._choose,
            "use_on": self._use_on,
            "submit": self._submit,
            "say": self._say,
            "world": self._change_world,
        }
        try:
            answer = await acts[text(asked, "do")](asked)
        except PickerError as error:
            answer = {"error": str(error)}
        except (LookupError, ValueError):
            answer = {"error": WENT_WRONG}
        self.outbox.put_nowait({"type": "reply", "id": number(asked, "id"), **answer})

    async def _be(self, asked: Payload) -> Payload:
        found = [one for one in self._people() if one.name == text(asked, "name")]
        if not found:
            raise PickerError("Nobody has that name.")
        self._person = found[0]
        self._tell_places()
        self.outbox.put_nowait(self._serializer.history(self._person.member))
        return {}

    async def _speak(self, asked: Payload) -> Payload:
        """Set the language of the person's client."""
        locale = text(asked, "locale")
        if locale not in LOCALES:
            raise PickerError("Discord has no such language.")
        self._person.member.user.locale = locale
        self._tell_places()
        return {}

    async def _use(self, asked: Payload) -> Payload:
        channel, line = self._channel(asked), text(asked, "command")
        options = self._options(asked, channel=channel, line=line)
        invocation = await self._person.slash(channel, line, past_picker=False, **options)
        return await self._answered(invocation, silence=NO_RESPONSE)

    async def _complete(self, asked: Payload) -> Payload:
        channel, line = self._channel(asked), text(asked, "command")
        options = self._options(asked, channel=channel, line=line)
        try:
            choices = await self._person.autocomplete(
                channel, line, timeout_s=None, past_picker=False, **options
            )
        except PickerError:
            raise
        except AssertionError:
            return {"failed": "Loading options failed"}
        return {"choices": [{"name": one.name, "value": one.value} for one in choices]}

    async def _press(self, asked: Payload) -> Payload:
        message, custom_id = self._message(asked), text(asked, "custom_id")
        if not button_of(custom_id, message):
            raise PickerError("This button is not there any more.")
        return await self._answered(await self._person.press(message, custom_id), silence=FAILED)

    async def _choose(self, asked: Payload) -> Payload:
        values = map(str, items(asked, "values"))
        invocation = await self._person.choose(self._message(asked), text(asked, "custom_id"), *values)
        return await self._answered(invocation, silence=FAILED)

    async def _use_on(self, asked: Payload) -> Payload:
        invocation = await self._person.use_on(self._message(asked), text(asked, "command"))
        return await self._answered(invocation, silence=NO_RESPONSE)

    async def _submit(self, asked: Payload) -> Payload:
        shown = self._modals[text(asked, "modal")]
        values = {
            name: [str(one) for one in value] if isinstance(value, list) else str(value)
            for name, value in entry(asked, "values").items()
        }
        return await self._answered(await self._person.submit_modal(shown, values), silence=WENT_WRONG)

    async def _say(self, asked: Payload) -> Payload:
        words = text(asked, "content").strip()
        if not 1 <= len(words) <= 2000:
            raise PickerError("A message has 1 to 2000 characters.")
        await self._person.say(self._channel(asked), words)
        return {}

    async def _change_world(self, asked: Payload) -> Payload:
        await self._controls.change(text(asked, "control"), text(asked, "value"))
        return {}

    async def _answered(self, invocation: Invocation, *, silence: str) -> Payload:
        deadline_s = self._world.discord.state.limits.interaction_deadline_s
        try:
            kind = await invocation.acknowledged(timeout_s=deadline_s)
        except AssertionError:
            return {"failed": silence}
        if kind is CallbackKind.MODAL and invocation.modal is not None:
            self._modals[str(invocation.id)] = invocation
            return {"modal": modal(invocation.modal, interaction_id=invocation.id)}
        return {}

    def _people(self) -> list[Person]:
        """Return whom one can be, each in the first server that they are in."""
        discord = self._world.discord
        guilds = reversed(discord.state.world.guilds.values())
        places = {one.user.name: guild for guild in guilds for one in guild.members.values()}
        return [discord.member(name, guild=places[name]) for name in PEOPLE if name in places]

    def _options(self, asked: Payload, *, channel: Channel, line: str) -> dict[str, object]:
        person = self._person
        picked = pick(self._world.discord.state, line=line, member=person.member, channel=channel)
        return typed(entry(asked, "options"), declared=picked.declared, guild=person.guild)

    def _channel(self, asked: Payload) -> Channel:
        wanted = number(asked, "channel")
        for channel in channels_of(self._person.member, world=self._world.discord.state.world):
            if channel.id == wanted:
                return channel
        raise PickerError("You do not see this channel.")

    def _message(self, asked: Payload) -> Message:
        message = self._channel(asked).message(number(asked, "message"))
        if message is None or message.visible_to not in (None, self._person.id):
            raise PickerError("This message is gone.")
        return message

    def _on_change(self, change: FeedEvent) -> None:
        if change.kind in PLACES:
            self._tell_places()
        if change.kind in MESSAGES and change.message_id is not None and change.channel_id is not None:
            self._tell_message(change.channel_id, change.message_id)

    def _tell_places(self) -> None:
        people = [one.member for one in self._people()]
        self.outbox.put_nowait(self._serializer.places(self._person.member, people=people))

    def _tell_message(self, channel_id: int, message_id: int) -> None:
        member = self._person.member
        seen = channels_of(member, world=self._world.discord.state.world)
        channel = next((one for one in seen if one.id == channel_id), None)
        if channel is None:
            return
        if channel.guild is None:
            self._tell_places()  # the first direct message opens the place where it is read
        message = channel.message(message_id)
        if message is None:
            self.outbox.put_nowait({"type": "gone", "channel": str(channel_id), "id": str(message_id)})
        elif message.visible_to in (None, member.user.id):
            self.outbox.put_nowait({"type": "message", "message": self._serializer.message(message)})
