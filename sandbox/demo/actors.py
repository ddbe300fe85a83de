"""The actors of the demo: what they can do, and how long they wait for the result."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entries, text
from sandbox.world import World

Found = TypeVar("Found")

PAUSE_SHARE = 0.11
"""How long a pause for reading is, as a share of a song's time."""
EXTRA_TIME_S = 30.0
"""What may be added to a few songs' time before a step has failed, on a busy machine."""


class ScriptError(Exception):
    """A step of the script that failed; the message is a sentence."""


class DemoOutput(Protocol):
    """The output of the demo; it follows the channel by itself."""

    def begin_part(self, title: str) -> None:
        """Begin a new part of the script."""
        ...

    def typed(self, name: str, line: str) -> None:
        """Show what somebody types or presses."""
        ...

    def note(self, words: str) -> None:
        """Show what is not in the channel."""
        ...

    async def watch(self) -> None:
        """Show everything until cancelled."""
        ...

    def close(self) -> None:
        """Stop after showing everything that happened."""
        ...


@dataclass(slots=True)
class DemoRun:
    """One run of the script: a world, the actors in its channel, and the output."""

    world: World
    output: DemoOutput
    credits: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """What `/credits` last showed each person, by the names of the fields."""

    async def ask(self, name: str, command: str, /, **options: object) -> Message:
        """Return the answer to a command of that person.

        Raises:
            ScriptError: there was none in time.
        """
        given = "".join(f" {option}:{value}" for option, value in options.items())
        self.output.typed(name, f"/{command}{given}")
        await self.pause(0.5)
        asked = await self.world.discord.member(name).slash("songs", command, past_picker=False, **options)
        answer = await self.until(lambda: asked.shown, f"{name}'s /{command} was answered")
        await self.pause()
        return answer

    async def song(self, name: str, /, **options: object) -> Message:
        """Return the status message of a song request of that person.

        Raises:
            ScriptError: there was none in time, or the request was refused.
        """
        status = await self.ask(name, "inspire", **options)
        if status.ephemeral:
            raise ScriptError(f"{name}'s request was refused: {words_of(status)}")
        return status

    async def refused(self, name: str, because: str, /, **options: object) -> Message:
        """Return the refusal of a song request of that person, which has these words.

        Raises:
            ScriptError: there was none in time, or the request was not refused for that reason.
        """
        answer = await self.ask(name, "inspire", **options)
        if not answer.ephemeral or because not in words_of(answer):
            raise ScriptError(f"{name} should have been refused ({because}), but read: {words_of(answer)}")
        await self.pause()
        return answer

    async def press(self, name: str, message: Message, label: str, /) -> Message:
        """Press a button as that person, and return the answer.

        Raises:
            ScriptError: there was none in time.
        """
        self.output.typed(name, f"presses [{label}]")
        await self.pause(0.5)
        pressed = await self.world.discord.member(name).press(message, label)
        answer = await self.until(lambda: pressed.shown, f"{name}'s [{label}] was answered")
        await self.pause()
        return answer

    async def shows(self, message: Message, words: str, /) -> None:
        """Return once the message has the words.

        Raises:
            ScriptError: it did not in time.
        """
        await self.until(lambda: words in words_of(message), f"a message said “{words}”")

    async def taken(self, count: int) -> None:
        """Return once the provider has so many tasks in all.

        Raises:
            ScriptError: it did not in time.
        """
        await self.until(
            lambda: len(self.world.provider.tasks) >= count, f"the provider had {count} requests"
        )

    async def result_for(self, name: str, /, *, count: int = 1) -> Message:
        """Return that person's `count`-th finished song, with two files.

        Raises:
            ScriptError: it was not posted in time, or lacks a file.
        """
        person = self.world.discord.member(name)

        def posted() -> list[Message]:
            own = [m for m in self.world.discord.channel("songs").messages if person.id in m.pinged]
            return own if len(own) >= count else []

        result = (await self.until(posted, f"{name}'s song was posted"))[count - 1]
        if len(result.attachments) != 2:
            raise ScriptError(f"{name}'s song came with {len(result.attachments)} files instead of two.")
        return result

    async def until(self, predicate: Callable[[], Found | None], what: str) -> Found:
        """Return the predicate's value as soon as it is truthy; `what` completes "It was expected that ...".

        Raises:
            ScriptError: it was not in time.
        """
        limit_s = 4 * self.world.song_s + EXTRA_TIME_S
        found: Found | None = None
        with contextlib.suppress(AssertionError):
            found = await self.world.discord.wait_for(predicate, timeout_s=limit_s)
        if not found:
            raise ScriptError(f"It was expected that {what}, but that did not happen within {limit_s:.0f} s.")
        return found

    async def credits_of(self, name: str, /, **expected: str) -> Mapping[str, str]:
        """Return what `/credits` tells that person, by field name; some values can be expected.

        Raises:
            ScriptError: there was no answer in time, or a value is not as expected.
        """
        answer = await self.ask(name, "credits")
        shown = {text(one, "name"): text(one, "value") for one in entries(answer.embeds[0], "fields")}
        for field_name, value in expected.items():
            if shown.get(field_name) != value:
                raise ScriptError(
                    f"{name} should have read {field_name}: {value}, but read: {words_of(answer)}"
                )
        self.credits[name] = shown
        return shown

    async def pause(self, beats: float = 1.0) -> None:
        """Wait so that people can read."""
        await asyncio.sleep(beats * PAUSE_SHARE * self.world.song_s)


def words_of(message: Message) -> str:
    """Return all text of a message, markdown included."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [text(embed, "title"), text(embed, "description")]
        parts += [f"{text(one, 'name')}: {text(one, 'value')}" for one in entries(embed, "fields")]
    return "\n".join(part for part in parts if part)
