import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import pytest

from sandbox.cqtai import PLAYLISTS, LocalProvider, Terms
from sandbox.cqtai.inspiration import JsonObject, JsonValue
from tests.harness.clock import PROVIDER_START, FakeClock

KEY = "the-key"
SONG_S = 100.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def body(self) -> JsonObject:
        body: JsonValue = json.loads(self.text)
        assert isinstance(body, dict)
        return body

    @property
    def document(self) -> JsonObject:
        document = self.body["data"]
        assert isinstance(document, dict)
        return document

    @property
    def clips(self) -> list[JsonObject]:
        result = self.document["result"]
        assert isinstance(result, list)
        return [clip for clip in result if isinstance(clip, dict)]


@dataclass(slots=True)
class Caller:
    provider: LocalProvider
    session: aiohttp.ClientSession
    clock: FakeClock
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {KEY}"})

    async def submit(self, **changes: object) -> Answer:
        body = {"task": "inspiration", "model": "v55", "playlistId": PLAYLISTS[0].id} | changes
        return await self.send(json.dumps(body))

    async def send(self, body: str) -> Answer:
        headers = self.headers | {"Content-Type": "application/json"}
        url = f"{self.provider.base_url}/api/cqt/generator/suno"
        async with self.session.post(url, data=body.encode(), headers=headers) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def accepted(self, **changes: object) -> str:
        answer = await self.submit(**changes)
        assert answer.body["code"] == 200, answer.text
        return str(answer.body["data"])

    async def query(self, task_id: str, *, age_s: float | None = None) -> Answer:
        if age_s is not None:
            self.clock.now = PROVIDER_START + timedelta(seconds=age_s)
        return await self.get(f"/api/cqt/info/suno?id={task_id}")

    async def get(self, path: str) -> Answer:
        async with self.session.get(f"{self.provider.base_url}{path}", headers=self.headers) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def fetch(self, url: object, **headers: str) -> tuple[int, str, bytes]:
        async with self.session.get(str(url), headers=headers) as response:
            return response.status, response.content_type, await response.read()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(PROVIDER_START)


@pytest.fixture
def terms() -> Terms:
    return Terms(audio_s=1.5)


@pytest.fixture
async def provider(clock: FakeClock, terms: Terms) -> AsyncIterator[LocalProvider]:
    async with LocalProvider(
        key=KEY, song_s=SONG_S, max_running=2, seed=11, clock=clock.seconds, terms=terms
    ) as provider:
        yield provider


@pytest.fixture
async def caller(provider: LocalProvider, clock: FakeClock) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(provider, session, clock)
