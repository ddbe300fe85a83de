"""The messenger: status edits, results, endings, approval and audit messages, by discord.py."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, TypeVar, assert_never

import discord
from typing_extensions import override

from bot.chat.delivery.approval_message import approval_message, asks_about
from bot.chat.delivery.channel_calls import ChannelCalls, Timeouts
from bot.chat.delivery.digest_message import digest_message
from bot.chat.delivery.dm_limiter import DirectMessageLimiter
from bot.chat.delivery.result_message import result_message, showcase_message, song_number
from bot.chat.delivery.sending import in_time
from bot.chat.delivery.status_message import as_content, ending_message, status_message
from bot.chat.delivery.welcome_message import SET_UP_ID, welcome_message
from bot.chat.messages.audit import audit_entry_message, news_text
from bot.chat.messages.buttons import cancel_button
from bot.chat.messages.rendered import MessageFields, RenderedMessage, custom_ids
from bot.chat.text.formatting import role_mention, song_page
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
from bot.services.delivery.routes import CLOCK_SLACK
from bot.services.metrics import Metrics, NullMetrics, SentMessage
from bot.services.ports import (
    ChannelTarget,
    Claim,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MessageForm,
    MessageRef,
    Messenger,
    Target,
    unclaimed,
)

T = TypeVar("T")
MAX_NONCE = 23
"""Characters of a nonce, of which direct messages need two more; Discord takes 25."""
ADDITIONS = 100
"""How many of a server's latest additions of bots are looked through."""
ORIGINAL: Final[Any] = "@original"
"""Discord's name for an interaction's first answer; discord.py passes it on, but declares ids as numbers."""


