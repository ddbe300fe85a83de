from datetime import UTC, datetime

import pytest

from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.files.audio import mp3_of
from sandbox.demo.channel_view import size
from sandbox.demo.markup import Reader, readable, relative
from sandbox.demo.mp3_length import mp3_length_s

NOW = datetime(2026, 5, 4, 20, 0, tzinfo=UTC)
READER = Reader(names={42: "Ada"}, now=NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (12, "in 12 seconds"),
        (1, "in 1 second"),
        (-3, "3 seconds ago"),
        (59.6, "in a minute"),
        (150, "in 2 minutes"),
        (-3600, "an hour ago"),
        (4 * 3600 + 60, "in 4 hours"),
        (23.8 * 3600, "in a day"),
        (6 * 86_400, "in 6 days"),
        (40 * 86_400, "in a month"),
        (-800 * 86_400, "2 years ago"),
    ],
)
def test_times_are_counted_as_discord_counts_them(seconds: float, words: str) -> None:
    assert relative(seconds) == words


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("<@42> and <@!43>", "@Ada and @unknown-user"),
        ("**bold** *it* __u__ ~~s~~ `code`", "bold it u s code"),
        ("[this *one*](https://suno.com/playlist/1)", "this one"),
        ("[that](<https://suno.com/playlist/1>)!", "that!"),
        (f"<t:{int(NOW.timestamp()) + 90}:R>", "in 2 minutes"),
        (r"\*Neon\* \_Rain\_ \[x\](y) \<@42\>", "*Neon* _Rain_ [x](y) <@42>"),
        ("-# small\nlarge", "small\nlarge"),
        ("a_long_way ** 2", "a_long_way ** 2"),
        ("", ""),
    ],
)
def test_markdown_is_read_as_discord_reads_it(source: str, seen: str) -> None:
    assert readable(source, reader=READER).plain == seen


def test_small_lines_are_dim_and_bold_is_bold() -> None:
    text = readable("-# small\n**large**", reader=READER)
    assert {(text.plain[span.start : span.end], str(span.style)) for span in text.spans} == {
        ("small", "dim"),
        ("large", "bold"),
    }


@pytest.mark.parametrize("duration_s", [2.0, 7.5])
def test_the_length_of_an_mp3_file_is_read_from_its_frames(duration_s: float) -> None:
    assert mp3_length_s(mp3_of(PLAYLISTS[0], seed=1, duration_s=duration_s)) == pytest.approx(
        duration_s, abs=0.08
    )


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfb", b"<html></html>", b"\xff\xfb\xf0\x00", b"\xff\xfb\x0f\x00"]
)
def test_what_is_no_mp3_file_has_no_length(content: bytes) -> None:
    assert mp3_length_s(content) is None


def test_sizes_are_written_in_the_unit_that_fits() -> None:
    assert [size(7), size(4_300), size(1_250_000)] == ["7 bytes", "4 KB", "1.25 MB"]
