"""Single facts that outlive the process."""

from bot.services.work import Store, Work, unit_of_work


class Memory:
    """Facts by their key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> str | None:
        """The fact, if there is one."""
        return await self._store.read(_get, key)

    async def put(self, key: str, value: str) -> None:
        """Remember the fact."""
        await self._store.write(_put, key, value)


def _get(work: Work, key: str) -> str | None:
    return work.memos.get(key)


@unit_of_work("key_values.put")
def _put(work: Work, key: str, value: str) -> None:
    work.memos.put(key, value)
