"""Every module can be the first of the product that a process imports."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OF_ALEMBIC = "bot.storage.migrations.env"
"""Runs the migrations when it is imported, with what Alembic gives it."""
IMPORT_EACH = """
import importlib, sys

for name in sys.argv[1:]:
    for imported in [one for one in sys.modules if one.partition(".")[0] in {"bot", "cogs"}]:
        del sys.modules[imported]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
"""


def modules() -> list[str]:
    files = (path for package in ("bot", "cogs") for path in (ROOT / package).rglob("*.py"))
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files
    }
    return sorted(names - {OF_ALEMBIC})


@pytest.mark.long
def test_every_module_can_be_imported_first() -> None:
    code = [sys.executable, "-c", IMPORT_EACH, *modules()]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
