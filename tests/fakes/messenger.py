"""A messenger in memory."""

import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.domain.digests import Digest
from bot.domain.errors import (
    AnsweredElsewhereError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import ReplyAddress
from bot.domain.welcomes import WelcomeCard
from bot.services.cards import ApprovalCard, ResultCard, StatusCard
from bot.services.ports import (
    ChannelTarget,
    Claim,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MessageForm,
    MessageRef,
    Target,
    unclaimed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit of a status message that took effect."""

    address: ReplyAddress
    card: StatusCard
    token: str | None
    form: MessageForm = MessageForm.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message that was posted."""

    target: Target
    card: ResultCard | StatusCard
    files: tuple[Media | None, ...]
    posted: MessageRef
    form: MessageForm = MessageForm.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One post that forwards or answers another one."""

    nonce: str
    to: MessageRef
    posted: MessageRef


@dataclass(slots=True)
class FakeMessenger:
    """A messenger that records; `failures` are raised one per call, and None lets a call succeed.

    With `lose_replies` a call that fails for no definite reason has had its effect all the same, as when a
    connection breaks late.
    """

    failures: deque[MessengerError | None] = field(default_factory=deque)
    lose_replies: bool = False
    status_id: int = 3
    """The id of any status message that is reached by a token alone."""
    edits: list[Edit] = field(default_factory=list)
    results: list[Post] = field(default_factory=list)
    endings: list[Post] = field(default_factory=list)
    changes: dict[int, tuple[AuditEntry, MessageRef]] = field(default_factory=dict)
    """By their ids."""
    approvals: dict[int, tuple[MessageRef, list[ApprovalCard]]] = field(default_factory=dict)
    """The approval messages by request id; the newest one if there are two."""
    references: dict[str, Reference] = field(default_factory=dict)
    """The posts in showcases by their nonces, forwards and buttons."""
    news: dict[tuple[int, tuple[int, ...]], MessageRef] = field(default_factory=dict)
    """The news of members: who was told of which entries."""
    fails_before_claim: MessengerError | None = None
    """What refuses news before anything is sent."""
    on_news: Callable[[], Awaitable[object]] | None = None
    """What happens just before news are claimed."""
    inviters: dict[int, int | None] = field(default_factory=dict)
    """Who added the bot to each server."""
    welcomes: list[tuple[WelcomeCard, MessageRef]] = field(default_factory=list)
    digests: list[tuple[Digest, MessageRef]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    """The ids of messages that were deleted."""
    knows_repeats: bool = True
    """False if the nonces of the moderators' posts have expired, as at Discord after minutes."""
    answered_elsewhere: set[int] = field(default_factory=set)
    """The requests whose commands another copy of the bot answered."""
    forms: list[MessageForm] = field(default_factory=list)
    """The form of each accepted approval message and decision."""
    doubled: int = 0
    """The number of posts that moderators see twice."""
    _by_nonce: dict[str, Post] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def edit_status(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str | None,
        form: MessageForm = MessageForm.FULL,
    ) -> int:
        """Record the edit; by the token it reaches a message whose id only Discord knows."""
        failure = self._next_failure()
        if failure is None or self._has_effect(failure):
            if token is None and address.message_id is None:
                raise MessageGoneError
            self.edits.append(Edit(address=address, card=card, token=token, form=form))
        if failure is not None:
            raise failure
        return address.message_id or self.status_id

    async def find_answer(self, address: ReplyAddress, card: StatusCard, *, token: str) -> int:
        """Return the status message's id, unless another copy of the bot answered."""
        failure = self._next_failure()
        if failure is not None:
            raise failure
        said = [edit.card.placement for edit in self.edits if edit.card.request_id == card.request_id]
        if card.request_id in self.answered_elsewhere or said[-1:] not in ([], [card.placement]):
            raise AnsweredElsewhereError
        return address.message_id or self.status_id

    async def post_result(
        self,
        target: Target,
        card: ResultCard,
        files: tuple[Media | None, ...],
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Record the result, once per request unless it is a follow-up."""
        await claim()
        return self._post(self.results, target, card, files=files, nonce=str(card.request_id), form=form)

    async def find_result(self, target: Target, card: ResultCard) -> MessageRef | None:
        """Return the result that was posted in the channel that the target leads to."""
        failure = self._next_failure()
        if failure is not None:
            raise failure
        found = [p for p in self.results if p.card.request_id == card.request_id]
        return next((p.posted for p in found if _place_of(p.target) == _place_of(target)), None)

    async def post_ending(
        self,
        target: Target,
        card: StatusCard,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Record the ending, once per request unless it is a follow-up."""
        await claim()
        return self._post(self.endings, target, card, files=(), nonce=f"end{card.request_id}", form=form)

    async def forward_result(
        self, channel_id: int, source: MessageRef, request_id: int, *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Record the forward, once per request."""
        return await self._refer(channel_id, source, f"show{request_id}", claim)

    async def post_showcase(
        self, forward: MessageRef, card: ResultCard, *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Record the buttons, once per request."""
        return await self._refer(forward.channel_id, forward, f"hearts{card.request_id}", claim)

    async def _refer(self, channel_id: int, to: MessageRef, nonce: str, claim: Claim) -> MessageRef:
        await claim()
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        if to.message_id in self.deleted:
            raise MessageGoneError
        known = self.references.get(nonce) if self.knows_repeats else None
        if known is None:
            known = Reference(nonce=nonce, to=to, posted=MessageRef(channel_id, next(self._ids)))
            self.references[nonce if nonce not in self.references else f"{nonce} again"] = known
        if failure is not None:
            raise failure
        return known.posted

    async def find_reference(self, channel_id: int, to: MessageRef) -> MessageRef | None:
        """Return what was posted in that channel in answer to the message."""
        failure = self._bot_failure()
        if failure is not None:
            raise failure
        found = (one.posted for one in self.references.values() if one.to == to)
        return next((posted for posted in found if posted.channel_id == channel_id), None)

    async def delete_post(self, post: MessageRef) -> None:
        """Record that the post is gone."""
        failure = self._bot_failure()
        if failure is not None:
            raise failure
        self.deleted.append(post.message_id)

    async def post_approval(
        self,
        channel_id: int,
        card: ApprovalCard,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Record the request, once."""
        await claim()
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        if card.request_id in self.approvals and not self.knows_repeats:
            del self.approvals[card.request_id]
            self.doubled += 1
        posted = MessageRef(channel_id, next(self._ids))
        known = self.approvals.setdefault(card.request_id, (posted, [card]))
        self.forms.append(form)
        if failure is not None:
            raise failure
        return known[0]

    async def find_approval(self, channel_id: int, request_id: int) -> MessageRef | None:
        """Return what was posted in that channel about the request."""
        failure = self._bot_failure()
        if failure is not None:
            raise failure
        posted = self.approvals[request_id][0] if request_id in self.approvals else None
        return posted if posted is not None and posted.channel_id == channel_id else None

    async def edit_approval(
        self, channel_id: int, message_id: int, card: ApprovalCard, *, form: MessageForm = MessageForm.FULL
    ) -> None:
        """Record what the moderators read."""
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        posted, cards = self.approvals[card.request_id]
        assert posted == MessageRef(channel_id, message_id)
        cards.append(card)
        self.forms.append(form)
        if failure is not None:
            raise failure

    async def post_audit_entry(
        self,
        channel_id: int,
        change: AuditEntry,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Record the decision, once."""
        await claim()
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        self.forms.append(form)
        known = self.changes.setdefault(change.id, (change, MessageRef(channel_id, next(self._ids))))
        if failure is not None:
            raise failure
        return known[1]

    async def post_digest(self, channel_id: int, digest: Digest, *, claim: Claim = unclaimed) -> MessageRef:
        """Record the digest, once a week in each server."""
        await claim()
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        same = (
            ref for one, ref in self.digests if (one.guild_id, one.week) == (digest.guild_id, digest.week)
        )
        known = next(same, None)
        if known is None or not self.knows_repeats:
            known = MessageRef(channel_id, next(self._ids))
            self.digests.append((digest, known))
        if failure is not None:
            raise failure
        return known

    async def post_news(
        self, user_id: int, news: Sequence[AuditEntry], *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Record the news, once."""
        if self.fails_before_claim:
            raise self.fails_before_claim
        if self.on_news:
            await self.on_news()
        await claim()
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        ids = tuple(entry.id for entry in news)
        known = self.news.setdefault((user_id, ids), MessageRef(-user_id, next(self._ids)))
        if failure is not None:
            raise failure
        return known

    async def post_welcome(
        self, target: Target, card: WelcomeCard, *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Record the welcome, once in each place."""
        await claim()
        failure = self._bot_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        place = _place_of(target)
        known = next((ref for _, ref in self.welcomes if ref.channel_id == place), None)
        if known is None or not self.knows_repeats:
            known = MessageRef(place, next(self._ids))
            self.welcomes.append((card, known))
        if failure is not None:
            raise failure
        return known

    async def find_inviter(self, guild_id: int) -> int | None:
        """Find who added the bot."""
        if guild_id not in self.inviters:
            raise NoAccessError("403 50013")
        return self.inviters[guild_id]

    async def find_welcome(self, channel_id: int, *, since: datetime) -> MessageRef | None:
        """Find the welcome in the channel."""
        failure = self._bot_failure()
        if failure is not None:
            raise failure
        return next((ref for _, ref in reversed(self.welcomes) if ref.channel_id == channel_id), None)

    def _post(
        self,
        posts: list[Post],
        target: Target,
        card: ResultCard | StatusCard,
        *,
        files: tuple[Media | None, ...],
        nonce: str,
        form: MessageForm,
    ) -> MessageRef:
        failure = self._next_failure()
        if failure is not None and not self._has_effect(failure):
            raise failure
        if isinstance(target, FollowUpTarget) and target.address.token is None:
            raise TokenExpiredError
        nonce = f"dm{nonce}" if isinstance(target, DirectMessageTarget) else nonce
        known = None if isinstance(target, FollowUpTarget) else self._by_nonce.get(nonce)
        if known is None:
            known = Post(
                target=target,
                card=card,
                files=files,
                posted=MessageRef(_place_of(target), next(self._ids)),
                form=form,
            )
            posts.append(known)
            if not isinstance(target, FollowUpTarget):
                self._by_nonce[nonce] = known
        if failure is not None:
            raise failure
        return known.posted

    def _has_effect(self, failure: MessengerError) -> bool:
        return self.lose_replies and isinstance(failure, RetryableError)

    def _bot_failure(self) -> MessengerError | None:
        """Return the next failure of what is sent with the bot's own token, which never expires."""
        failure = self._next_failure()
        return None if isinstance(failure, TokenExpiredError) else failure

    def _next_failure(self) -> MessengerError | None:
        return self.failures.popleft() if self.failures else None


def _place_of(target: Target) -> int:
    """Return the channel of the target's posts."""
    match target:
        case ChannelTarget(channel_id):
            return channel_id
        case DirectMessageTarget(user_id):
            return -user_id
        case FollowUpTarget(address):
            return address.channel_id
