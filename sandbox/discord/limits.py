"""The limits that the sandbox enforces, all of them settable."""

from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """So many requests in so many seconds."""

    requests: int
    per_s: float
    leaks: bool = False
    """Whether it empties little by little, as most of Discord's routes do since 2022, instead of all at once.

    See https://github.com/discord/discord-api-docs/issues/7680.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Discord's limits; the rates are observed by many, but not published."""

    interaction_deadline_s: float = 3.0
    """How long the first answer to an interaction may take."""
    interaction_token_s: float = 900.0
    """How long an interaction's token lives."""
    attachment_size: int = 10 * MIB
    """Bytes of one file that the bot posts in direct messages, or in a guild that nobody boosts."""
    member_attachment_size: int = 0
    """What the members' own subscriptions allow in answers to their interactions, if that is more."""
    request_size: int = 25 * MIB
    """Bytes of all files of a request."""
    nonce_s: float = 300.0
    """How long a nonce finds the message that it was first sent with."""
    old_message_s: float = 3600.0
    """From what age on edits of a message are limited further."""
    old_message_edits: Bucket = field(default_factory=lambda: Bucket(requests=30, per_s=3600.0))
    """Edits of messages of that age, per channel; the true figure is not known."""
    bot_requests: Bucket = field(default_factory=lambda: Bucket(requests=50, per_s=1.0))
    """All requests by bot token together."""
    interaction_webhook: Bucket = field(default_factory=lambda: Bucket(requests=5, per_s=2.0, leaks=True))
    """Webhook requests of one interaction."""
    channel_webhook: Bucket = field(default_factory=lambda: Bucket(requests=30, per_s=60.0, leaks=True))
    """Messages posted by webhook in one channel."""
    channel_route: Bucket = field(default_factory=lambda: Bucket(requests=5, per_s=5.0, leaks=True))
    """Requests on one bot route that changes a channel's messages, per channel."""
    direct_openings: Bucket = field(default_factory=lambda: Bucket(requests=10, per_s=10.0))
    """New conversations with people; the true figure is not known."""
    other_route: Bucket = field(default_factory=lambda: Bucket(requests=50, per_s=1.0, leaks=True))
    """Requests on any other bot route."""
    invalid_requests: Bucket = field(default_factory=lambda: Bucket(requests=10_000, per_s=600.0))
    """401, 403 and 429 answers after which every request is turned away."""
    command_creates: Bucket = field(default_factory=lambda: Bucket(requests=200, per_s=86_400.0))
    """New commands in one guild, or globally."""
    identifies: Bucket = field(default_factory=lambda: Bucket(requests=1_000, per_s=86_400.0))
    """New gateway sessions."""
    max_concurrency: int = 1
    """How many shards may IDENTIFY at once (`max_concurrency` of the session start limit)."""
    identify_window_s: float = 5.0
    """How long one such turn lasts; with 0 tests begin as many sessions at once as they like."""
    shard_guilds: int = 2500
    """How many guilds one shard may have; more close it with 4011."""
    session_s: float = 180.0
    """How long a session without a connection can be resumed; Discord says "a few minutes"."""
    heartbeat_interval_s: float = 41.25
    """How often a gateway client must send a heartbeat."""
    gateway_commands: Bucket = field(default_factory=lambda: Bucket(requests=120, per_s=60.0))
    """What a client may send over one gateway connection; more closes it with 4008."""
