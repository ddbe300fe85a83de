import errno
import fcntl
import os
from pathlib import Path

import pytest

from bot.domain.errors import MisconfiguredError, StoreError
from bot.storage.database_url import parse_url
from bot.storage.sqlite.file_lock import lock_file


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_three_slashes_begin_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_url("sqlite:///data/inspire.db") == tmp_path / "data" / "inspire.db"


def test_four_slashes_begin_at_the_root() -> None:
    assert parse_url("sqlite:////srv/my songs/inspire.db") == Path("/srv/my songs/inspire.db")


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
    with pytest.raises(MisconfiguredError) as refused:
        parse_url(url)
    assert says in str(refused.value)
    assert "sqlite:///data/inspire.db" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "inspire.db"
    lock_file(path).release()
    assert path.parent.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/data for the database cannot be made: Not a directory"):
        lock_file(tmp_path / "file" / "data" / "inspire.db")


@pytest.mark.parametrize(
    "path", ["~/inspire.db", "~bot/inspire.db", "/~/inspire.db", "$HOME/inspire.db", "/${HOME}/x.db"]
)
def test_what_only_a_shell_would_put_in_is_refused(path: str) -> None:
    with pytest.raises(
        MisconfiguredError, match=r"write the whole path, for example sqlite:////srv/inspire/inspire\.db"
    ):
        parse_url(f"sqlite:///{path}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:hunter2@hunter3@db.example/songs",
        "postgresql://bot:hunter2@hunter3/4@db.example:5432/songs",
        "postgresql://bot:@hunter3@db.example/songs",
        "postgresql://bot:hunter2@hunter3:4@db.example/songs",
        "postgresql://bot:hunter2?@hunter3@db.example/songs",
        "postgresql://bot:hunter2@hunter3@/songs?host=/run/postgresql",
        "postgresql://bot:hunter2@hunter3@[::1]/songs",
    ],
)
def test_a_password_with_an_at_sign_is_shown_in_no_part(url: str) -> None:
    with pytest.raises(
        MisconfiguredError, match="write each @ of the user and the password as %40"
    ) as refused:
        parse_url(url)
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:hunter2%40hunter3@db.example/songs?application_name=a@b",
        "postgresql://bot@tenant:hunter2@db.example/songs",
    ],
)
def test_other_at_signs_are_taken(url: str) -> None:
    assert str(parse_url(url)) == "songs on db.example"


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="is a folder: add the name of a file"):
        parse_url(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////dev/null", "is no file: name another one"),
        (f"sqlite:///{'a' * 300}.db", "names no usable path: File name too long"),
        ("sqlite:///loop/inspire.db", "names no usable path: Too many levels of symbolic links"),
    ],
)
def test_a_path_that_no_file_can_have_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MisconfiguredError, match=says):
        parse_url(url)


def test_what_is_made_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "inspire.db"
    before = os.umask(0)
    try:
        lock_file(path).release()
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert mode(path.with_name("inspire.db.lock")) == 0o600


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(
        MisconfiguredError, match=r"is on a file system without locks .*: put the file on a local disk"
    ):
        lock_file(tmp_path / "inspire.db")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_a_folder_that_takes_no_files_is_not_taken_for_one_in_use() -> None:
    with pytest.raises(StoreError, match=r"cannot be locked: No such file or directory"):
        lock_file(Path("/proc/inspire.db"))
