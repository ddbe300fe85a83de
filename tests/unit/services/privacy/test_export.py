import json
from dataclasses import replace
from datetime import timedelta

from bot.domain.audit import Action, AuditEntry
from bot.domain.ledger import Balance
from bot.domain.personal_data import AccountRecord, Love, PersonalRecord, RequestEvent, SavedPlaylist
from bot.domain.requests import Failure, FailureKind, Origin, Request, State
from bot.services.privacy.export import KEYS, document_of
from bot.services.privacy.service import PersonalDataExport
from sandbox.discord.payloads import Payload, entries
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness
from tests.unit.storage.factories import CLIP


async def one_request(harness: ServicesHarness) -> Request:
    return await harness.request((await harness.place()).request_id)


def document(**parts: object) -> Payload:
    record = replace(PersonalRecord(user_id=ADA, events={}, entries={}), **parts)  # type: ignore[arg-type]  # of a test's choice
    made = document_of(PersonalDataExport(record=record, at=START))
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]  # what a reader of the file has


def change(**facts: object) -> AuditEntry:
    usual = AuditEntry(
        id=1, guild_id=GUILD, actor_id=BEN, action=Action.GRANT, subject_id=ADA, before={}, after={}, at=START
    )
    return replace(usual, **facts)  # type: ignore[arg-type]  # of a test's choice


async def test_a_failed_request_has_its_reason_and_its_steps(harness: ServicesHarness) -> None:
    request = replace(
        await one_request(harness),
        state=State.FAILED,
        failure=Failure(FailureKind.MODERATOR, "no"),
        ended_at=START,
    )
    event = RequestEvent(transition="place", state=State.WAITING, at=START)
    (found,) = entries(document(requests=(request,), events={request.id: (event,)}), "requests")
    assert found["failure"] == {"kind": "moderator", "detail": "no"}
    assert found["ended_at"] == "2026-11-18T12:00:00+00:00"
    assert found["events"] == [
        {"transition": "place", "state": "waiting", "at": START.isoformat(), "detail": None}
    ]


async def test_lyrics_and_the_song_that_another_is_like_are_included(harness: ServicesHarness) -> None:
    clip = replace(CLIP, lyrics="Rain, rain", explicit=True)
    request = replace(await one_request(harness), clips=(clip,), origin=Origin(7, 2))
    (found,) = entries(document(requests=(request,)), "requests")
    assert found["like"] == {"request_id": "7", "clip": 2}
    (made,) = entries(found, "clips")
    assert (made["lyrics"], made["explicit"]) == ("Rain, rain", True)


async def test_secrets_and_links_that_die_are_left_out(harness: ServicesHarness) -> None:
    request = replace(await one_request(harness), clips=(CLIP,))
    made = document(requests=(request,))
    whole = json.dumps(made)
    assert request.address.token
    assert request.address.token not in whole
    assert "media.example" not in whole
    assert f"https://suno.com/song/{CLIP.id}" in whole


def test_a_decision_tells_of_no_other_person() -> None:
    about, by = change(), change(id=2, actor_id=ADA, subject_id=BEN)
    decisions = entries(document(audit_entries=(about, by)), "decisions")
    assert [(one["by_you"], one["about_you"]) for one in decisions] == [(False, True), (True, False)]
    assert str(BEN) not in json.dumps(decisions)


def test_ids_are_texts_and_numbers_are_numbers() -> None:
    facts = change(after={"request": 2**60, "credits": 30, "why": None})
    (decision,) = entries(document(audit_entries=(facts,)), "decisions")
    assert decision["after"] == {"request": str(2**60), "credits": 30, "why": None}


def test_each_part_is_explained_and_dated() -> None:
    made = document(
        loves=(Love(request_id=5, guild_id=GUILD, clip=2, is_loved=True, at=START),),
        playlists=(SavedPlaylist(guild_id=GUILD, name="Waltz", playlist_id=PLAYLIST, added_at=START),),
        accounts=(
            AccountRecord(
                guild_id=GUILD,
                account_id="member:x:2026-W47",
                window_key="2026-W47",
                window_ends_at=START + timedelta(days=1),
                balance=Balance(90, 30, 0),
            ),
        ),
    )
    assert made["loves"] == [
        {"server_id": str(GUILD), "request_id": "5", "clip": 2, "is_loved": True, "at": START.isoformat()}
    ]
    assert "Waltz" in json.dumps(made["playlists"])
    assert '"window_ends_at": "2026-11-19T12:00:00+00:00"' in json.dumps(made["accounts"])
    assert set(made) == {"format", "exported_at", "user_id", "keys", *KEYS}


async def test_what_a_member_is_in_each_server_and_what_happened_to_credits_is_included(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    record = await harness.store.read(lambda uow: uow.personal_data.record(ADA))
    made = document_of(PersonalDataExport(record=record, at=START))
    (membership,) = entries(json.loads(json.dumps(made)), "memberships")
    assert (membership["server_id"], membership["allowance"]) == (str(GUILD), None)
    kinds = {(one["server_id"], one["kind"]) for one in entries(json.loads(json.dumps(made)), "entries")}
    assert kinds == {(str(GUILD), "single"), (str(GUILD), "pending")}
