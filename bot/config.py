"""The settings, read from the environment and from `.env` and validated all at once."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticUseDefault
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.caps import MAX_CAP
from bot.domain.quotas import Period
from bot.env_file import ENCODING, ENV_FILE, env_file_problems, misspelled

Url = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[str, ...], NoDecode]
"""A comma-separated list."""
_PASSWORDS = tuple(
    re.compile(form) for form in (r"://[^:/@]*:([^@]*)@", r"://[^:/@]*:([^?]*)@", r"[?&]password=([^&]*)")
)
"""Where a database URL has its password, also one with an @ in it."""
_QUOTED = re.compile(r"""(["'])(.*)\1""", re.DOTALL)
Ids = Annotated[tuple[int, ...], NoDecode]
"""A comma-separated list of Discord's ids."""
MAX_ID = 2**63 - 1
MODEL_LENGTH = 50
"""Characters of a model's name that the database can store."""
_UNSET = "is not set; put it into the environment or into .env (see .env.example)"
_MESSAGES = {
    "missing": _UNSET,
    "string_too_short": _UNSET,
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a shorter number",
    "float_parsing": "must be a number",
    "decimal_parsing": "must be a number",
    "finite_number": "must be a number that ends somewhere",
    "bool_parsing": "must be true or false",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""The messages for pydantic's error types, formatted with their context."""
_COPY_ID = (
    " (the server's id: turn on Developer Mode in Discord, then right-click the server > Copy Server ID)"
)
_HINTS = {
    "OPERATOR_GUILD_ID": _COPY_ID,
    "ALLOWED_GUILD_IDS": _COPY_ID,
    "OPERATOR_CHANNEL_ID": (
        " (the channel's id: turn on Developer Mode in Discord, right-click the channel > Copy Channel ID)"
    ),
}


class SettingsError(Exception):
    """Invalid settings; `problems` has one sentence for each wrong variable."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """The operator's settings; the environment takes precedence over the file."""

    model_config = SettingsConfigDict(
        env_file_encoding=ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        allow_inf_nan=False,
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    discord_token: SecretStr = Field(min_length=1)
    """The bot's token, from the Discord developer portal (Bot > Reset Token)."""
    cqtai_api_key: SecretStr = Field(min_length=1)
    """The key of the account at CQTAI that pays for the songs."""
    discord_api_url: Url = "https://discord.com/api/v10"
    """REST base of Discord, or of a proxy in front of it; ends in /api/v10."""
    discord_gateway_url: Url = "wss://gateway.discord.gg"
    """Gateway of Discord."""
    cqtai_base_url: Url = "https://api.cqtai.com"
    """Base of the song provider's API."""
    database_url: SecretStr = SecretStr("sqlite:///data/inspire.db")
    """Where requests and credits are kept: a SQLite file, or postgresql://user:password@host/name."""
    credit_rate: Decimal = Field(default=Decimal(1), gt=0, le=1000)
    """The provider account's rate on the 30 credits of a song."""
    default_allowance: int = Field(default=90, ge=0, le=1_000_000)
    """Credits for each member per period."""
    default_period: Period = Period.WEEK
    """How often the allowance is renewed: every day, week (from Monday) or month, in UTC."""
    max_active_per_member: int = Field(default=3, ge=1, le=1000)
    """Pending requests that one member may have."""
    max_waiting_per_server: int = Field(default=50, ge=1, le=100_000)
    """Requests that may wait in one server; moderators can choose fewer."""
    cooldown_s: int = Field(default=0, ge=0, le=86_400)
    """Seconds between two requests of one member."""
    max_running: int = Field(default=3, ge=1, le=10_000)
    """Tasks at the provider at once."""
    models: Names = ("v55", "v50", "v45+", "v45", "v40")
    """The models that members may choose, separated by commas; at most 25."""
    default_model: str = "v55"
    """The model for members who choose none."""
    poll_min_s: float = Field(default=1, ge=0.01, le=60)
    """The shortest time in seconds between two polls of one song."""
    poll_max_s: float = Field(default=45, ge=0.01, le=600)
    """The longest time in seconds between two polls of one song."""
    polls_per_s: float = Field(default=20, ge=0.01, le=1000)
    """Polls of the provider per second, for all songs together."""
    give_up_s: float = Field(default=900, ge=1, le=86_400)
    """Seconds without any progress after which a song is given up and its credits returned."""
    status_edit_min_s: float = Field(default=4, ge=0, le=60)
    """The shortest time in seconds between two edits of one status message."""
    interaction_token_s: float = Field(default=870, gt=0, le=890)
    """Seconds for which status messages are edited with the interaction's token; Discord ends it at 900."""
    attach_audio: bool = True
    """Whether clips are attached as files where they fit."""
    prompt_retention_days: int = Field(default=90, ge=1, le=3650)
    """Days after a request's end at which its prompt is deleted."""
    guild_retention_days: int = Field(default=30, ge=0, le=3650)
    """Days after the bot left a server at which that server's data is deleted."""
    media_trusted_origins: Names = ()
    """Origins (scheme://host:port) whose links are accepted even if http or private: for the sandbox."""
    operator_guild_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    """The Discord server, by its id, in which the bot's owner has `/operator`; empty for none."""
    allowed_guild_ids: Ids = ()
    """The servers that may use the bot, by their ids, separated by commas; empty for all."""
    operator_channel_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    """The Discord channel, by its id, that gets the log lines for the bot's owner; empty for none."""
    server_credit_cap: int | None = Field(default=None, ge=0, le=MAX_CAP)
    """Credits that each server may spend per `CREDIT_CAP_PERIOD`; empty: no cap, 0: nobody may."""
    total_credit_cap: int | None = Field(default=None, ge=0, le=MAX_CAP)
    """Credits that all servers together may spend per `CREDIT_CAP_PERIOD`; empty: no cap, 0: nobody may."""
    credit_cap_period: Period = Period.MONTH
    """How often the caps are renewed: every day, week (from Monday) or month, in UTC."""
    http_host: str = "127.0.0.1"
    """The address that /healthz, /readyz and /metrics listen on."""
    http_port: int | None = Field(default=None, ge=1, le=65_535)
    """The port that /healthz, /readyz and /metrics listen on; empty for none."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The lowest level that is logged."""
    log_format: Literal["text", "json"] = "text"
    """One line of text, or one JSON object, per entry."""

    @field_validator("models", "media_trusted_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Split a comma-separated text."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_guild_ids", mode="before")
    @classmethod
    def _are_guild_ids(cls, value: object) -> object:
        """Split a comma-separated text into ids; refuse entries that cannot be one, by their place."""
        if not isinstance(value, str):
            return value
        entries = [part.strip() for part in value.split(",") if part.strip()]
        wrong = [str(place) for place, entry in enumerate(entries, 1) if not _is_id(entry)]
        if not entries:
            raise ValueError("must be servers' ids, separated by commas; leave it empty for all servers")
        if wrong:
            raise ValueError(
                f"must be servers' ids, separated by commas, which is not so of entries {', '.join(wrong)}"
            )
        return tuple(dict.fromkeys(int(entry) for entry in entries))

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        """Accept the level in any case."""
        return value.upper() if isinstance(value, str) else value

    @field_validator("*", mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        """Strip whitespace, and quotes, which some tools leave on; an empty value means the default."""
        if not isinstance(value, str):
            return value
        found = _QUOTED.fullmatch(value.strip())
        text = (found[2] if found else value).strip()
        if not text:
            raise PydanticUseDefault
        return text

    @field_validator("discord_token", "cqtai_api_key")
    @classmethod
    def _is_key(cls, value: SecretStr) -> SecretStr:
        """Refuse characters that no HTTP header can have, and a scheme before the key."""
        key = value.get_secret_value()
        scheme = key.split(maxsplit=1)[0].lower()
        if scheme in {"bot", "bearer"}:
            raise ValueError(f"begins with the word {scheme.title()}; leave that out")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("has a blank, a line break or a letter that no key has; copy it again")
        return value

    @field_validator("models")
    @classmethod
    def _choosable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse models that Discord cannot show as choices: 1 to 25, without duplicates."""
        if not 1 <= len(value) <= 25:
            raise ValueError("name 1 to 25 models, separated by commas")
        if len(set(value)) < len(value):
            raise ValueError("name each model once")
        if max(len(model) for model in value) > MODEL_LENGTH:
            raise ValueError(f"a model's name has at most {MODEL_LENGTH} characters")
        return value

    @field_validator("discord_api_url", "cqtai_base_url", "discord_gateway_url")
    @classmethod
    def _is_url(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a text without scheme or host, and strip the trailing slash."""
        scheme = "ws" if info.field_name == "discord_gateway_url" else "http"
        parts = urlsplit(value)
        is_address = parts.scheme in {scheme, f"{scheme}s"} and parts.hostname and " " not in value
        if not is_address or parts.query or parts.fragment or not _has_port(parts):
            raise ValueError(f"must be an address such as {scheme}s://host/path")
        return value.rstrip("/")

    @field_validator("media_trusted_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse origins without scheme or host, or with a path."""
        for origin in value:
            parts = urlsplit(origin)
            is_origin = parts.scheme in {"http", "https"} and parts.hostname and parts.path in {"", "/"}
            if not is_origin or not _has_port(parts):
                raise ValueError("must be origins such as http://127.0.0.1:8080, separated by commas")
        return tuple(origin.rstrip("/") for origin in value)

    @field_validator("default_model")
    @classmethod
    def _is_offered(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a default that is not one of the models."""
        if value not in info.data.get("models", (value,)):
            raise ValueError("must be one of MODELS")
        return value

    @field_validator("poll_max_s")
    @classmethod
    def _is_longest(cls, value: float, info: ValidationInfo) -> float:
        """Refuse a longest interval below the shortest one."""
        if value < info.data.get("poll_min_s", value):
            raise ValueError("must not be below POLL_MIN_S")
        return value

    @field_validator("give_up_s")
    @classmethod
    def _outlasts_polls(cls, value: float, info: ValidationInfo) -> float:
        """Refuse a timeout that would end before the first poll."""
        if value < info.data.get("poll_max_s", value):
            raise ValueError("must not be below POLL_MAX_S")
        return value

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return all texts that must never appear in a log."""
        known = (self.discord_token.get_secret_value(), self.cqtai_api_key.get_secret_value())
        return known + _passwords(self.database_url.get_secret_value())


def _is_id(text: str) -> bool:
    """Return True if the text can be an id of Discord's, which has 15 digits at least."""
    return re.fullmatch("[0-9]{15,19}", text) is not None and int(text) <= MAX_ID


def _has_port(parts: SplitResult) -> bool:
    """Return True if the URL has a valid port or none."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _passwords(url: str) -> tuple[str, ...]:
    """Return the passwords in a database URL, as they are written there."""
    return tuple(dict.fromkeys(found for form in _PASSWORDS for found in form.findall(url) if found))


SETTINGS = frozenset(name.upper() for name in Settings.model_fields)
"""The names of all variables."""
SECRETS = frozenset({"DISCORD_TOKEN", "CQTAI_API_KEY", "DATABASE_URL"})


def load(env_file: Path | None = ENV_FILE) -> Settings:
    """Read the settings of this process.

    Raises:
        SettingsError: with every variable that is missing or wrong.
    """
    if env_file is not None and (problems := env_file_problems(env_file)):
        raise SettingsError(problems)
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        problems = tuple(_sentence(details) for details in error.errors())
        raise SettingsError(problems + misspelled(env_file, SETTINGS)) from None


def _sentence(details: ErrorDetails) -> str:
    """Return a sentence about one problem that names the variable and never its value."""
    text = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not details["loc"]:
        return text
    name = str(details["loc"][0]).upper()
    words = _MESSAGES.get(details["type"], f"{text[:1].lower()}{text[1:]}").format(**details.get("ctx", {}))
    return f"{name}: {words}{_HINTS.get(name, '')}"
