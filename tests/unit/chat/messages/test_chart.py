import csv
import io
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from bot.chat.messages.chart import ALT_LIMIT, HIGHEST, WIDTH, report_alt, report_chart, report_csv
from bot.chat.messages.files import ReportFiles
from bot.chat.text.formatting import DASH
from bot.domain.caps import Cap
from bot.domain.quotas import Period, window_of
from bot.domain.shared_limits import BudgetState, SharedLimits
from bot.services.credits.reports import ChoiceUse, Report, report_of
from bot.services.repositories.usage import Use

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MEMBERS_COLOUR = (0xE6, 0x9F, 0x00, 255)
ODD = {
    1: "🎉🎉🎉",
    2: "日本語の名前",
    3: "مرحبا",
    4: "Z" + "\u0351\u0334" * 15,
    5: "$x^2$ and $",
    6: "W" * 32,
    7: "\ud800\x00\u202e",
    8: "_under\\score{%",
    9: "",
}


def made(days: int, members: int, *, each: int = 5) -> Report:
    today = NOW.date()
    by_day, by_member = Counter[date](), {n + 1: Use(1, each + n % 7) for n in range(members)}
    for n in range(members):
        by_day[today - timedelta(days=n % days)] += each + n % 7
    uses = {day: Use(1, spent) for day, spent in by_day.items()}
    return report_of(uses, by_member, guild_id=1, days=days, today=today)


def decoded(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return image.convert("RGBA")


def rows(report: Report, names: dict[int, str]) -> list[dict[str, str]]:
    text = report_csv(report, names).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_no_chart_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    report, maker = made(1, 0), ReportFiles()
    files = await maker.of(discord.Client(intents=discord.Intents.none()), report, chart_s=30)
    maker.close()
    assert [file.name for file in files] == ["credits.csv"]


@pytest.mark.parametrize(("days", "members"), [(1, 1), (366, 40), (30, 0)])
def test_a_chart_is_an_opaque_picture_of_its_size(days: int, members: int) -> None:
    image = decoded(report_chart(made(days, members), {1: "Ada"}))
    assert image.width == WIDTH
    assert image.height <= HIGHEST
    assert image.getchannel("A").getextrema() == (255, 255)


def test_a_chart_has_bars_only_when_something_was_used() -> None:
    bars = {(0x56, 0xB4, 0xE9, 255), MEMBERS_COLOUR}
    colours = [
        {
            colour
            for _, colour in decoded(report_chart(made(30, members), {})).getcolors(WIDTH * HIGHEST) or ()
        }
        for members in (3, 0)
    ]
    assert bars <= colours[0]
    assert not bars & colours[1]


def test_any_name_can_be_drawn() -> None:
    report = made(7, 9)
    nameless = decoded(report_chart(report, {}))
    odd = decoded(report_chart(report, ODD))
    emoji = decoded(report_chart(report, {1: ODD[1], 2: ODD[2], 7: ODD[7]}))
    assert odd.tobytes() != nameless.tobytes()
    assert emoji.tobytes() == nameless.tobytes()  # nothing that the font could draw: known by their numbers


def test_a_name_stays_in_its_column() -> None:
    chart = decoded(report_chart(made(7, 9), dict.fromkeys(range(10), "W" * 32)))
    below = chart.crop((0, 740, WIDTH, chart.height))
    at = next(x for x in range(WIDTH) if below.getpixel((x, 768 - 740)) == MEMBERS_COLOUR)
    gap = below.crop((at - 15, 0, at, below.height))  # between the names and the bars
    assert len(gap.getcolors() or ()) == 1


def test_a_chart_is_as_high_as_there_are_members_to_name() -> None:
    heights = [decoded(report_chart(made(7, members), {})).height for members in (1, 3, 10, 11, 500)]
    assert heights == sorted(heights)
    assert (heights[1] - heights[0], heights[-1]) == (2 * (heights[3] - heights[2]), HIGHEST)
    assert heights[-1] == heights[-2]


def test_charts_drawn_in_threads_are_the_same_as_one_alone() -> None:
    report = made(30, 12)
    alone = report_chart(report, ODD)
    with ThreadPoolExecutor(2) as threads:
        assert set(threads.map(lambda _: report_chart(report, ODD), range(2))) == {alone}


def test_the_drawing_library_is_not_loaded_before_the_first_chart() -> None:
    code = "import sys, bot.app, bot.chat.messages.chart; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_table_has_the_numbers_of_the_report() -> None:
    report = made(30, 40)
    names = {use.user_id: f'名前, "{use.user_id}"' for use in report.members}
    table = rows(report, names)
    days = [(row["day"], int(row["credits"]), int(row["songs"])) for row in table if row["kind"] == "day"]
    assert days == [(day.day.isoformat(), day.credits, day.songs) for day in report.days]
    members = [
        (int(row["user_id"]), row["name"], int(row["credits"]), int(row["songs"]))
        for row in table
        if row["kind"] == "member"
    ]
    assert members == [(use.user_id, names[use.user_id], use.credits, use.songs) for use in report.members]


def test_a_table_begins_with_the_mark_that_spreadsheets_know() -> None:
    assert report_csv(made(1, 0), {}).startswith(b"\xef\xbb\xbfkind,day,")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff20", "\u2212", "\ufe66"])
def test_a_name_is_never_a_formula(start: str) -> None:
    name = f'{start}HYPERLINK("http://evil.example")'
    assert rows(made(1, 1), {1: name})[-1]["name"] == f"'{name}"


PIECES = [
    ";",
    ",",
    "\t",
    "|",
    '"',
    "\n",
    " ",
    "\xa0",
    "'",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\uff1dcmd()",
    "\u202e",
    "a",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.sampled_from(",;\t|"))
@example("a;=cmd()", ";")
@example('a"",=cmd()', ",")
def test_no_cell_is_a_formula_whatever_separates_them(name: str, separator: str) -> None:
    text = report_csv(made(1, 1), {1: name}).decode("utf-8-sig")
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        parsed = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting)
        for cell in (cell for row in parsed for cell in row):
            assert not cell.lstrip(' "\xa0').startswith(("=", "+", "-", "@", "\uff1d"))


