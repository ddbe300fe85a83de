"""A process that places requests until it is killed, and prints each that was committed."""

import asyncio
import sys
import time
from itertools import count

from bot.storage.store import open_store
from tests.unit.storage.factories import USER, place

AT_ONCE = 20


async def main(url: str) -> None:
    numbers = count(time.time_ns())  # which no other such process has

    async with open_store(url) as store:

        async def write() -> None:
            for number in numbers:
                await store.write(place, number, USER + number % 7, 1_000_000)
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        await asyncio.gather(*(write() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
