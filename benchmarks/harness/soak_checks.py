"""The comparison of each requested song with the records of the provider, Discord and the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.domain.requests import RETURNED, Request, State
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import open_store
from sandbox.cqtai import LocalProvider
from sandbox.discord import LocalDiscord
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.people.person import Person
from sandbox.discord.people.transcript import message_lines

ENDED = {
    State.DELIVERED,
    State.UNDELIVERABLE,
    State.FAILED,
    State.EXPIRED,
    State.UNCERTAIN,
    State.CANCELLED,
}
TITLES = {
    State.DELIVERED: "Your song is ready",
    State.UNDELIVERABLE: "Your song is ready",
    State.FAILED: "No song this time",
    State.EXPIRED: "No song this time",
    State.UNCERTAIN: "The connection broke",
}
BACK = "credits are back"


@dataclass(frozen=True, slots=True)
class Song:
    """A song that a member requested, with a unique prompt."""

    invocation: Invocation
    who: Person
    prompt: str

    @property
    def id(self) -> int:
        """Return the request's id, if it was accepted."""
        return self.invocation.id


async def requests_of(url: str) -> dict[int, Request]:
    """Return all requests in the database by id."""
    async with open_store(url) as store:
        return {request.id: request for request in await store.read(_all)}


def _all(work: UnitOfWork) -> list[Request]:
    guilds = {guild for state in State for guild in work.requests.per_guild(state)}
    return [request for guild in guilds for request in work.requests.of_guild(guild, *State, limit=1_000_000)]


def complaints(
    discord: LocalDiscord, provider: LocalProvider, songs: Iterable[Song], requests: Mapping[int, Request]
) -> Iterator[str]:
    """Yield a sentence about every wrong song."""
    tasks = Counter(str(task.body.get("prompt")) for task in provider.tasks)
    posts = _posts(discord)
    for song in songs:
        request = requests.get(song.id)
        for words in _of(song, request, tasks[song.prompt], posts):
            yield f"{song.prompt} ({song.id}): {words}"


def _of(song: Song, request: Request | None, tasks: int, posts: Mapping[str, list[Message]]) -> Iterator[str]:
    results = posts[str(song.id)] + posts[f"dm{song.id}"] + _unmarked(song)
    if request is None:
        shown = song.invocation.shown
        if tasks or results or (shown is not None and not shown.ephemeral):
            yield f"not in the database, but {tasks} tasks, {len(results)} results, and it shows {shown}"
        return
    state = request.state
    if state not in ENDED:
        yield f"still {state}"
        return
    if tasks > 1:
        yield f"{tasks} tasks"
    if len(results) != (state is State.DELIVERED):
        yield f"{state} with {len(results)} results"
    if state is State.DELIVERED and tasks != 1:
        yield f"{state} with {tasks} tasks"
    messages = [
        message for message in (song.invocation.shown, *posts[f"end{song.id}"]) if message is not None
    ]
    messages += posts[f"dmend{song.id}"]
    says = "\n".join(line for message in messages for line in message_lines(message))
    if TITLES.get(state, "") not in says and song.invocation.answers:
        yield f"{state}, but the member reads: {says}"
    if state in RETURNED and BACK not in says and song.invocation.answers:
        yield f"{state}, but of the credits the member reads: {says}"


def _posts(discord: LocalDiscord) -> Mapping[str, list[Message]]:
    """Return the bot's posts by nonce."""
    found: dict[str, list[Message]] = defaultdict(list)
    for channel in discord.state.world.channels.values():
        for message in channel.messages:
            if message.author.is_bot and message.nonce and not message.deleted:
                found[str(message.nonce)].append(message)
    return found


def _unmarked(song: Song) -> list[Message]:
    """Return the results that were posted as follow-ups, which have no nonce."""
    return [
        message
        for message in song.invocation.followups
        if not message.ephemeral and not message.deleted and message.attachments
    ]
