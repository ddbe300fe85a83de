import aiohttp
import pytest

from bot.suno.links import is_public, read_origins
from bot.suno.media import HttpMedia
from bot.suno.media_session import media_session

SONG = "https://cdn1.suno.ai/4f51f49d-8875-442d-9a66-81a7e66d55d6.mp3"
SIGNED = "https://files.suno.ai/a%20b.mp3?sig=a%2Fb+c%3D&x=1"
TRUSTED = "http://127.0.0.1:8081"


async def offered(url: str | None) -> str | None:
    async with media_session() as session:
        return HttpMedia(session, trusted_origins=[TRUSTED]).offered(url)


@pytest.mark.parametrize(
    "url",
    [
        SONG,
        SIGNED,
        "https://cdn1.suno.ai:8443/a.mp3",
        "https://1.1.1.1/a.mp3",
        "https://[2606:4700::1111]/a.mp3",
        "https://[64:ff9b::101:101]/a.mp3",
        "https://cdn1.suno.ai/none-of-us.mp3",
        "https://cdn1.suno.ai/api/forbidden/song.mp3",
        "http://127.0.0.1:8081/media/a.mp3",
    ],
)
async def test_a_public_link_is_offered_exactly_as_it_was_given(url: str) -> None:
    assert await offered(url) == url


async def test_a_link_is_offered_without_the_spaces_around_it_and_with_its_signs_encoded() -> None:
    assert await offered(f" {SONG}\n") == SONG
    assert await offered("https://cdn1.suno.ai/两.mp3") == "https://cdn1.suno.ai/%E4%B8%A4.mp3"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "  ",
        "song.mp3",
        "/song.mp3",
        "//cdn1.suno.ai/a.mp3",
        "https://",
        "https:///a.mp3",
        "https://cdn1.suno.ai:0x50/a.mp3",
        "https://cdn1.suno.ai:99999/a.mp3",
        "https://[::1",
        "http://cdn1.suno.ai/a.mp3",
        "ftp://cdn1.suno.ai/a.mp3",
        "javascript:alert(1)",
        "data:audio/mpeg;base64,SUQz",
        "https://user:word@cdn1.suno.ai/a.mp3",
        "https://user@cdn1.suno.ai/a.mp3",
        "https://cdn1.suno.ai\\@127.0.0.1/a.mp3",
        "https://cdn1.suno.ai/a b.mp3",
        'https://cdn1.suno.ai/a".mp3',
        "https://cdn1.suno.ai/<@1>.mp3",
        "https://cdn1.suno.ai/" + "a" * 2048,
        # What Suno gives where there is no file.
        "https://cdn1.suno.ai/api/forbidden",
        "https://studio-api.suno.ai/API/Forbidden/",
        "https://cdn1.suno.ai/None.mp3",
        "https://cdn1.suno.ai/none",
        "https://cdn2.suno.ai/undefined.jpeg",
        "https://cdn1.suno.ai/null.mp3?x=1",
        "http://127.0.0.1:8081/media/None.mp3",
        "http://127.0.0.1:8081/api/forbidden",
        # Live streams, which end early.
        "https://audiopipe.suno.ai/?item_id=4f51f49d-8875-442d-9a66-81a7e66d55d6",
        "https://AudioPipe.suno.ai./?item_id=1",
        # Hosts that are not public.
        "https://localhost/a.mp3",
        "https://localhost./a.mp3",
        "https://cdn.localhost/a.mp3",
        "https://printer.local/a.mp3",
        "https://metadata.google.internal/a.mp3",
        "https://router.home.arpa/a.mp3",
        "https://intranet/a.mp3",
        "https://127.0.0.1/a.mp3",
        "https://127.1/a.mp3",
        "https://2130706433/a.mp3",
        "https://0x7f000001/a.mp3",
        "https://a.0x7f/a.mp3",
        "https://0177.0.0.1/a.mp3",
        "https://10.0.0.8/a.mp3",
        "https://172.16.0.1/a.mp3",
        "https://192.168.1.1/a.mp3",
        "https://169.254.169.254/latest/meta-data/a.mp3",
        "https://192.0.0.192/a.mp3",
        "https://100.64.0.1/a.mp3",
        "https://224.0.0.1/a.mp3",
        "https://255.255.255.255/a.mp3",
        "https://0.0.0.0/a.mp3",
        "https://[::]/a.mp3",
        "https://[::1]/a.mp3",
        "https://[fe80::1%25eth0]/a.mp3",
        "https://[fd00::1]/a.mp3",
        "https://[ff02::1]/a.mp3",
        "https://[::ffff:10.0.0.1]/a.mp3",
        "https://[::127.0.0.1]/a.mp3",
        "https://[64:ff9b::a00:1]/a.mp3",
        "https://[64:ff9b:1::1]/a.mp3",
        "https://[2002:7f00:1::]/a.mp3",
        "https://[2001:0:53aa:64c::]/a.mp3",
        "https://[2001:db8::1]/a.mp3",
        "https://[3fff::1]/a.mp3",
        # Near a trusted origin is not at it.
        "http://127.0.0.1:8082/media/a.mp3",
        "https://127.0.0.1:8081/media/a.mp3",
        "http://127.0.0.1/media/a.mp3",
        "http://localhost:8081/media/a.mp3",
    ],
)
async def test_any_other_link_is_not(url: str | None) -> None:
    assert await offered(url) is None


def test_a_mapped_public_address_is_public() -> None:
    assert is_public("::ffff:1.1.1.1")


@pytest.mark.parametrize("text", ["", "127.0.0.1:80", "http://", "ftp://127.0.0.1", "*", "http://h:x"])
async def test_a_trusted_origin_must_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        read_origins([text])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="not an origin"):
            HttpMedia(session, trusted_origins=[text])


def test_a_trusted_origin_has_the_port_of_its_scheme() -> None:
    (origin,) = read_origins(["HTTPS://Files.Local/"])
    assert origin == ("https", "files.local", 443)
