import re
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
        "POLL_MIN_S": "40",
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
def test_lists_are_split_and_addresses_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS", " v55 , v45+ ,")
    monkeypatch.setenv("MEDIA_TRUSTED_ORIGINS", "http://127.0.0.1:8080/")
    monkeypatch.setenv("CQTAI_BASE_URL", "http://127.0.0.1:8080/")
    settings = load(None)
    assert settings.models == ("v55", "v45+")
    assert settings.media_trusted_origins == ("http://127.0.0.1:8080",)
    assert settings.cqtai_base_url == "http://127.0.0.1:8080"


@pytest.mark.usefixtures("enough")
def test_secrets_are_not_shown() -> None:
    settings = load(None)
    assert "1234" not in repr(settings)
    assert settings.secrets == ("token-1234", "key-1234")
