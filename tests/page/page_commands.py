"""Messages and commands of a bot, made by hand in the local Discord: for what the real bot never sends."""

from collections.abc import Mapping, Sequence

from sandbox.discord import LocalDiscord
from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.interactions.answers import answer
from sandbox.discord.messages.service import Posting, post
from sandbox.discord.model.interaction import CallbackKind, Interaction
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.payloads import Payload
from sandbox.discord.people.person import Person
from sandbox.discord.rules.commands import check_commands
from sandbox.discord.rules.messages import EPHEMERAL, Sent, Upload, check_message
from tests.harness.page import LONG_S

NO_FILES: Mapping[int, Upload] = {}


def send(
    discord: LocalDiscord,
    payload: Payload,
    *,
    files: Mapping[int, Upload] = NO_FILES,
    to: Person | None = None,
    answering: Message | None = None,
) -> Message:
    """Post the message in #songs, or for this person only; it can answer another one."""
    sent = Sent(payload=payload, files=files)
    check_message(sent)
    posting = Posting(
        author=discord.state.world.bot,
        origin=Origin.BOT,
        flags=EPHEMERAL if to else 0,
        visible_to=to.id if to else None,
        reference={"message_id": str(answering.id)} if answering else None,
    )
    return post(discord.state, channel=discord.channel("songs"), sent=sent, posting=posting)


def write_to(person: Person, *, discord: LocalDiscord, words: str) -> None:
    """Write to the person directly as the bot."""
    posting = Posting(author=discord.state.world.bot, origin=Origin.BOT)
    sent = Sent(payload={"content": words}, files={})
    post(discord.state, channel=person.direct_channel, sent=sent, posting=posting)


def register(discord: LocalDiscord, commands: Sequence[Payload]) -> None:
    """Register these commands for the bot."""
    discord.state.commands.replace(None, commands=check_commands(list(commands)))
    discord.state.publish(FeedEventKind.COMMANDS)


async def asked(discord: LocalDiscord, *, count: int) -> Interaction:
    """Wait for so many acts in all, and return the last one."""
    interactions = discord.state.interactions.by_token
    await discord.wait_for(lambda: len(interactions) >= count, timeout_s=LONG_S)
    return list(interactions.values())[count - 1]


def reply(discord: LocalDiscord, interaction: Interaction, kind: CallbackKind, payload: Payload) -> None:
    """Answer as the bot."""
    answer(discord.state, interaction=interaction, kind=kind, sent=Sent(payload=payload, files={}))
