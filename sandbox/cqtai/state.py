"""The state of the local provider, shared by its routes and its observers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.cqtai.faults import ActiveFaults
from sandbox.cqtai.inspiration import MODELS
from sandbox.cqtai.songs import ODD_TITLES
from sandbox.cqtai.tasks import TaskRegister


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a provider account, apart from its key and its pace."""

    credits: int = 1_000_000
    """The balance at the start."""
    rate: float = 1.0
    """The account's rate on the 30 credits of a task."""
    models: tuple[str, ...] = MODELS
    """Those enabled for the account."""
    unknown_playlists: frozenset[str] = frozenset()
    """Playlist ids that are refused as not found; any other UUID is known."""
    errors_as_http: bool = False
    """Whether refusals use the HTTP status too; otherwise they are HTTP 200 with a code."""
    spread: float = 0.0
    """Sigma of the lognormal distribution of the songs' times; 0: all take the same time."""
    audio_s: float | None = None
    """A cap on the real length of audio files, if the audio is not played; None: as long as stated."""
    cover_px: int | None = None
    """A cap on the edges of covers, if nobody looks at them; None: as large as Suno's."""
    odd_titles: float = ODD_TITLES
    """The share of titles in other scripts or with markup in them; a demo has none."""
    port: int = 0
    """0: any free port."""


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request that reached the provider."""

    method: str
    path: str
    """With the query string."""
    body: bytes
    status: int | None
    """None when the connection was dropped, or the client left, before a reply."""
    at_s: float
    """When it arrived, in seconds since the epoch by the provider's clock."""


@dataclass(slots=True)
class ProviderState:
    """Everything that changes while the provider runs."""

    key: str
    terms: Terms
    faults: ActiveFaults
    register: TaskRegister
    clock: Callable[[], float]
    unknown_playlists: set[str]
    origin: str = ""
    requests: list[RequestLine] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def settle(self) -> float:
        """End what is due, and return the time by the provider's clock."""
        now_s = self.clock()
        if self.register.settle(now_s):
            self.notify()
        return now_s

    def notify(self) -> None:
        """Call every listener after a change."""
        for listener in tuple(self.listeners):
            listener()
