import os
import re
import signal
import sys
import urllib.request
from pathlib import Path

import pytest

from sandbox.page.demo import has_display
from tests.demo.demo import LONG_S, assert_nothing_left, demo, read_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def test_the_demo_prints_an_address_that_answers_until_ctrl_c(tmp_path: Path) -> None:
    with demo(tmp_path, "--no-open") as process:
        said = read_until(process, "The page is at")
        address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", said)
        assert address is not None
        with urllib.request.urlopen(address[0], timeout=LONG_S) as response:
            assert b"<title>Songwriters</title>" in response.read()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=LONG_S)
    assert (process.returncode, complaints) == (128 + signal.SIGINT, "")
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize(("name", "there"), [("DISPLAY", True), ("WAYLAND_DISPLAY", True), ("HOME", False)])
def test_no_browser_is_opened_where_there_is_no_display(
    name: str, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(known, raising=False)
    monkeypatch.setenv(name, os.environ.get(name, ":0"))
    assert has_display() is there
