"""A replacement for Discord: numbered interactions, and a messenger that records its messages."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.domain.requests import RETURNED, ReplyAddress
from bot.domain.song_options import SongOptions
from bot.domain.welcomes import WelcomeCard
from bot.services.cards import ApprovalCard, ResultCard, StatusCard
from bot.services.ports import (
    ChannelTarget,
    Claim,
    DirectMessageTarget,
    Media,
    MessageRef,
    Messenger,
    Target,
    unclaimed,
)
from bot.services.requests.placement import RequestContext
from bot.services.requests.service import RequestService
from sandbox.cqtai import PLAYLISTS

FIRST_ID = 10**18
ACCOUNT = 10**17
MEMBERS = 1000
PLAYLIST = PLAYLISTS[0].id


def request_context(number: int) -> RequestContext:
    """Return the context of a numbered interaction, by one of a thousand members."""
    return RequestContext(
        interaction_id=FIRST_ID + number,
        guild_id=ACCOUNT,
        user_id=ACCOUNT + 1 + number % MEMBERS,
        channel_id=ACCOUNT - 1,
        application_id=ACCOUNT - 2,
        token=f"token-{number}",
        attachment_limit=0,
    )


async def place(songs: RequestService, options: SongOptions, context: RequestContext) -> None:
    """Place a request and record its answer, without which it is not submitted.

    Raises:
        RefusalError: the request is not allowed now.
    """
    card = await songs.place(options, context)
    await songs.record_answer(card.request_id, card.request_id)


@dataclass(slots=True)
class RecordingMessenger(Messenger):
    """A messenger that accepts everything at once and records what members would have read."""

    clips: dict[int, list[str]] = field(default_factory=dict)
    """The posted clip ids by request, with duplicates."""
    failed: set[int] = field(default_factory=set)
    """Requests with a message that there is no song."""
    edits: Counter[int] = field(default_factory=Counter)
    _posts: int = 0

    def ended(self) -> int:
        """Return the number of requests with clips or with a message that there are none."""
        return len(self.clips.keys() | self.failed)

    async def edit_status(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str | None,  # noqa: ARG002 - the signature is the port's
        **_: object,
    ) -> int:
        """Record the status."""
        self.edits[card.request_id] += 1
        if card.state in RETURNED:
            self.failed.add(card.request_id)
        return address.message_id or card.request_id

    async def find_answer(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str,  # noqa: ARG002 - the signature is the port's
    ) -> int:
        """Return the id of the status message."""
        return address.message_id or card.request_id

    async def post_result(
        self,
        target: Target,
        card: ResultCard,
        files: tuple[Media | None, ...],  # noqa: ARG002 - the signature is the port's
        *,
        claim: Claim = unclaimed,
        **_: object,
    ) -> MessageRef:
        """Record the clips."""
        await claim()
        self.clips.setdefault(card.request_id, []).extend(shown.clip.id for shown in card.clips)
        return self._posted(target)

    async def find_result(
        self,
        target: Target,  # noqa: ARG002 - the signature is the port's
        card: ResultCard,  # noqa: ARG002 - the signature is the port's
    ) -> MessageRef | None:
        """Return None: no process crashes here, so no result is ever lost."""
        return None

    async def post_welcome(
        self,
        target: Target,
        card: WelcomeCard,  # noqa: ARG002 - the signature is the port's
        *,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Accept it: no server is joined here."""
        await claim()
        return self._posted(target)

    async def find_welcome(self, channel_id: int, *, since: datetime) -> MessageRef | None:  # noqa: ARG002 - the signature is the port's
        """Return None: none is ever lost."""
        return None

    async def post_news(
        self,
        user_id: int,
        news: Sequence[AuditEntry],  # noqa: ARG002 - the signature is the port's
        *,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Post what moderators decided for a member."""
        await claim()
        return self._posted(DirectMessageTarget(user_id))

    async def find_inviter(self, guild_id: int) -> int | None:  # noqa: ARG002 - the signature is the port's
        """Return None: no server is welcomed by a direct message."""
        return None

    async def post_digest(self, channel_id: int, *_: object, claim: Claim = unclaimed) -> MessageRef:
        """Accept it: no server wants digests here."""
        await claim()
        return MessageRef(channel_id, 0)

    # the signatures are the port's
    async def post_approval(
        self, channel_id: int, card: ApprovalCard, *, claim: Claim = unclaimed, **_: object
    ) -> MessageRef:
        """Accept it: there are no moderators here."""
        await claim()
        return MessageRef(channel_id, card.request_id)

    async def find_approval(self, channel_id: int, request_id: int) -> MessageRef | None:
        """Return None: nothing is ever lost here."""

    async def edit_approval(self, channel_id: int, message_id: int, card: ApprovalCard, **_: object) -> None:
        """Accept it."""

    async def forward_result(self, channel_id: int, *_: object, **__: object) -> MessageRef:
        """Accept it, though no song is loved here."""
        return MessageRef(channel_id, 0)

    async def post_showcase(self, forward: MessageRef, *_: object, **__: object) -> MessageRef:
        """Accept it, though no song is forwarded here."""
        return forward

    async def find_reference(self, *_: object, **__: object) -> MessageRef | None:
        """Return None: nothing is ever lost here."""

    async def delete_post(self, post: MessageRef) -> None:
        """Accept it."""

    async def post_audit_entry(
        self, channel_id: int, entry: AuditEntry, *, claim: Claim = unclaimed, **_: object
    ) -> MessageRef:
        """Accept it: there are no moderators here."""
        await claim()
        self._posts += 1
        return MessageRef(channel_id, entry.id)

    async def post_ending(
        self, target: Target, card: StatusCard, *, claim: Claim = unclaimed, **_: object
    ) -> MessageRef:
        """Record that the request ended without a song."""
        await claim()
        self.failed.add(card.request_id)
        return self._posted(target)

    def _posted(self, target: Target) -> MessageRef:
        self._posts += 1
        return MessageRef(target.channel_id if isinstance(target, ChannelTarget) else 0, self._posts)
