"""The invariants of all requests, checked by the provider's, Discord's and the ledger's own records."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from bot.chat.delivery.status_message import TITLES, UNSEEN_TITLE
from bot.chat.messages.audit import NEWS
from bot.domain.ledger import Entry, TransferKind
from bot.domain.requests import RETURNED, Request, State
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import audit_database
from sandbox.cqtai.tasks import TaskSnapshot
from sandbox.discord.model.message import Message
from tests.harness.crash import Asked, CrashHarness
from tests.harness.message_readers import seen, title

END_TITLES = {
    state: TITLES[state]
    for state in (
        State.DELIVERED,
        State.UNDELIVERABLE,
        State.FAILED,
        State.EXPIRED,
        State.UNCERTAIN,
        State.CANCELLED,
    )
}
MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class Traces:
    """The records of one request at the provider, in Discord and in the database."""

    asked: Asked
    tasks: list[TaskSnapshot]
    submissions: int
    results: list[Message]
    endings: list[Message]
    first: Request | None
    """What was placed."""
    request: Request | None
    """The same, or the request to which its late task was attached."""
    given_back: Counter[TransferKind]
    """The transfers of the first, where there is another."""
    transfers: Counter[TransferKind]
    pings: bool
    """Whether each failure is told in a message of its own, too."""
    status: Message | None
    """The answer to the command, where the member can see it."""

    def complaints(self, *, refusals: bool) -> Iterator[str]:
        """Yield every violation of an invariant; after refusals a request can be submitted again."""
        if self.request is None:
            if self.tasks or self.results or self.endings or self.submissions:
                yield "it was never placed, and yet something came of it"
            return
        state = self.request.state
        if state not in END_TITLES:
            yield f"it is still {state}"
        if len(self.tasks) > 1 or (self.submissions > 1 and not refusals):
            yield f"{self.submissions} submissions, {len(self.tasks)} tasks"
        made = state in {State.DELIVERED, State.UNDELIVERABLE}
        if made and len(self.tasks) != 1:
            yield f"{state} with {len(self.tasks)} tasks"
        if state is State.CANCELLED and self.submissions:
            yield "cancelled, and submitted all the same"
        unseen = state is State.UNDELIVERABLE and self.request.result_channel_id is not None
        if len(self.results) not in ({0, 1} if unseen else {int(state is State.DELIVERED)}):
            yield f"{state} with {len(self.results)} results"
        if self.request is not self.first:
            yield from self._give_up_errors()
        expected = Counter([TransferKind.PENDING, TransferKind.POST if made else TransferKind.VOID])
        if self.transfers != expected:
            yield f"{state} with the transfers {dict(self.transfers)}"
        yield from self._message_errors(state, UNSEEN_TITLE if unseen else END_TITLES.get(state))

    def _give_up_errors(self) -> Iterator[str]:
        if self.first is None or self.first.state is not State.UNCERTAIN:
            yield "it goes on as another request, and was never given up"
        if self.given_back != Counter([TransferKind.PENDING, TransferKind.VOID]):
            yield f"given up with the transfers {dict(self.given_back)}"

    def _message_errors(self, state: State, expected: str | None) -> Iterator[str]:
        said = [one.content for one in self.asked.invocation.followups if one.ephemeral]
        false_alarms = [words for words in said if not words.startswith(NEWS)]
        if false_alarms:
            yield f"{state}, but the member was told {false_alarms}"
        if self.status is None:
            endings = {1} if state in RETURNED else {0, 1} if state is State.UNDELIVERABLE else {0}
            if len(self.endings) not in endings:
                yield f"{state} without a status message and with {len(self.endings)} endings"
            return
        says = seen(self.status)
        if title(self.status) != expected or bool(self.status.content) is bool(self.status.embeds):
            yield f"{state}, but its status says: {says}"
        if (state in RETURNED) != ("credits are back" in says):
            yield f"{state}, but of the credits its status says: {says}"
        if len(self.endings) != int(self.pings and state in RETURNED):
            yield f"{state} with a status message and {len(self.endings)} endings"


def traces(crash: CrashHarness) -> list[Traces]:
    """Return the records of each request; no bot must be running."""
    requests, posts, lines = crash.requests(), bot_posts(crash), crash.provider.requests
    transfers = _transfers(crash)
    return [
        Traces(
            asked=asked,
            tasks=[task for task in crash.provider.tasks if task.body.get("prompt") == asked.prompt],
            submissions=sum(f'"{asked.prompt}"'.encode() in line.body for line in lines),
            results=results_of(crash, asked),
            endings=[post for post in posts if post.nonce in {f"end{asked.id}", f"dmend{asked.id}"}],
            pings=crash.bot.ping_after_s == 0,
            status=status_of(crash, asked),
            first=requests.get(asked.id),
            request=requests.get(goes_on_as(asked, requests)),
            given_back=transfers[asked.id],
            transfers=transfers[goes_on_as(asked, requests)],
        )
        for asked in crash.asked
    ]


def goes_on_as(asked: Asked, requests: Mapping[int, Request]) -> int:
    """Return the id of the request that counts in the end."""
    return asked.status_id if asked.status_id is not None and asked.status_id in requests else asked.id


async def assert_invariants(crash: CrashHarness, *, refusals: bool = False) -> dict[int, State]:
    """Check that nothing was lost, posted twice or wrongly charged; return how each request ended."""
    assert audit_database(crash.database_url)[0] == []
    found = traces(crash)
    complaints = [
        f"{one.asked.prompt}: {words}" for one in found for words in one.complaints(refusals=refusals)
    ]
    assert complaints == [], "\n".join([*complaints, crash.bot.log()[-6000:]])
    spent = sum(task.charged - task.refunded for task in crash.provider.tasks)
    assert crash.provider.credits.spent == spent
    return {one.asked.id: one.request.state for one in found if one.request is not None}


def bot_posts(crash: CrashHarness) -> list[Message]:
    """Return everything that the bot posted by bot token, in any channel, and that is still there."""
    channels = crash.discord.state.world.channels.values()
    own = (message for channel in channels for message in channel.messages if message.author.is_bot)
    return [message for message in own if message.nonce is not None and not message.deleted]


def results_of(crash: CrashHarness, asked: Asked) -> list[Message]:
    """Return the messages with the song, posted by bot token or as follow-ups."""
    nonces = {f"{way}{request_id}" for way in ("", "dm") for request_id in (asked.id, asked.status_id)}
    posts = [post for post in bot_posts(crash) if str(post.nonce) in nonces]
    return posts + [post for post in asked.invocation.followups if not post.ephemeral]


def status_of(crash: CrashHarness, asked: Asked) -> Message | None:
    """Return the answer to the command, if it came and is still there."""
    status = asked.invocation.original
    gone = status is None or status.deleted or status.channel_id not in crash.discord.state.world.channels
    return None if gone else status


def is_delivered(crash: CrashHarness, asked: Asked) -> bool:
    """Tell whether the member has learned how it ended."""
    status = status_of(crash, asked)
    if status is not None:
        return title(status) in {*END_TITLES.values(), UNSEEN_TITLE}
    endings = [post for post in bot_posts(crash) if post.nonce in {f"end{asked.id}", f"dmend{asked.id}"}]
    return bool(endings or results_of(crash, asked))


async def all_delivered(crash: CrashHarness, *ids: int) -> None:
    """Wait until the members have learned how these requests ended; each has the full time."""
    for asked in [asked for asked in crash.asked if asked.id in ids]:
        try:
            await crash.until(partial(is_delivered, crash, asked))
        except TimeoutError as error:
            left = [one.prompt for one in crash.asked if one.id in ids and not is_delivered(crash, one)]
            raise AssertionError(f"not told: {left}\n{crash.bot.log()[-6000:]}") from error


def _transfers(crash: CrashHarness) -> dict[int | None, Counter[TransferKind]]:
    """Return the transfers by the requests that they are for."""
    members = {asked.user_id for asked in crash.asked}
    entries = crash.read(_entries, crash.discord.guild.id, sorted(members))
    kinds: dict[int | None, Counter[TransferKind]] = defaultdict(Counter)
    for entry in entries:
        kinds[entry.request_id][entry.kind] += 1
    return kinds


def _entries(uow: UnitOfWork, guild_id: int, members: list[int]) -> list[Entry]:
    return [
        entry for user_id in members for entry in uow.ledger.entries(guild_id, user_id, limit=MAX_ENTRIES)
    ]