class DiscordMessenger(Messenger):
    """Messenger by discord.py; the client has to be logged in, but needs no gateway connection."""

    def __init__(
        self,
        client: discord.Client,
        *,
        timeouts: Timeouts | None = None,
        metrics: Metrics | None = None,
        conversations: DirectMessageLimiter | None = None,
    ) -> None:
        self._client = client
        self._timeouts = timeouts or Timeouts()
        self._metrics = metrics or NullMetrics()
        self._channels = ChannelCalls(client, self._timeouts)
        self._conversations = conversations or DirectMessageLimiter()

    @override
    async def edit_status(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str | None,
        form: MessageForm = MessageForm.FULL,
    ) -> int:
        with self._measured(SentMessage.STATUS):
            message = status_message(card, form)
            edited = await self._edit(address, message, token=token)
            if message.embeds and edited.flags.suppress_embeds and card.is_final:
                # a moderator has taken its embed out of sight, and how it ended has to be seen
                edited = await self._edit(address, as_content(message), token=token)
            return edited.id

    async def _edit(
        self, address: ReplyAddress, message: RenderedMessage, *, token: str | None
    ) -> discord.Message:
        parts = message.fields() | MessageFields(view=message.view)  # without buttons, those shown go
        message_id = address.message_id
        if token is not None:
            async with in_time(self._timeouts.edit_s, by_token=True):
                return await self._webhook(address, token).edit_message(message_id or ORIGINAL, **parts)
        if message_id is None:
            raise MessageGoneError
        sent = self._client.get_partial_messageable(address.channel_id).get_partial_message(message_id)
        return await self._channels.call_in_order(
            address.channel_id, lambda: sent.edit(**parts), limit_s=self._timeouts.edit_s
        )

    @override
    async def find_answer(self, address: ReplyAddress, card: StatusCard, *, token: str) -> int:
        async with in_time(self._timeouts.edit_s, by_token=True):
            answer = await self._webhook(address, token).fetch_message(ORIGINAL)
        placements = (card.placement, "")  # messages of earlier versions have none
        own = {cancel_button(card.request_id, placement).custom_id for placement in placements}
        if not answer.flags.loading and not own & custom_ids(answer):
            raise AnsweredElsewhereError
        return answer.id

    @override
    async def post_result(
        self,
        target: Target,
        card: ResultCard,
        files: tuple[Media | None, ...],
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        in_server = not isinstance(target, DirectMessageTarget)
        message = result_message(card, files, in_server=in_server, form=form)
        with self._measured(SentMessage.RESULT):
            return await self._post(target, message, nonce=str(card.request_id), claim=claim)

    @override
    async def find_result(self, target: Target, card: ResultCard) -> MessageRef | None:
        match target:
            case ChannelTarget(channel_id):
                return await self._find(channel_id, card, may_be_empty=False)
            case FollowUpTarget(address):
                return await self._find(address.channel_id, card, may_be_empty=False)
            case DirectMessageTarget(user_id):
                return await self._find(await self._direct(user_id), card, may_be_empty=True)
            case _:
                assert_never(target)

    async def _find(self, channel_id: int, card: ResultCard, *, may_be_empty: bool) -> MessageRef | None:
        """Search a channel for a message with the links of all clips that is newer than the request.

        Without Read Message History, Discord returns an empty list (reference, "Get Channel Messages").
        """
        wanted = {page for clip in card.clips if (page := song_page(clip.clip.id))}
        if not wanted:
            raise NoAccessError("the result has no links to know it by")
        return await self._channels.search(
            channel_id,
            lambda one: wanted <= {embed.url for embed in one.embeds} or song_number(card) in one.content,
            since=card.request_id,
            may_be_empty=may_be_empty,
        )

    @override
    async def post_ending(
        self,
        target: Target,
        card: StatusCard,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        message = ending_message(card, form, is_private=isinstance(target, DirectMessageTarget))
        with self._measured(SentMessage.ENDING):
            return await self._post(target, message, nonce=f"end{card.request_id}", claim=claim)

    @override
    async def post_approval(
        self,
        channel_id: int,
        card: ApprovalCard,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        embed, view = approval_message(card, form)
        role_id = card.ping_role_id
        content = "" if role_id is None else role_mention(role_id)
        message = RenderedMessage(content=content, embeds=[embed], view=view, notifies_role=role_id)
        with self._measured(SentMessage.APPROVAL):
            nonce = f"ask{card.request_id}"
            return await self._post(ChannelTarget(channel_id), message, nonce=nonce, claim=claim)

    @override
    async def find_approval(self, channel_id: int, request_id: int) -> MessageRef | None:
        return await self._channels.search(
            channel_id, lambda one: asks_about(one, request_id), since=request_id
        )

    @override
    async def edit_approval(
        self, channel_id: int, message_id: int, card: ApprovalCard, *, form: MessageForm = MessageForm.FULL
    ) -> None:
        embed, view = approval_message(card, form)
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        quiet = discord.AllowedMentions.none()
        with self._measured(SentMessage.APPROVAL):
            await self._channels.call_in_order(
                channel_id,
                lambda: message.edit(content=None, embed=embed, view=view, allowed_mentions=quiet),
                limit_s=self._timeouts.edit_s,
            )

    @override
    async def post_audit_entry(
        self,
        channel_id: int,
        entry: AuditEntry,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        message = RenderedMessage(embeds=[audit_entry_message(entry, form)])
        with self._measured(SentMessage.AUDIT):
            nonce = f"log{entry.id}"
            return await self._post(ChannelTarget(channel_id), message, nonce=nonce, claim=claim)

    @override
    async def post_digest(self, channel_id: int, digest: Digest, *, claim: Claim = unclaimed) -> MessageRef:
        nonce = f"{digest.week.replace('-', '')}-{digest.guild_id}"[:MAX_NONCE]
        with self._measured(SentMessage.DIGEST):
            return await self._post(
                ChannelTarget(channel_id), digest_message(digest), nonce=nonce, claim=claim
            )

    @override
    async def post_news(
        self, user_id: int, news: Sequence[AuditEntry], *, claim: Claim = unclaimed
    ) -> MessageRef:
        with self._measured(SentMessage.NEWS):
            self._channels.require_login()
            guild_id = news[0].guild_id
            async with in_time(self._timeouts.edit_s):
                guild = self._client.get_guild(guild_id) or await self._client.fetch_guild(guild_id)
                await guild.fetch_member(user_id)  # who has left reads nothing of the server any more
            message = RenderedMessage(content=news_text(news, server=guild.name))
            target = DirectMessageTarget(user_id)
            return await self._post(target, message, nonce=f"n{news[0].id}", claim=claim)

    @override
    async def post_welcome(
        self, target: Target, card: WelcomeCard, *, claim: Claim = unclaimed
    ) -> MessageRef:
        message = welcome_message(card, in_server=isinstance(target, ChannelTarget))
        nonce = f"hi{card.welcome.guild_id}{int(card.welcome.joined_at.timestamp()) % 1000:03}"
        with self._measured(SentMessage.WELCOME):
            return await self._post(target, message, nonce=nonce[-MAX_NONCE:], claim=claim)

    @override
    async def find_inviter(self, guild_id: int) -> int | None:
        self._channels.require_login()
        own = self._client.user
        async with in_time(self._timeouts.edit_s):
            guild = await self._client.fetch_guild(guild_id, with_counts=False)
            async for entry in guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=ADDITIONS):
                if own is not None and entry.target is not None and entry.target.id == own.id:
                    return entry.user_id  # the newest entries come first
        return None

    @override
    async def find_welcome(self, channel_id: int, *, since: datetime) -> MessageRef | None:
        return await self._channels.search(
            channel_id,
            lambda one: SET_UP_ID in custom_ids(one),
            since=discord.utils.time_snowflake(since - CLOCK_SLACK),
            may_be_empty=True,
        )

    @contextmanager
    def _measured(self, kind: SentMessage) -> Iterator[None]:
        """Count a sent message, or its failure, in the metrics."""
        try:
            yield
        except MessengerError as error:
            self._metrics.message_failed(kind, error)
            raise
        self._metrics.message_sent(kind)

    async def _post(
        self, target: Target, message: RenderedMessage, *, nonce: str, claim: Claim
    ) -> MessageRef:
        """Post to the target; Discord returns the first message instead of posting its `nonce` twice."""
        match target:
            case ChannelTarget(channel_id):
                pass
            case DirectMessageTarget(user_id):
                # a nonce of its own: Discord's are the author's, not the channel's
                channel_id, nonce = await self._direct(user_id), f"dm{nonce}"
            case FollowUpTarget(address):
                followed = await self._follow_up(address, message, claim=claim)
                return MessageRef(followed.channel.id, followed.id)
            case _:
                assert_never(target)
        channel = self._client.get_partial_messageable(channel_id)
        sent = await self._channels.call_in_order(
            channel_id,
            lambda: channel.send(**message.fields(), files=message.files(), nonce=nonce),
            limit_s=self._timeouts.post_s,
            claim=claim,
        )
        return MessageRef(sent.channel.id, sent.id)

    async def _direct(self, user_id: int) -> int:
        """Return the id of the direct-message channel with the user, and open it if necessary.

        Raises:
            MessengerError: it could not be opened, so nothing was sent.
        """
        self._channels.require_login()
        if known := self._conversations.channel_id(user_id):
            return known
        if pause_s := self._conversations.wait_s():
            raise RetryableError("too many direct messages are opened", pause_s, not_taken=True)
        try:
            async with in_time(self._timeouts.edit_s):
                direct = await self._client.create_dm(discord.Object(user_id))
        except RetryableError as error:
            pause_s = self._conversations.refused(error.retry_after_s)
            raise RetryableError(error.cause, pause_s, not_taken=True) from error
        self._conversations.opened(user_id, direct.id)
        return direct.id

    async def _follow_up(
        self, address: ReplyAddress, message: RenderedMessage, *, claim: Claim
    ) -> discord.WebhookMessage:
        if address.token is None:
            raise TokenExpiredError
        await claim()
        async with in_time(self._timeouts.follow_up_s, by_token=True):
            return await self._webhook(address, address.token).send(
                **message.fields(), files=message.files(), wait=True
            )

    @override
    async def forward_result(
        self, channel_id: int, source: MessageRef, request_id: int, *, claim: Claim = unclaimed
    ) -> MessageRef:
        forward = discord.MessageReference(
            message_id=source.message_id,
            channel_id=source.channel_id,
            type=discord.MessageReferenceType.forward,
        )
        with self._measured(SentMessage.SHOWCASE):
            nonce = f"show{request_id}"
            return await self._refer(channel_id, forward, MessageFields(), nonce=nonce, claim=claim)

    @override
    async def post_showcase(
        self, forward: MessageRef, card: ResultCard, *, claim: Claim = unclaimed
    ) -> MessageRef:
        to = discord.MessageReference(message_id=forward.message_id, channel_id=forward.channel_id)
        fields, nonce = showcase_message(card).fields(), f"hearts{card.request_id}"
        with self._measured(SentMessage.SHOWCASE):
            return await self._refer(forward.channel_id, to, fields, nonce=nonce, claim=claim)

    async def _refer(
        self,
        channel_id: int,
        to: discord.MessageReference,
        fields: MessageFields,
        *,
        nonce: str,
        claim: Claim,
    ) -> MessageRef:
        """Post a message that forwards or answers another one."""
        channel = self._client.get_partial_messageable(channel_id)
        sent = await self._channels.call_in_order(
            channel_id,
            lambda: channel.send(**fields, reference=to, nonce=nonce),
            limit_s=self._timeouts.post_s,
            claim=claim,
        )
        return MessageRef(channel_id, sent.id)

    @override
    async def find_reference(self, channel_id: int, to: MessageRef) -> MessageRef | None:
        return await self._channels.search(
            channel_id,
            lambda one: one.reference is not None and one.reference.message_id == to.message_id,
            since=to.message_id,
        )

    @override
    async def delete_post(self, post: MessageRef) -> None:
        message = self._client.get_partial_messageable(post.channel_id).get_partial_message(post.message_id)
        with suppress(MessageGoneError):
            await self._channels.call_in_order(post.channel_id, message.delete, limit_s=self._timeouts.edit_s)

    def _webhook(self, address: ReplyAddress, token: str) -> discord.Webhook:
        self._channels.require_login()
        return discord.Webhook.partial(address.application_id, token, client=self._client)
