"""The command `inspire-bot`, and how pyproject.toml lays out the wheel that has it."""

import sys
import tomllib
from pathlib import Path

import pytest

import inspire_bot
from bot.version import VERSION

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


def test_the_wheel_has_one_package_that_others_can_import() -> None:
    places = {folder: WHEEL["sources"].get(folder, folder) for folder in WHEEL["only-include"]}
    assert {place.split("/")[0] for place in places.values()} == {"inspire_bot"}
    assert all((ROOT / folder / "__init__.py").exists() for folder in places)


def test_the_command_finds_the_packages_where_the_wheel_has_them() -> None:
    moved = {ROOT / place for place in WHEEL["sources"].values()}
    assert {folder.parent for folder in moved} == {inspire_bot.PROGRAM}
    assert {folder.name for folder in moved} == set(WHEEL["sources"])


def test_the_command_is_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module, name = PROJECT["project"]["scripts"]["inspire-bot"].split(":")
    monkeypatch.syspath_prepend(tmp_path)  # puts the path back at the end
    with pytest.raises(SystemExit) as ended:
        getattr(sys.modules[module], name)(["--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: inspire-bot ")
    assert sys.path[0] == str(inspire_bot.PROGRAM)


def test_the_version_is_that_of_the_program() -> None:
    hatch = PROJECT["tool"]["hatch"]["version"]
    text = (ROOT / hatch["path"]).read_text(encoding="utf-8")
    assert hatch["pattern"].replace('(?P<version>[^"]+)', VERSION) in text
