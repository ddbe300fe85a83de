import errno
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.config import Settings, SettingsError, load

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "token-1234")
    monkeypatch.setenv("CQTAI_API_KEY", "key-1234")


def problems(env_file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(env_file)
    return caught.value.problems


@pytest.mark.usefixtures("enough")
def test_the_example_lists_every_setting_with_its_default() -> None:
    example = dotenv_values(EXAMPLE)
    assert set(example) == {name.upper() for name in Settings.model_fields}
    default = load(None)
    required = {"discord_token": "token-1234", "cqtai_api_key": "key-1234"}
    written = {name.lower(): value for name, value in example.items() if value}
    assert Settings.model_validate(required | written) == default


def test_the_example_explains_every_setting() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        block = re.search(rf"(#[^\n]*\n(?:[A-Z_]+=[^\n]*\n)*?){name.upper()}=", text)
        assert block, f"{name.upper()} has no comment above it"


def test_all_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "CREDIT_RATE": "0",
        "DEFAULT_PERIOD": "year",
        "MODELS": "a,b",
        "POLL_MIN_S": "50",
        "HTTP_PORT": "abc",
        "CQTAI_BASE_URL": "example",
        "MEDIA_TRUSTED_ORIGINS": "http://ok:1,ftp://no",
        "MAX_RUNNING": "many",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    named = {problem.split(":")[0] for problem in problems()}
    cross = {"DEFAULT_MODEL", "POLL_MAX_S"}
    assert named == (set(wrong) - {"MODELS", "POLL_MIN_S"}) | cross | {"DISCORD_TOKEN", "CQTAI_API_KEY"}


def test_a_wrong_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CQTAI_BASE_URL", "hunter2")
    assert "hunter2" not in "\n".join(problems())


@pytest.mark.usefixtures("enough")
@pytest.mark.parametrize("models", [",", ",".join(f"m{n}" for n in range(26))])
def test_discord_takes_1_to_25_models(monkeypatch: pytest.MonkeyPatch, models: str) -> None:
    monkeypatch.setenv("MODELS", models)
    assert any(problem.startswith("MODELS: name 1 to 25") for problem in problems())


@pytest.mark.usefixtures("enough")
def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("MAX_RUNNING=7\nLOG_LEVEL=debug\nUNKNOWN=1\n", encoding="utf-8")
    monkeypatch.setenv("MAX_RUNNING", "9")
    settings = load(env_file)
    assert (settings.max_running, settings.log_level) == (9, "DEBUG")


@pytest.mark.usefixtures("enough")
def test_the_wrong_ones_of_a_list_are_named_by_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_GUILD_IDS", "hunter2, 123456789012345678, 12")
    (problem,) = problems()
    assert "not so of entries 1, 3 (" in problem
    assert "hunter2" not in problem


@pytest.mark.usefixtures("enough")
@pytest.mark.parametrize("text", ["", " ", "''"])
def test_without_a_list_all_servers_are_served(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ALLOWED_GUILD_IDS", text)
    assert load(None).allowed_guild_ids == ()


@pytest.mark.usefixtures("enough")
def test_lists_are_split_and_addresses_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS", " v55 , v45+ ,")
    monkeypatch.setenv("MEDIA_TRUSTED_ORIGINS", "http://127.0.0.1:8080/")
    monkeypatch.setenv("CQTAI_BASE_URL", "http://127.0.0.1:8080/")
    monkeypatch.setenv("ALLOWED_GUILD_IDS", " 123456789012345679 ,123456789012345678,123456789012345678,")
    settings = load(None)
    assert settings.models == ("v55", "v45+")
    assert settings.allowed_guild_ids == (123456789012345679, 123456789012345678)
    assert settings.media_trusted_origins == ("http://127.0.0.1:8080",)
    assert settings.cqtai_base_url == "http://127.0.0.1:8080"


@pytest.mark.usefixtures("enough")
def test_secrets_are_not_shown() -> None:
    settings = load(None)
    assert "1234" not in repr(settings)
    assert settings.secrets == ("token-1234", "key-1234")


@pytest.mark.usefixtures("enough")
def test_every_number_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [
        name.upper()
        for name, field in Settings.model_fields.items()
        if field.annotation in (int, float, Decimal, int | None)
    ]
    assert len(numbers) >= 15
    for value in ("1e400", "-1e400", "inf", "-inf", "nan", "9" * 30, "-1", "9" * 5000):
        for name in numbers:
            monkeypatch.setenv(name, value)
        assert {problem.split(":")[0] for problem in problems()} >= set(numbers), value


@pytest.mark.usefixtures("enough")
@pytest.mark.parametrize("empty", ["", " ", "''", '""', '" "'])
def test_what_is_empty_is_as_by_default(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    default = load(None)
    for name in Settings.model_fields.keys() - {"discord_token", "cqtai_api_key"}:
        monkeypatch.setenv(name.upper(), empty)
    assert load(None) == default


@pytest.mark.parametrize("empty", ["", " ", '""'])
def test_what_must_be_set_must_not_be_empty(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    for name in ("DISCORD_TOKEN", "CQTAI_API_KEY"):
        monkeypatch.setenv(name, empty)
    assert [problem.split(";")[0] for problem in problems()] == [
        "DISCORD_TOKEN: is not set",
        "CQTAI_API_KEY: is not set",
    ]


@pytest.mark.usefixtures("enough")
@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "CQTAI_API_KEY"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("Bot abc", "begins with the word Bot; leave that out"),
        ("Bearer abc", "begins with the word Bearer; leave that out"),
        ("ab c", "has a blank, a line break or a letter that no key has; copy it again"),
        ("ab\nc", "has a blank"),
        ("ab\tc", "has a blank"),
        ("schlüssel", "has a blank"),
        ("abc\u200b", "has a blank"),
        ("“abc”", "has a blank"),
    ],
)
def test_a_key_that_can_be_none_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(f"{name}: {says}")
    assert value not in problem


@pytest.mark.parametrize("value", [" abc\n", "'abc'", '"abc"', "abc\r\n", "\t'abc' "])
def test_blanks_and_quotes_around_a_value_are_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", value)
    monkeypatch.setenv("CQTAI_API_KEY", value)
    monkeypatch.setenv("DATABASE_URL", '"sqlite:///x.db"')
    monkeypatch.setenv("MODELS", "'v55,v50'")
    settings = load(None)
    assert settings.secrets == ("abc", "abc")
    assert settings.database_url.get_secret_value() == "sqlite:///x.db"
    assert settings.models == ("v55", "v50")


@pytest.mark.usefixtures("enough")
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OPERATOR_GUILD_ID", "my server", "must be a whole number (the server's id: turn on Developer Mode"),
        ("OPERATOR_GUILD_ID", "1.5", "must be a whole number ("),
        (
            "ALLOWED_GUILD_IDS",
            "123456789012345678,my server,1.5",
            "must be servers' ids, separated by commas, which",
        ),
        (
            "ALLOWED_GUILD_IDS",
            ",",
            "must be servers' ids, separated by commas; leave it empty for all servers",
        ),
        ("ALLOWED_GUILD_IDS", "9999999999999999999", "must be servers' ids"),
        ("ALLOWED_GUILD_IDS", "123", "must be servers' ids"),
        ("OPERATOR_CHANNEL_ID", "#log", "must be a whole number (the channel's id: turn on Developer Mode"),
        ("OPERATOR_CHANNEL_ID", "0", "must be at least 1"),
        ("MAX_RUNNING", "three", "must be a whole number"),
        ("MAX_RUNNING", "0", "must be at least 1"),
        ("HTTP_PORT", "70000", "must be at most 65535"),
        ("POLLS_PER_S", "many", "must be a number"),
        ("CREDIT_RATE", "0", "must be more than 0"),
        ("CREDIT_RATE", "1,5", "must be a number"),
        ("GIVE_UP_S", "inf", "must be a number that ends somewhere"),
        ("GIVE_UP_S", "10", "must not be below POLL_MAX_S"),
        ("ATTACH_AUDIO", "maybe", "must be true or false"),
        ("DEFAULT_PERIOD", "year", "must be 'day', 'week' or 'month'"),
        ("LOG_FORMAT", "xml", "must be 'text' or 'json'"),
        ("MODELS", "v55,v55", "name each model once"),
        ("MODELS", "v55," + "x" * 51, "a model's name has at most 50 characters"),
        ("CQTAI_BASE_URL", "https://host:99999", "must be an address such as https://host/path"),
        ("CQTAI_BASE_URL", "wss://host", "must be an address such as https://host/path"),
        ("CQTAI_BASE_URL", "https://ho st", "must be an address such as https://host/path"),
        ("CQTAI_BASE_URL", "https://host/?key=1", "must be an address such as https://host/path"),
        ("DISCORD_GATEWAY_URL", "https://host", "must be an address such as wss://host/path"),
        ("MEDIA_TRUSTED_ORIGINS", "http://a:x", "must be origins such as"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(f"{name}: {says}")


class TestFile:
    @pytest.mark.usefixtures("enough")
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_it_may_begin_with_a_mark(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / ".env"
        path.write_bytes("MAX_RUNNING=7\r\n# Größe\r\n".encode(encoding))
        assert load(path).max_running == 7

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
    def test_another_encoding_is_named(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / ".env"
        path.write_bytes("DISCORD_TOKEN=abc # Schlüssel\n".encode(encoding))
        (problem,) = problems(path)
        assert problem.startswith(f"{path}: is not in UTF-8; save it again as UTF-8")

    def test_lines_that_say_nothing_are_named(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_text("# mine\nDISCORD_TOKEN: hunter2\n\nCQTAI_API_KEY=key-1234\nMAX RUNNING=3\n")
        assert problems(path) == (
            f"{path}: line 2 is not of the form NAME=value",
            f"{path}: line 5 is not of the form NAME=value",
        )

    def test_a_folder_is_told(self, tmp_path: Path) -> None:
        (problem,) = problems(tmp_path)
        assert problem.startswith(f"{tmp_path}: is a folder; a file is needed")

    def test_a_file_that_may_not_be_read_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / ".env"
        path.touch()

        def refuse(_: Path) -> bytes:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read everything
        assert problems(path) == (f"{path}: cannot be read (Permission denied); let the bot's user read it",)

    def test_a_name_that_is_misspelled_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / ".env"
        path.write_text("DISCORD_TOKN=hunter2\nPOSTGRES_PASSWORD=hunter2\nhttp_proxy=x\nMAX_RUNNING_OLD=1\n")
        monkeypatch.setenv("CQTAI_KEY", "hunter2")
        monkeypatch.setenv("MAX_RUNNING", "5")
        told = problems(path)
        assert told[2:] == (
            "CQTAI_KEY: is no setting; is CQTAI_API_KEY meant?",
            "DISCORD_TOKN: is no setting; is DISCORD_TOKEN meant?",
        )
        assert "hunter2" not in "".join(told)
