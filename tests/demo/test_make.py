"""`make demo` as people run it: how it ends, and what it says where nothing can be installed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.demo import LONG_S, PROJECT

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


def make(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["make", "-C", str(PROJECT), *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_ctrl_c_ends_the_demo_without_an_error_of_make() -> None:
    installed = ("-o", ".venv/.demo", f"BIN={Path(sys.executable).parent}")
    with make(*installed, "demo", "ARGS=--no-open") as process:
        said = ""
        for line in process.stdout or ():
            said += line
            if "Ctrl-C ends it" in line:
                os.killpg(process.pid, signal.SIGINT)
    assert "Starting a local Discord" in said
    assert "Error" not in said
    assert process.returncode in (0, -signal.SIGINT)


def test_an_installation_without_a_network_ends_with_a_sentence(tmp_path: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    left = tmp_path / "venv" / "bin" / "python"  # of an attempt without python3-venv
    left.parent.mkdir(parents=True)
    left.symlink_to(sys.executable)
    with make(f"VENV={tmp_path / 'venv'}", f"PYTHON={sys.executable}", "demo", **nowhere) as process:
        said, _ = process.communicate(timeout=LONG_S)
    assert "is there a connection to the internet?" in said
    assert process.returncode != 0


def test_a_debian_without_its_package_of_venv_is_told_what_to_install(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\ncase $2 in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with make(f"VENV={tmp_path / 'venv'}", f"PYTHON={python}", "demo") as process:
        said, _ = process.communicate(timeout=LONG_S)
    assert "apt-get install python3-venv" in said
    assert process.returncode != 0
    assert not (tmp_path / "venv").exists()
