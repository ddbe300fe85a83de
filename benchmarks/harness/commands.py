"""Every operation that commands, buttons, autocompletes and workers run, called with sample arguments.

The operations are found by their signatures, so that a new one is called as well.
"""

import inspect
import types
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from itertools import count
from typing import Any, Union, get_args, get_origin, get_type_hints

from benchmarks.harness.year import CHANNEL, GUILD, HEAVY, MEMBER, MODERATOR, OTHERS
from bot.domain.audit import Action
from bot.domain.errors import RefusalError
from bot.domain.guild_settings import GuildSettings
from bot.domain.personal_data import PendingRequestsError
from bot.domain.polling import PollLimits
from bot.domain.quotas import Period, Policy
from bot.domain.song_form import SongSource
from bot.domain.song_options import SongOptions
from bot.domain.songs import TopPeriod, Viewer
from bot.services import Services, build_services
from bot.services.audit_log import Actor
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.delivery.result_message import ResultDelivery
from bot.services.privacy.retention import CleanupHandler, RetentionConfig
from bot.services.provider.poller import Poller
from bot.services.provider.submitter import ProviderLimits, Submitter
from bot.services.requests.placement import RequestContext, SongConfig
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork
from sandbox.cqtai import PLAYLISTS
from tests.fakes.media import FakeMedia
from tests.fakes.messenger import FakeMessenger
from tests.fakes.provider import FakeProvider

CONFIG = SongConfig(
    models=("v55", "v40"),
    default_model="v55",
    cost=30,
    policy=Policy(allowance=1_000_000, period=Period.WEEK, max_active=1000, cooldown_s=0),
    slots=10,
    token_life_s=870,
    edit_spacing_s=4,
)
ENDLESS = frozenset({"served.run"})
"""Operations that never return."""
LAST = ("guilds.record_left", "operator.deny", "members.block", "privacy.erase")
"""Operations after which others would be refused."""
DAYS = 30


VARIANTS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("songs.songs, one member's", "songs.songs", {"user_id": HEAVY}),
    ("songs.songs, last page", "songs.songs", {"number": 10**6}),
    ("songs.best of a week", "songs.best", {"span": TopPeriod.WEEK}),
    ("songs.suggestions, nothing found", "songs.suggestions", {"typed": "no such title"}),
    ("allowances.audit_log, about a member", "allowances.audit_log", {"subject_id": HEAVY}),
    ("quotas.report of a year", "quotas.report", {"days": 366}),
)
"""Other arguments: a label, the operation, and what differs from the samples."""


async def commands_over(store: Store) -> "Commands":
    """Return the operations as the program wires them, with fakes for Discord and the provider."""
    here = Viewer(guild_id=GUILD, user_id=MEMBER, channel_ids=frozenset({CHANNEL}))
    clock, media, messenger, provider = store.clock, FakeMedia(), FakeMessenger(), FakeProvider()
    limits = ProviderLimits(CONFIG.slots, PollLimits())
    delivery = ResultDelivery(store, messenger, media, attach_audio=True, clock=clock)
    workers = (
        Submitter(store, provider, owner="w", limits=limits, clock=clock),
        Poller(store, provider, owner="w", limits=limits, give_up_s=900, clock=clock, random=lambda: 0.5),
        OutboxDispatcher(store, messenger, media, delivery, owner="w", config=CONFIG, clock=clock),
        CleanupHandler(store, config=RetentionConfig(), clock=clock),
    )
    services = build_services(store, config=CONFIG, media=media)
    newest = (await services.songs.songs(here, None, 0)).items[0]
    return Commands(store, services, workers, newest.request.id)


PLACING = frozenset({"approvals.approve", "approvals.decline", "requests.cancel", "queue.cancel"})
"""Operations on a request that is placed first, whatever the ones before have settled."""


def _reset(uow: UnitOfWork) -> None:
    uow.guilds.get_for_update(GUILD)
    uow.guilds.update(GUILD, GuildSettings())


_RESET = NamedUnit("benchmarks.reset", _reset)


class NoSampleError(Exception):
    """A parameter for which no sample argument is known."""


