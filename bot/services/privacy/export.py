"""A person's data as a JSON document: ids as text, times in ISO 8601 (UTC), no secrets or expiring links."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

from bot.domain.audit import AuditEntry
from bot.domain.ledger import Entry
from bot.domain.personal_data import AccountRecord, Membership, PersonalRecord, RequestEvent
from bot.domain.provider_tasks import Clip
from bot.domain.requests import Request
from bot.domain.song_options import SongSpec
from bot.services.privacy.service import PersonalDataExport

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
Document: TypeAlias = dict[str, Value]

KEYS = MappingProxyType(
    {
        "memberships": "you in each server: exceptions, blocks, and the pseudonym that your accounts go by",
        "requests": "each song you asked for, with its options, prompt, clips, lyrics and every step it took",
        "loves": "the clips of songs that you love, and those of which you took it back",
        "playlists": "playlists that you saved for a server",
        "decisions": "what moderators decided about you, and what you decided as a moderator",
        "accounts": "your credits by allowance window; bonus credits have no window",
        "entries": "what happened to your credits, newest first",
    }
)
"""What each key of the document holds; also in the document itself and in docs/privacy.md."""


def document_of(copy: PersonalDataExport) -> Document:
    """Return the export as a document."""
    record = copy.record
    return {
        "format": 1,
        "exported_at": _time(copy.at),
        "user_id": str(record.user_id),
        "keys": dict(KEYS),
        "memberships": [_membership(one) for one in record.memberships],
        "requests": [_request(one, record.events.get(one.id, ())) for one in record.requests],
        "loves": [
            {
                "server_id": str(one.guild_id),
                "request_id": str(one.request_id),
                "clip": one.clip,
                "is_loved": one.is_loved,
                "at": _time(one.at),
            }
            for one in record.loves
        ],
        "playlists": [
            {
                "server_id": str(one.guild_id),
                "name": one.name,
                "playlist_id": one.playlist_id,
                "added_at": _time(one.added_at),
            }
            for one in record.playlists
        ],
        "decisions": [_decision(one, record) for one in record.audit_entries],
        "accounts": [_account(one) for one in record.accounts],
        "entries": [
            _entry(guild_id, entry) for guild_id, entries in record.entries.items() for entry in entries
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _id(number: int | None) -> str | None:
    """Return an id as text: JavaScript, and so many viewers, cannot hold 63 bits in a number."""
    return None if number is None else str(number)


def _membership(one: Membership) -> Document:
    member = one.member
    return {
        "server_id": str(one.guild_id),
        "pseudonym": member.pseudonym,
        "allowance": member.allowance,
        "blocked": member.blocked,
        "reset_in": member.reset_in,
        "resets": member.resets,
        "requests_under_way": one.active,
        "failures_in_a_row": member.failures,
        "held_back_until": _time(member.backoff_until),
        "last_placed_at": _time(one.last_placed_at),
        "last_turn_at": _time(one.last_turn_at),
        "deleted_at": _time(one.erase_at),
    }


def _request(one: Request, events: tuple[RequestEvent, ...]) -> Document:
    policy, address = one.policy, one.address
    return {
        "id": str(one.id),
        "server_id": str(one.guild_id),
        "options": _options(one.spec),
        "like": {"request_id": str(one.origin.request_id), "clip": one.origin.clip} if one.origin else None,
        "cost": one.cost,
        "policy": {
            "allowance": policy.allowance,
            "period": str(policy.period),
            "source": str(policy.source),
            "role_id": _id(policy.role_id),
        },
        "state": str(one.state),
        "placed_at": _time(one.placed_at),
        "accepted_at": _time(one.accepted_at),
        "ended_at": _time(one.ended_at),
        "removed_at": _time(one.removed_at),
        "prompt_erased_at": _time(one.prompt_erased_at),
        "task_id": one.task_id,
        "clips": [_clip(clip) for clip in one.clips],
        "failure": {"kind": str(one.failure.kind), "detail": one.failure.detail} if one.failure else None,
        "messages": {
            "status": _message_ref(address.channel_id, address.message_id),
            "result": _message_ref(one.result_channel_id, one.result_message_id),
            "approval": _message_ref(one.approval_channel_id, one.approval_message_id),
        },
        "events": [
            {
                "transition": event.transition,
                "state": str(event.state),
                "at": _time(event.at),
                "detail": event.detail,
            }
            for event in events
        ],
    }


def _options(spec: SongSpec) -> Document:
    return {
        "playlist": spec.playlist_id,
        "prompt": spec.prompt,
        "model": spec.model,
        "style_weight": spec.style_weight,
        "audio_weight": spec.audio_weight,
        "weirdness": spec.weirdness,
        "persona": spec.persona_id,
        "artist_clip": spec.artist_clip_id,
    }


def _clip(clip: Clip) -> Document:
    """Return a clip with the link of its page, because the links of its files expire."""
    return {
        "id": clip.id,
        "title": clip.title,
        "duration_s": clip.duration_s,
        "tags": list(clip.tags),
        "explicit": clip.explicit,
        "lyrics": clip.lyrics,
        "page": f"https://suno.com/song/{clip.id}",
    }


def _message_ref(channel_id: int | None, message_id: int | None) -> Document:
    return {"channel_id": _id(channel_id), "message_id": _id(message_id)}


def _decision(one: AuditEntry, record: PersonalRecord) -> Document:
    """Return an audit entry without other people's ids, which are their data."""
    return {
        "id": str(one.id),
        "server_id": str(one.guild_id),
        "action": str(one.action),
        "by_you": one.actor_id == record.user_id,
        "about_you": one.subject_id == record.user_id,
        "before": _facts(one.before),
        "after": _facts(one.after),
        "reason": one.reason,
        "at": _time(one.at),
    }


def _facts(facts: Mapping[str, str | int | None]) -> Document:
    return {name: _fact(fact) for name, fact in facts.items()}


def _fact(fact: str | int | None) -> Value:
    """Return a large number, which is an id, as text; other values unchanged."""
    return str(fact) if isinstance(fact, int) and abs(fact) >= 2**53 else fact


def _account(one: AccountRecord) -> Document:
    return {
        "server_id": str(one.guild_id),
        "account": one.account_id,
        "window": one.window_key,
        "window_ends_at": _time(one.window_ends_at),
        "granted": one.balance.granted,
        "held": one.balance.held,
        "used": one.balance.used,
    }


def _entry(guild_id: int, entry: Entry) -> Document:
    return {
        "server_id": str(guild_id),
        "kind": str(entry.kind),
        "amount": entry.amount,
        "request_id": _id(entry.request_id),
        "reason": entry.reason,
        "note": entry.note,
        "at": _time(entry.at),
    }
