from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from sandbox.discord.messages.service import Posting, post
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.rules.messages import Sent, Upload
from sandbox.page import Page
from sandbox.page.server import STATIC
from sandbox.world import World
from tests.unit.sandbox_page.conftest import PageClientHarness

PATHS = ("", "static/app.js", "static/layout.css", "media?url=x", "files/1/2/x.mp3", "live", "nowhere")
LONGEST_PAGE = 2000


def posted(harness: PageClientHarness, *files: Upload, image: str = "") -> Message:
    discord = harness.world.discord
    posting = Posting(author=discord.state.world.bot, origin=Origin.BOT)
    embeds = [{"title": "Song", "image": {"url": image}}] if image else []
    sent = Sent(payload={"content": "here", "embeds": embeds}, files=dict(enumerate(files)))
    return post(discord.state, channel=discord.channel("songs"), sent=sent, posting=posting)


async def test_every_answer_forbids_what_the_page_does_not_need(harness: PageClientHarness) -> None:
    for path in PATHS:
        async with harness.client.get(harness.page.address + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "http" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_gets_in_without_the_token(harness: PageClientHarness, path: str) -> None:
    for token in ("", "wrong", "wr\N{LATIN SMALL LETTER O WITH DIAERESIS}ng"):
        async with harness.client.get(f"{harness.origin}/{token}/{path}") as response:
            assert response.status == 403
    async with harness.client.get(f"{harness.origin}/") as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1"])
async def test_a_name_that_was_bent_to_this_machine_gets_nothing(
    harness: PageClientHarness, host: str
) -> None:
    port = harness.origin.rpartition(":")[2]
    headers = {"Host": host.format(port=port)}
    async with harness.client.get(harness.page.address, headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", None])
async def test_a_page_from_elsewhere_gets_no_line(harness: PageClientHarness, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with harness.client.ws_connect(f"{harness.page.address}live", headers=headers):
            pass
    assert refusal.value.status == 403


async def test_both_names_of_this_machine_are_taken(harness: PageClientHarness) -> None:
    local = harness.page.address.replace("127.0.0.1", "localhost")
    for address in (harness.page.address, local):
        headers = {"Host": address.split("/")[2]}
        async with harness.client.get(harness.page.address, headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/html")


@pytest.mark.parametrize("name", ["server.py", "..%2fserver.py", "%2e%2e", "nothing.js", "../server.py"])
async def test_only_the_page_s_own_files_are_served(harness: PageClientHarness, name: str) -> None:
    address = URL(f"{harness.page.address}static/{name}", encoded=True)
    async with harness.client.get(address) as response:
        assert response.status in (403, 404)
        assert "import" not in await response.text()


async def test_a_song_can_be_played_from_its_middle_and_a_web_page_only_saved(
    harness: PageClientHarness,
) -> None:
    message = posted(harness, Upload("song.mp3", b"0123456789"), Upload("evil.html", b"<script></script>"))
    song, evil = (f"files/{message.channel_id}/{one.id}/{one.filename}" for one in message.attachments)
    async with harness.client.get(harness.page.address + song, headers={"Range": "bytes=2-4"}) as response:
        assert (response.status, await response.read()) == (206, b"234")
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Content-Disposition" not in response.headers
    async with harness.client.get(harness.page.address + evil) as response:
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_pictures_come_from_the_provider_and_stay_when_it_is_down(harness: PageClientHarness) -> None:
    url = f"{harness.world.provider.origin}/media/avatar.jpeg"
    async with harness.client.get(url) as response:
        there = response.status == 200
    picture = f"{harness.page.address}media"
    for elsewhere in ("https://example.invalid/x.png", f"{harness.world.provider.origin}.evil.example/x"):
        async with harness.client.get(picture, params={"url": elsewhere}) as response:
            assert response.status == 404
    async with harness.client.get(picture, params={"url": url}) as response:
        assert (response.status == 200) is there
    await harness.page.controls.change("provider", "down")
    async with harness.client.get(picture, params={"url": url}) as response:
        assert (response.status == 200) is there


async def test_two_demos_have_two_addresses(harness: PageClientHarness, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    taken = int(harness.origin.rpartition(":")[2])
    async with World(folder) as world, Page(world, port=taken) as other:
        port, token = other.address.split("/")[2:4]
        assert port != f"127.0.0.1:{taken}"
        assert token not in harness.page.address
        async with harness.client.get(f"{harness.origin}/{token}/") as response:
            assert response.status == 403


def test_the_page_is_small_and_asks_nobody_else() -> None:
    files = [path for path in STATIC.iterdir() if path.suffix in (".html", ".css", ".js")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert sum(len(text.splitlines()) for text in texts.values()) < LONGEST_PAGE
    for name, text in texts.items():
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "style=", 'onclick="'):
            assert forbidden not in text, name
