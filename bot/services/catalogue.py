"""All that the commands and buttons are given to work with."""

from dataclasses import dataclass

from bot.services.allowances import Allowances
from bot.services.approvals import Approvals
from bot.services.guild_rules import GuildRules
from bot.services.moderation import Moderation
from bot.services.operation import Operation
from bot.services.placing import SongRules
from bot.services.playlists import SavedPlaylists
from bot.services.ports import MediaSource
from bot.services.privacy import Privacy
from bot.services.queue import Queue
from bot.services.quotas import Quotas
from bot.services.retention import RetentionRules
from bot.services.servers import Servers
from bot.services.songbook import Songbook
from bot.services.songs import Songs
from bot.services.work import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the product does, one service a subject."""

    songs: Songs
    quotas: Quotas
    moderation: Moderation
    allowances: Allowances
    queue: Queue
    rules: GuildRules
    approvals: Approvals
    operation: Operation
    privacy: Privacy
    servers: Servers
    playlists: SavedPlaylists
    songbook: Songbook


def services_of(
    store: Store,
    *,
    rules: SongRules,
    media: MediaSource,
    retention: RetentionRules = RetentionRules(),  # noqa: B008 - frozen
) -> Services:
    """The services over one store, by these rules."""
    clock = store.clock
    return Services(
        songs=Songs(store, rules=rules, clock=clock),
        quotas=Quotas(store, policy=rules.policy, clock=clock),
        moderation=Moderation(store, policy=rules.policy, clock=clock),
        allowances=Allowances(store, policy=rules.policy, clock=clock),
        rules=GuildRules(
            store,
            policy=rules.policy,
            models=rules.models,
            default_model=rules.default_model,
            clock=clock,
        ),
        approvals=Approvals(store, clock=clock),
        queue=Queue(store, places=rules.places, clock=clock),
        operation=Operation(store, places=rules.places, cost=rules.cost, clock=clock),
        privacy=Privacy(store, rules=retention, policy=rules.policy, clock=clock),
        servers=Servers(store, clock=clock),
        playlists=SavedPlaylists(store, clock=clock),
        songbook=Songbook(store, media=media, clock=clock),
    )
