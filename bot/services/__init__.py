"""What the product does, over ports: all services, and how they are built."""

from dataclasses import dataclass

from bot.services.credits.statements import QuotaService
from bot.services.library.playlists import PlaylistService
from bot.services.library.songs import SongLibrary
from bot.services.moderation.allowances import Allowances
from bot.services.moderation.approvals import Approvals
from bot.services.moderation.guild_settings import GuildSettingsService
from bot.services.moderation.members import MemberModeration
from bot.services.moderation.news import MemberNews
from bot.services.moderation.words import ForbiddenWords
from bot.services.operator import OperatorService
from bot.services.ports import MediaSource
from bot.services.privacy.guild_membership import GuildMembership
from bot.services.privacy.retention import RetentionConfig
from bot.services.privacy.service import PrivacyService
from bot.services.requests.placement import SongConfig
from bot.services.requests.queue_service import QueueService
from bot.services.requests.service import RequestService
from bot.services.served_guilds import ServedGuildsCache
from bot.services.unit_of_work import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that commands and buttons use."""

    requests: RequestService
    quotas: QuotaService
    members: MemberModeration
    news: MemberNews
    allowances: Allowances
    queue: QueueService
    guild_settings: GuildSettingsService
    approvals: Approvals
    words: ForbiddenWords
    operator: OperatorService
    privacy: PrivacyService
    guilds: GuildMembership
    playlists: PlaylistService
    songs: SongLibrary
    served: ServedGuildsCache


def build_services(
    store: Store,
    *,
    config: SongConfig,
    media: MediaSource,
    retention: RetentionConfig = RetentionConfig(),  # noqa: B008 - frozen
) -> Services:
    """Build the services over one store."""
    clock = store.clock
    served = ServedGuildsCache(store, config.served)
    return Services(
        requests=RequestService(store, config=config, clock=clock),
        quotas=QuotaService(store, policy=config.policy, cost=config.cost, caps=config.caps, clock=clock),
        members=MemberModeration(store, policy=config.policy, clock=clock),
        news=MemberNews(store),
        allowances=Allowances(store, policy=config.policy, clock=clock),
        guild_settings=GuildSettingsService(store, config=config, clock=clock),
        approvals=Approvals(store, clock=clock),
        words=ForbiddenWords(store, clock=clock),
        queue=QueueService(store, slots=config.slots, clock=clock),
        operator=OperatorService(store, served, config=config, clock=clock),
        privacy=PrivacyService(store, config=retention, policy=config.policy, clock=clock),
        guilds=GuildMembership(store, clock=clock),
        playlists=PlaylistService(store, clock=clock),
        songs=SongLibrary(store, media=media, clock=clock),
        served=served,
    )
