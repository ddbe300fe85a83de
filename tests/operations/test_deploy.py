"""The files in deploy/, checked by their own tools."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.shutdown import STOP_S
from tests.integration.program import ROOT

UNIT = ROOT / "deploy" / "inspire.service"
EXPOSURE = 2.0
"""The highest score of `systemd-analyze security`, from 0 to 10, that the unit can have."""
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze on this machine")


def said(*arguments: str) -> str:
    """What the tool prints."""
    done = subprocess.run([str(ANALYZE), *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    words = UNIT.read_text(encoding="utf-8")
    copy.write_text(words.replace("/opt/inspire/.venv/bin/python", sys.executable), encoding="utf-8")
    assert said("verify", str(copy)) == ""


@needs_systemd
def test_the_unit_exposes_little(tmp_path: Path) -> None:
    overall = re.search(r"exposure level for \S+: ([\d.]+)", said("security", "--offline=true", str(UNIT)))
    assert overall is not None
    assert float(overall[1]) < EXPOSURE


def test_systemd_waits_until_the_bot_has_stopped() -> None:
    words = UNIT.read_text(encoding="utf-8")
    (wait_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", words, re.MULTILINE)
    assert int(wait_s) > STOP_S
    assert "RestartPreventExitStatus=2\n" in words
