import logging
import threading
from collections.abc import Iterator

import pytest

from bot.chat.delivery.operator_channel import operator_message
from bot.chat.delivery.operator_lines import MAX_LINES, GatheredLines, OperatorLine, OperatorLines
from bot.chat.text.formatting import CONTENT_LIMIT

log = logging.getLogger("bot.tests.operator")
PROMPT = "a prompt that is nobody else's business"
KEY = "5ecre7" * 6


@pytest.fixture
def told() -> list[None]:
    return []


@pytest.fixture
def lines(told: list[None]) -> Iterator[OperatorLines]:
    handler = OperatorLines(secrets=(KEY,), notify=lambda: told.append(None))
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


def texts(gathered: GatheredLines) -> dict[str, int]:
    return {line.text: line.count for line in gathered.lines}


def test_only_lines_for_the_operator_are_gathered_and_equal_ones_counted(
    lines: OperatorLines, told: list[None]
) -> None:
    for number in range(7):
        log.error("OPERATOR: the song can be posted nowhere; it is kept", extra={"request": number})
    log.error("something else: OPERATOR: %s", "OPERATOR: x")
    log.error(ValueError("OPERATOR: no text"))
    gathered = lines.take()
    assert texts(gathered) == {"OPERATOR: the song can be posted nowhere; it is kept": 7}
    assert gathered.lines[0].request_ids == (0, 1, 2, 3, 4)
    assert len(told) == 7
    assert lines.take() == GatheredLines()


@pytest.mark.parametrize(
    ("words", "arguments", "shown"),
    [
        ("refused (%s); stops", (f"code 402: {PROMPT}",), "refused (code 402 ...); stops"),
        ("refused (%s)", ("code 401",), "refused (code 401)"),
        ("unknown: %s", (PROMPT,), "unknown: ..."),
        ("unknown: %s", ("word",), "unknown: ..."),
        ("no answer for %g s; task %s", (86_400.0, "0" * 32), "no answer for 86400 s; task " + "0" * 32),
        ("task %s", (KEY,), "task ..."),
        ("a %(b)s, %(c)d", ({"b": PROMPT, "c": 7},), "a ..., 7"),
        (f"with {KEY}", (), "with [secret]"),
        ("100 % of it", (), "100 % of it"),
    ],
)
def test_only_the_programs_own_words_with_numbers_and_ids_are_kept(
    lines: OperatorLines, words: str, arguments: tuple[object, ...], shown: str
) -> None:
    try:
        raise ValueError(PROMPT)
    except ValueError:
        log.exception(f"OPERATOR: {words}", *arguments, extra={"user": PROMPT, "request": PROMPT})
    assert texts(lines.take()) == {f"OPERATOR: {shown}": 1}


def test_a_key_that_looks_like_a_tasks_id_is_hidden() -> None:
    handler = OperatorLines(secrets=("ab" * 16,), notify=lambda: None)
    handler.emit(logging.makeLogRecord({"msg": "OPERATOR: task %s", "args": ("ab" * 16,)}))
    assert texts(handler.take()) == {"OPERATOR: task [secret]": 1}


def test_a_flood_of_lines_is_bounded_and_leaves_room_for_those_that_stop_songs(
    lines: OperatorLines,
) -> None:
    for number in range(1000):
        log.error("OPERATOR: no progress for %d s", number)
    for code in range(1000):
        log.error("OPERATOR: the provider refuses the key (%s)", f"code {code}")
    gathered = lines.take()
    assert len(gathered.lines) == 2 * MAX_LINES
    assert gathered.left_out + len(gathered.lines) == 2000
    message = operator_message(gathered, (1, 2))
    assert len(message) <= CONTENT_LIMIT
    head, first, *_, last = message.split("\n")
    assert head == "<@1> <@2>"
    assert first.startswith("OPERATOR: the provider refuses the key")
    assert last.startswith("... and 1,9")


def test_lines_that_are_put_back_are_counted_with_later_ones(lines: OperatorLines) -> None:
    log.error("OPERATOR: one", extra={"request": 1})
    earlier = lines.take()
    log.error("OPERATOR: one", extra={"request": 2})
    lines.put_back(earlier)
    assert lines.take().lines == (OperatorLine(text="OPERATOR: one", count=2, request_ids=(2, 1)),)


def test_a_line_that_cannot_be_formatted_harms_nobody(lines: OperatorLines) -> None:
    lines.emit(logging.makeLogRecord({"msg": "OPERATOR: %d %d", "args": (1,)}))
    assert lines.take() == GatheredLines()


def test_threads_lose_no_line(lines: OperatorLines) -> None:
    def flood() -> None:
        for _ in range(200):
            log.error("OPERATOR: one")

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts(lines.take()) == {"OPERATOR: one": 800}


def test_a_message_shows_words_as_they_are_and_what_is_equal_as_a_number() -> None:
    lines = (OperatorLine(text="OPERATOR: @everyone <@7> **x**\nnext", count=1200, request_ids=(3, 4)),)
    assert operator_message(GatheredLines(lines=lines), ()) == (
        "OPERATOR: \\@everyone \\<\\@7\\> \\*\\*x\\*\\* next **\N{MULTIPLICATION SIGN}1,200** (request 3, 4)"
    )


def test_servers_are_named_beside_their_ids_where_the_process_knows_them() -> None:
    lines = (
        OperatorLine(text="OPERATOR: a cap is reached: no more songs in server 17 in this period"),
        OperatorLine(text="OPERATOR: a task is lost", request_ids=(3,), guild_ids=(17, 18)),
    )
    assert operator_message(GatheredLines(lines=lines), (), {17: "*Bards*"}) == (
        "OPERATOR: a cap is reached: no more songs in server **\\*Bards\\*** (`17`) in this period\n"
        "OPERATOR: a task is lost (request 3; server **\\*Bards\\*** (`17`), `18`)"
    )


def test_the_server_of_a_line_is_kept() -> None:
    lines = OperatorLines(notify=lambda: None)
    for guild_id in (17, 18, 17):
        record = logging.makeLogRecord({"msg": "OPERATOR: one", "guild": guild_id})
        lines.emit(record)
    assert lines.take().lines == (OperatorLine(text="OPERATOR: one", count=3, guild_ids=(17, 18)),)
