"""`python -m sandbox` as a process, and what it leaves behind."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LONG_S = 50.0
"""Seconds; more than anything here takes, also on a busy machine."""


@contextmanager
def demo(tmp_path: Path, *arguments: str, output: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Run the demo with fast songs, and its temporary files in a folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--song-seconds", "0.5", *arguments],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(tmp_path), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output if output != subprocess.PIPE else subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return the demo's output up to the line with these words."""
    seen = ""
    for line in process.stdout or ():
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"{words!r} is not in what was written:\n{seen}")


def bots_in(folder: Path) -> list[int]:
    """Return the processes with their working directory in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(folder):
                    found.append(int(entry.name))
    return found


def assert_nothing_left(folder: Path) -> None:
    assert not bots_in(folder)
    assert not list(folder.iterdir())
