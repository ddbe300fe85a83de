from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.storage.ownership import own
from bot.storage.urls import database_path


def test_three_slashes_begin_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_path("sqlite:///data/inspire.db") == tmp_path / "data" / "inspire.db"


def test_four_slashes_begin_at_the_root() -> None:
    assert database_path("sqlite:////srv/my songs/inspire.db") == Path("/srv/my songs/inspire.db")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no database URL"),
        ("inspire.db", "no database URL"),
        ("sqlite://host:port/x", "no database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.db?mode=ro", "does not need"),
        ("sqlite://host/x.db", "does not need"),
        ("sqlite+aiosqlite:///x.db", "begins with sqlite+aiosqlite"),
        ("mysql://bot:hunter2@host/songs", "begins with mysql"),
        ("postgresql+psycopg://bot:hunter2@host/songs", "begins with postgresql+psycopg"),
    ],
)
def test_any_other_url_is_refused_with_an_example_and_without_its_password(url: str, says: str) -> None:
    with pytest.raises(StoreError) as refused:
        database_path(url)
    assert says in str(refused.value)
    assert "sqlite:///data/inspire.db" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "inspire.db"
    own(path).release()
    assert path.parent.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/data for the database cannot be made: Not a directory"):
        own(tmp_path / "file" / "data" / "inspire.db")
