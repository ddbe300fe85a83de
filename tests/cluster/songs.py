"""Many concurrent songs, requested in two servers on different shards, and their outcomes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.tasks import TaskSnapshot
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.model.world import Guild
from tests.harness.cluster import Cluster
from tests.harness.message_readers import seen, song_link, title

READY, UNKNOWN = TITLES[State.DELIVERED], TITLES[State.UNCERTAIN]
ONE_SHARD_ON = 1 << 22
"""The difference of server ids on neighbouring shards (Discord's reference, "Sharding")."""


def other_server(bots: Cluster, *members: str) -> Guild:
    """Add a second server with these members, on the other of two shards."""
    add = bots.discord.add
    owner = bots.discord.state.world.owner
    server = add.guild("Balladeers", owner=owner, guild_id=bots.discord.guild.id + ONE_SHARD_ON)
    add.channel(server, name="songs")
    for name in members:
        add.member(server, user=add.user(name))
    return server


@dataclass(frozen=True, slots=True)
class RequestedSong:
    """A song that a member requested; its prompt is unique, also at the provider."""

    bots: Cluster
    invocation: Invocation
    server: Guild
    prompt: str

    @property
    def status(self) -> Message:
        shown = self.invocation.shown
        assert shown is not None, self.prompt
        return shown

    @property
    def says(self) -> str:
        """What the member sees now."""
        shown = self.invocation.shown
        return "nothing" if shown is None else seen(shown)

    @property
    def is_told(self) -> bool:
        """Whether the member has learned how it ended."""
        return self.invocation.shown is not None and title(self.status) in {READY, UNKNOWN}

    def complaints(self, tasks: Counter[str]) -> Iterator[str]:
        """Yield a sentence for everything that is wrong; `tasks` counts the provider's tasks by prompt."""
        results = self._results()
        says = seen(self.status)
        if tasks[self.prompt] > 1:
            yield f"{tasks[self.prompt]} tasks"
        if title(self.status) == READY:
            if tasks[self.prompt] != 1 or len(results) != 1:
                yield f"ready with {tasks[self.prompt]} tasks and {len(results)} results"
            elif len(results[0].attachments) != 2 or not song_link(self.status).endswith(f"/{results[0].id}"):
                yield f"its result has {len(results[0].attachments)} files; the status says: {says}"
        elif results or "credits are back" not in says:
            yield f"{len(results)} results, and the status says: {says}"
        if (self.invocation.answers, self.invocation.refused, self.invocation.followups) != (1, [], []):
            yield "the command was not answered once"

    def _results(self) -> list[Message]:
        channel = self.bots.discord.channel("songs", guild=self.server)
        nonce = str(self.invocation.id)
        return [post for post in channel.messages if str(post.nonce) == nonce and not post.deleted]


async def order(bots: Cluster, who: str, server: Guild, *, prompt: str) -> RequestedSong:
    """Use `/inspire` in a server as a member."""
    member = bots.discord.member(who, guild=server)
    invocation = await member.slash(
        "songs", "inspire", past_picker=True, playlist=PLAYLISTS[0].id, prompt=prompt
    )
    return RequestedSong(bots, invocation, server, prompt)


def prompt_of(task: TaskSnapshot) -> str:
    """Return the prompt of the request."""
    return str(task.body["prompt"])


def all_complaints(bots: Cluster, asked: list[RequestedSong]) -> list[str]:
    """Return a sentence for everything that is wrong with these songs."""
    tasks = Counter(prompt_of(task) for task in bots.provider.tasks)
    return [f"{one.prompt}: {words}" for one in asked for words in one.complaints(tasks)]