def test_a_usual_name_stays_as_it_is_in_the_table() -> None:
    for name in ("Anna-Lena", "a@b", "x = y", "C++", "O'Neill"):
        assert rows(made(1, 1), {1: name})[-1]["name"] == name


def test_of_a_name_without_end_only_the_beginning_is_looked_at() -> None:
    report, endless = made(1, 1), "\ufdfa\u200d" * 1000  # one grapheme, and 18,000 letters when it is folded
    assert report_chart(report, {1: endless}) == report_chart(report, {1: endless[:200]})


def test_a_name_that_grows_by_folding_is_cut_first() -> None:
    report = made(7, 10)
    report_chart(report, {})
    began = time.process_time()
    grown = report_chart(report, dict.fromkeys(range(1, 11), "\ufdfa" * 32))
    assert time.process_time() - began < 5
    assert decoded(grown).width == WIDTH


def test_a_table_has_any_name() -> None:
    assert rows(made(1, 1), {1: "half \ud800\u3164"})[-1]["name"] == "half"
    assert rows(made(1, 1), {})[-1]["name"] == ""


def test_the_words_have_the_numbers_that_matter() -> None:
    today, before = NOW.date(), (NOW - timedelta(days=1)).date()
    by_member = {1: Use(1, 1500), 2: Use(1, 10), 30_007: Use(1, 5)}
    by_day = {today: Use(1, 1500), before: Use(2, 15)}
    report = report_of(by_day, by_member, guild_id=1, days=2, today=today)
    assert report_alt(report, {1: "Ada", 2: "Bo\u202eb"}) == (
        f"1,515 credits, 3 songs used, 23 Nov 2026 {DASH} 24 Nov 2026, UTC. "
        "Busiest day: 24 Nov 2026 with 1,500 credits. "
        "By member: Ada 1,500, Bob 10, Member …0007 5."
    )


def test_the_words_of_one_day_and_of_no_use_are_short() -> None:
    assert report_alt(made(1, 1), {1: "Ada"}) == "5 credits, 1 song used, 24 Nov 2026, UTC. By member: Ada 5."
    assert report_alt(made(1, 0), {}) == "No credits were used: 24 Nov 2026, UTC."


def test_the_words_fit_where_discord_takes_them() -> None:
    report = made(366, 500, each=10**15)
    words = report_alt(report, dict.fromkeys(range(501), "W" * 200))
    assert len(words) <= ALT_LIMIT
    assert words.endswith("and 490 more.")
    assert decoded(report_chart(report, {})).size == (WIDTH, HIGHEST)


BUDGET = BudgetState(credits=1500, left=0, spent=0, period=Period.WEEK, resets_at=NOW)
CAP = Cap(guild_id=1, credits=900_000, spent=0, period=Period.MONTH, window=window_of(Period.MONTH, NOW))


def colours(report: Report) -> set[object]:
    found = decoded(report_chart(report, {})).getcolors(WIDTH * HIGHEST) or ()
    return {colour for _, colour in found}


def test_limits_are_lines_where_the_bars_stay_readable_and_are_named_in_any_case() -> None:
    report = made(7, 9, each=100)
    limited = replace(report, limits=SharedLimits(budget=BUDGET, server_cap=CAP))
    budget, cap = "Budget, 1,500 every week: 214 a day", "900,000 every month: 30,000 a day"
    assert f"{budget}. Bot owner's limit, {cap}. By member" in report_alt(limited, {})
    green = (0x2B, 0xC7, 0x9A, 255)
    assert green in colours(limited) - colours(report)
    bars = [max(row_heights(one)) for one in (report, limited)]
    assert bars[1] > bars[0] / 3  # the cap far above does not press them down


def row_heights(report: Report) -> list[int]:
    """Return how many pixels of the bars' colour each column of the chart has."""
    image = decoded(report_chart(report, {}))
    return [
        sum(image.getpixel((x, y)) == (0x56, 0xB4, 0xE9, 255) for y in range(250, 600))
        for x in range(150, 1110, 8)
    ]


def test_a_table_has_playlists_and_models_with_their_requests() -> None:
    report = replace(
        made(1, 1),
        playlists=(ChoiceUse("p-1", Use(2, 60, 3), "=Lo-fi"), ChoiceUse("p-2", Use(0, 0, 1))),
        models=(ChoiceUse("v55", Use(2, 60, 4)),),
    )
    chosen = [row for row in rows(report, {}) if row["kind"] in {"playlist", "model"}]
    assert [(row["name"], row["credits"], row["songs"], row["requests"]) for row in chosen] == [
        ("'=Lo-fi", "60", "2", "3"),
        ("p-2", "0", "0", "1"),
        ("v5.5", "60", "2", "4"),
    ]
