"""Single values that outlive the process."""

from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work


class KeyValueStore:
    """Values by key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> str | None:
        """Return the stored value of a key, or None."""
        return await self._store.read(_get, key)

    async def put(self, key: str, value: str) -> None:
        """Store the value of a key durably."""
        await self._store.write(_put, key, value)


def _get(uow: UnitOfWork, key: str) -> str | None:
    return uow.key_values.get(key)


@unit_of_work("key_values.put")
def _put(uow: UnitOfWork, key: str, value: str) -> None:
    uow.key_values.put(key, value)