@dataclass(slots=True)
class Commands:
    """All operations over one store that has a year's songs."""

    store: Store
    services: Services
    workers: Sequence[Submitter | Poller | OutboxDispatcher | CleanupHandler]
    song_id: int
    """A finished song of the large server."""
    _ids: Iterator[int] = field(default_factory=lambda: count(2**62))

    def names(self) -> list[str]:
        """Return the names of the services' operations, those last that make others impossible."""
        found = [
            f"{service}.{name}"
            for service, kind in get_type_hints(Services).items()
            for name, function in vars(kind).items()
            if inspect.iscoroutinefunction(function) and not name.startswith("_")
        ]
        return [name for name in found if name not in {*LAST, *ENDLESS}] + list(LAST)

    async def call(self, name: str, **given: object) -> None:
        """Call the operation, with samples for what is not given; a refusal is a result, too."""
        service, method = name.split(".")
        operation: Callable[..., Awaitable[object]] = getattr(getattr(self.services, service), method)
        await self._prepare(name, given)
        with suppress(RefusalError, PendingRequestsError):
            await operation(**self._arguments(operation, given))

    async def _prepare(self, name: str, given: dict[str, object]) -> None:
        if name in PLACING:
            await self.store.write(_RESET)
        if name in {"approvals.approve", "approvals.decline"}:
            await self.services.guild_settings.set_approval(self.actor(), channel_id=CHANNEL)
        if name in PLACING:
            card = await self.services.requests.place(SongOptions(playlist=PLAYLISTS[0].id), self.context())
            given.setdefault("request_id", card.request_id)
        if name == "songs.file":
            given["song"] = await self.services.songs.show(self.song_id, self.viewer())
        if name in {"operator.deny", "guilds.record_left"}:
            given.setdefault("guild_id", OTHERS + 1)

    def _arguments(
        self, operation: Callable[..., Awaitable[object]], given: dict[str, object]
    ) -> dict[str, object]:
        hints = get_type_hints(operation)
        named = {
            "guild_id": GUILD, "user_id": HEAVY, "request_id": self.song_id, "days": DAYS,
            "number": 1, "clip": 1, "typed": "number 1", "reason": "a reason", "channel_id": CHANNEL,
            "playlist_id": PLAYLISTS[0].id, "amount": 1000, "limit": 10**6,
        }  # fmt: skip
        typed: dict[object, Callable[[], object]] = {
            Action: lambda: Action.MODEL, Actor: self.actor, Viewer: self.viewer, datetime: self.store.clock,
            RequestContext: self.context,
            SongOptions: lambda: SongOptions(playlist=PLAYLISTS[0].id),
            SongSource: lambda: SongSource(request_id=self.song_id),
        }  # fmt: skip
        return {
            name: given[name]
            if name in given
            else named[name]
            if name in named
            else _sample(hints[name], typed)
            for name, parameter in inspect.signature(operation).parameters.items()
            if name in given or parameter.default is inspect.Parameter.empty
        }

    def actor(self) -> Actor:
        """Return a moderator of the large server, with a new interaction."""
        return Actor(interaction_id=next(self._ids), guild_id=GUILD, actor_id=MODERATOR, is_moderator=True)

    def viewer(self) -> Viewer:
        """Return a member of the large server who can see its channel."""
        return Viewer(guild_id=GUILD, user_id=MEMBER, channel_ids=frozenset({CHANNEL}))

    def context(self, user_id: int = MEMBER) -> RequestContext:
        """Return a new interaction of a member of the large server."""
        number = next(self._ids)
        return RequestContext(
            interaction_id=number,
            guild_id=GUILD,
            user_id=user_id,
            channel_id=CHANNEL,
            application_id=1,
            token=f"token-{number}",
            attachment_limit=0,
        )


def _sample(hint: object, typed: dict[object, Callable[[], object]]) -> object:
    """Return a value of the type.

    Raises:
        NoSampleError: none is known.
    """
    if hint in typed:
        return typed[hint]()
    if get_origin(hint) in {Union, types.UnionType}:
        return None if types.NoneType in get_args(hint) else _sample(get_args(hint)[0], typed)
    if get_origin(hint) in {Collection, Sequence}:
        return ()
    if get_origin(hint) is Mapping:
        return {}
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return list(hint)[-1]
        if hint in {int, str, bool, float}:
            return hint(1)
        if is_dataclass(hint):
            hints: dict[str, Any] = get_type_hints(hint)
            required = (f.name for f in fields(hint) if f.default is MISSING and f.default_factory is MISSING)
            return hint(**{name: _sample(hints[name], typed) for name in required})
    if get_origin(hint) in {frozenset, tuple, list}:
        return get_origin(hint)()  # type: ignore[misc] # `get_origin` does not say that these can be called
    raise NoSampleError(f"a sample of {hint} is needed: add one to {__name__}")
