import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from pathlib import Path

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from tests.demo.demo import LONG_S, assert_nothing_left, bots_in, demo, read_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
ALTERNATE_SCREEN, MAIN_SCREEN, CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
STORY = (
    "Ada: /inspire playlist:https://suno.com/playlist/",
    "(only Ada can see this): Your credits | 30 credits: 1 more song this week, 60 new ones in",
    "style_weight:0.8 audio_weight:0.25 weirdness:0.4 persona:",
    "(only Mo can see this): That playlist link looks cut off",
    "Position 1 in the queue.",
    "Inspire edits the answer to Ada: Making your song",
    "Inspire posts: @Ada your song from this playlist is ready.",
    "Inspire posts: @Ben your song from this playlist is ready.",
    "Inspire posts: @Mo your song from this playlist is ready.",
    "Ben presses [Cancel]",
    "Inspire edits the answer to Ben: Cancelled. Your 30 credits are back.",
    "No song this time | The song service's moderation rejected this request.",
    "you have 0. You get more in",
    "Mo   0 credits available, 0 credits on hold, 60 credits used",
    "requests  1 cancelled, 4 delivered, 1 failed",
    "and ended with exit code 0.",
)


def test_the_demo_is_told_in_plain_lines_and_leaves_only_what_was_asked_for(
    tmp_path: Path,
) -> None:
    temporary, kept = tmp_path / "temporary", tmp_path / "kept"
    temporary.mkdir()
    with demo(temporary, "--plain", "--keep", str(kept)) as process:
        told, complaints = process.communicate(timeout=LONG_S)
    assert (process.returncode, complaints) == (0, "")
    assert [line for line in STORY if line not in told] == []
    assert told.replace("\n", "").isprintable()
    assert_nothing_left(temporary)
    assert not bots_in(tmp_path)
    assert {path.name for path in kept.iterdir()} >= {"inspire.db", "bot.log", "clips"}
    assert len(list((kept / "clips").iterdir())) == 8


def test_in_a_terminal_the_channel_is_drawn_and_the_screen_given_back(tmp_path: Path) -> None:
    code, drawn = in_a_terminal(tmp_path)
    assert code == 0, drawn[-2000:]
    assert drawn.count(ALTERNATE_SCREEN) == drawn.count(MAIN_SCREEN) == 1
    live, after = drawn.split(MAIN_SCREEN)
    assert CURSOR in live + after
    for words in ("3 of 3: Nothing left to spend", TITLES[State.MAKING], "[Cancel]", "▰"):
        assert words in live
    assert "== The ledger ==" in after
    assert_nothing_left(tmp_path)


@pytest.mark.long
def test_a_terminal_is_given_back_on_ctrl_c(tmp_path: Path) -> None:
    code, drawn = in_a_terminal(tmp_path, interrupt_at=TITLES[State.MAKING])
    assert code == 128 + signal.SIGINT
    assert MAIN_SCREEN in drawn
    assert CURSOR in drawn
    assert "Traceback" not in drawn
    assert_nothing_left(tmp_path)


def in_a_terminal(folder: Path, *, interrupt_at: str = "") -> tuple[int, str]:
    """Return the exit code and the output to a terminal of 80 by 24."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with demo(folder, "--terminal", output=theirs) as process, os.fdopen(ours, "rb", buffering=0) as screen:
        os.close(theirs)
        drawn = b""
        waiting = bool(interrupt_at)
        while chunk := read_terminal(screen.fileno()):
            drawn += chunk
            if waiting and interrupt_at.encode() in drawn:
                process.send_signal(signal.SIGINT)
                waiting = False
        return process.wait(LONG_S), drawn.decode(errors="replace")


def read_terminal(descriptor: int) -> bytes:
    """Return the output, or nothing if the other side is closed."""
    try:
        return os.read(descriptor, 65_536)
    except OSError:
        return b""


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "Starting the bot"),
        (signal.SIGINT, TITLES[State.WAITING]),
        (signal.SIGINT, "Inspire posts: @Ada"),
        (signal.SIGTERM, TITLES[State.MAKING]),
        (signal.SIGHUP, "On hold"),
    ],
)
def test_a_signal_ends_everything_at_any_moment(number: signal.Signals, moment: str, tmp_path: Path) -> None:
    with demo(tmp_path, "--plain") as process:
        read_until(process, moment)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=LONG_S)
    assert (process.returncode, complaints) == (128 + number, "")
    assert_nothing_left(tmp_path)


@pytest.mark.long
def test_when_the_bot_dies_the_evening_ends_with_a_sentence_and_the_end_of_its_log(tmp_path: Path) -> None:
    with demo(tmp_path, "--plain") as process:
        read_until(process, TITLES[State.MAKING])
        (bot,) = bots_in(tmp_path)
        os.kill(bot, signal.SIGKILL)
        _, complaints = process.communicate(timeout=LONG_S)
    assert process.returncode == 1
    assert "The bot ended in the middle of the script, with exit code -9." in complaints
    assert "submitted as task" in complaints
    assert "Traceback" not in complaints
    assert_nothing_left(tmp_path)


@pytest.mark.long
def test_when_nobody_reads_any_more_the_evening_ends_without_a_word(tmp_path: Path) -> None:
    with demo(tmp_path, "--plain") as process:
        read_until(process, "Starting the bot")
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        complaints = process.stderr.read()
        assert process.wait(LONG_S) == 1
    assert complaints == ""
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--song-seconds", "0"),
        ("--keep", "."),
        ("--keep", "Makefile"),
        ("--port", "1"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(arguments: tuple[str, ...], tmp_path: Path) -> None:
    with demo(tmp_path, *arguments) as process:
        _, complaints = process.communicate(timeout=LONG_S)
    assert process.returncode == 2
    assert arguments[0] in complaints
    assert_nothing_left(tmp_path)


def test_help_names_every_option(tmp_path: Path) -> None:
    with demo(tmp_path, "-h") as process:
        said, _ = process.communicate(timeout=LONG_S)
    assert process.returncode == 0
    for option in ("--plain", "--song-seconds", "--keep", "--terminal", "--no-open"):
        assert option in said
