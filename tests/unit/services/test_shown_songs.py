"""Songs that are shown again, and what is told of how they were made."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.songs import DetailsErasedError, SongNotFoundError
from bot.services.ports import Media, MessageRef
from bot.services.unit_of_work import UnitOfWork
from tests.fakes.media import MP3
from tests.harness.services import ADA, CHANNEL, ServicesHarness
from tests.unit.services.test_songs import BENS, ELSEWHERE, FULL, delivered


async def test_a_song_is_shown_again_with_the_files_that_can_be_had(harness: ServicesHarness) -> None:
    song = await harness.library.show(await delivered(harness), BENS)
    assert song.post == MessageRef(CHANNEL, 1)
    found = await harness.library.file(song, 2, limit=1000)
    assert found == Media(MP3, "mp3")
    assert await harness.library.file(song, 2, limit=10) is None
    assert harness.media.tags[-1] == song.tags[1]
    harness.media.withheld.add(str((await harness.request(song.card.request_id)).clips[0].audio_url))
    assert await harness.library.file(song, 1, limit=1000) is None


async def test_details_are_for_those_who_see_the_song_until_they_are_erased(harness: ServicesHarness) -> None:
    request_id = await delivered(harness, order=FULL)
    found = await harness.library.details(request_id, BENS)
    assert (found.request.spec.prompt, found.playlist_name, found.origin) == ("warm", None, None)
    for viewer in (ELSEWHERE, replace(BENS, channel_ids=frozenset())):
        with pytest.raises(SongNotFoundError):
            await harness.library.details(request_id, viewer)

    def forget(uow: UnitOfWork) -> None:
        uow.personal_data.anonymize(ADA, before=datetime.max.replace(tzinfo=UTC), limit=9)

    await harness.store.write(forget)
    with pytest.raises(DetailsErasedError):
        await harness.library.details(request_id, BENS)
