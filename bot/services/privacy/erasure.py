"""The erasure of a person's data, a few rows at a time, so that nobody's request waits for it."""

from dataclasses import replace
from datetime import datetime

from bot.domain.personal_data import ErasureSummary
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

CHUNK = 25
"""The most rows in one unit of work: about 5 ms."""
BEGUN = "erasure:"
"""The prefix of the key under which an erasure is stored until its end; a person's id follows."""


def begin(uow: UnitOfWork, user_id: int, now: datetime) -> None:
    """Store that the person's data up to now is to be erased, whatever happens to this process."""
    uow.key_values.put(f"{BEGUN}{user_id}", now.isoformat())


async def erase_in_chunks(store: Store, user_id: int, before: datetime) -> ErasureSummary:
    """Erase what was stored about the person until `before`; return how much that was."""
    total, is_done = ErasureSummary(), False
    while not is_done:
        done, is_done = await store.write(_erase_chunk, user_id, before)
        total = replace(
            total,
            requests=total.requests + done.requests,
            loves=total.loves + done.loves,
            playlists=total.playlists + done.playlists,
            decisions=total.decisions + done.decisions,
        )
    return total


async def resume_erasures(store: Store) -> int:
    """Finish the erasures that a process has begun and not ended; return how many there were."""
    begun = await store.read(_begun)
    for key, before in begun.items():
        await erase_in_chunks(store, int(key.removeprefix(BEGUN)), datetime.fromisoformat(before))
    return len(begun)


@reads(Share.WORKERS)
def _begun(uow: UnitOfWork) -> dict[str, str]:
    return uow.key_values.find(BEGUN)


@unit_of_work("privacy.erase_chunk")
def _erase_chunk(uow: UnitOfWork, user_id: int, before: datetime) -> tuple[ErasureSummary, bool]:
    """Erase one chunk; return what it was, and whether it was the last one."""
    done, is_last = uow.personal_data.anonymize(user_id, before=before, limit=CHUNK)
    if is_last:
        uow.key_values.delete(f"{BEGUN}{user_id}")
    return done, is_last
