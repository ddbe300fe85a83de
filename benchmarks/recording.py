"""Discord at arm's length: members who ask by number, and an announcer that only remembers."""

from collections import Counter
from dataclasses import dataclass, field

from bot.domain.audit import AuditEntry
from bot.domain.requests import RETURNED, ReplyAddress
from bot.services.delivery.cards import ApprovalCard, ResultCard, StatusCard
from bot.services.ports import ChannelTarget, Claim, Media, MessageRef, Messenger, Target, unclaimed
from bot.services.requests.placement import RequestContext
from sandbox.cqtai import PLAYLISTS

FIRST_ID = 10**18
ACCOUNT = 10**17
MEMBERS = 1000
PLAYLIST = PLAYLISTS[0].id


def asked(number: int) -> RequestContext:
    """The interaction of that number, by one of a thousand members."""
    return RequestContext(
        interaction_id=FIRST_ID + number,
        guild_id=ACCOUNT,
        user_id=ACCOUNT + 1 + number % MEMBERS,
        channel_id=ACCOUNT - 1,
        application_id=ACCOUNT - 2,
        token=f"token-{number}",
        attachment_limit=0,
    )


@dataclass(slots=True)
class RecordingAnnouncer(Messenger):
    """Takes everything at once and keeps what members would have read."""

    clips: dict[int, list[str]] = field(default_factory=dict)
    """The clip ids that were posted, by request; twice posted is twice in the list."""
    told_failed: set[int] = field(default_factory=set)
    """Requests whose status said that there would be no song."""
    edits: Counter[int] = field(default_factory=Counter)
    _posts: int = 0

    async def edit_status(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str | None,  # noqa: ARG002 - the signature is the port's
        **_: object,
    ) -> int:
        """Remember what the status says."""
        self.edits[card.request_id] += 1
        if card.state in RETURNED:
            self.told_failed.add(card.request_id)
        return address.message_id or card.request_id

    async def find_answer(self, address: ReplyAddress, card: StatusCard, *, token: str) -> int:  # noqa: ARG002
        """Give the id of the status."""
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
        """Remember the clips."""
        await claim()
        self.clips.setdefault(card.request_id, []).extend(shown.clip.id for shown in card.clips)
        return self._posted(target)

    # the signature is the port's
    async def find_result(self, target: Target, card: ResultCard) -> MessageRef | None:  # noqa: ARG002
        """Nothing: nobody dies here, so nothing has to be looked for."""
        return None

    # the signatures are the port's
    async def post_approval(
        self, channel_id: int, card: ApprovalCard, *, claim: Claim = unclaimed, **_: object
    ) -> MessageRef:
        """Take it: nobody moderates here."""
        await claim()
        return MessageRef(channel_id, card.request_id)

    async def find_approval(self, channel_id: int, request_id: int) -> MessageRef | None:
        """Nothing is ever lost here."""

    async def edit_approval(self, channel_id: int, message_id: int, card: ApprovalCard, **_: object) -> None:
        """Take it."""

    async def post_audit_entry(
        self, channel_id: int, entry: AuditEntry, *, claim: Claim = unclaimed, **_: object
    ) -> MessageRef:
        """Take it: nobody moderates here."""
        await claim()
        self._posts += 1
        return MessageRef(channel_id, entry.id)

    async def post_ending(
        self, target: Target, card: StatusCard, *, claim: Claim = unclaimed, **_: object
    ) -> MessageRef:
        """Remember that it ended without a song."""
        await claim()
        self.told_failed.add(card.request_id)
        return self._posted(target)

    def _posted(self, target: Target) -> MessageRef:
        self._posts += 1
        return MessageRef(target.channel_id if isinstance(target, ChannelTarget) else 0, self._posts)
