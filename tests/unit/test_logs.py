import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from bot.config import Settings
from bot.domain.errors import AccountError, NoAnswerError, NotAcceptedError, OutcomeUnknownError
from bot.domain.song_options import SongOptions
from bot.logs import CHATTY, HIDDEN, TALKATIVE, configure_logging
from bot.services.requests.transitions import log_context, message_log_context
from bot.services.runtime.worker import Worker
from tests.harness.services import ADA, GUILD, PLAYLIST, ServicesHarness, services_harness

PROMPT = "a prompt that is nobody else's business"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    quieted = [logging.getLogger(name) for name in (*CHATTY, *TALKATIVE)]
    handlers, levels = root.handlers[:], [logger.level for logger in (root, *quieted)]
    yield
    root.handlers[:] = handlers
    for logger, level in zip((root, *quieted), levels, strict=True):
        logger.setLevel(level)


def test_a_text_line_carries_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", style="text", secrets=())
    logging.getLogger("bot.x").info("submitted as task %s", "t1", extra={"request": 7})
    assert capsys.readouterr().err.endswith("INFO    bot.x: submitted as task t1 request=7\n")


FORGED = "x\n2026-11-28 04:00:00,000 ERROR   bot: forged\r\x1b[2K\u2028\ud800"


def test_nothing_that_is_logged_breaks_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", style="text", secrets=())
    log = logging.getLogger("bot.x")
    log.info("told %s: é 한", FORGED, extra={"state": FORGED})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.count("x\\n2026") == 2
    assert "é 한" in line
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception("broken")
    first, *rest = capsys.readouterr().err.split("\n")[:-1]
    assert first.endswith("broken")
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", style="json", secrets=())
    logging.getLogger("bot.x").warning("hello", extra={"request": 7})
    entry = json.loads(capsys.readouterr().err)
    assert entry["message"] == "hello"
    assert entry["request"] == 7
    assert entry["level"] == "WARNING"


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_secret_is_seen_in_words_facts_or_tracebacks(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    configure_logging(
        level="INFO", style="json" if style == "json" else "text", secrets=("s3cret-token", "abc")
    )
    try:
        raise ValueError("it was s3cret-token")
    except ValueError:
        logging.getLogger("bot.x").exception("with s3cret-token, abc", extra={"request": "s3cret-token"})
    text = capsys.readouterr().err
    assert "s3cret-token" not in text
    assert HIDDEN in text
    assert "abc" in text  # too short to be a secret: redaction would remove ordinary words


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="ERROR", style="text", secrets=())
    logging.getLogger("bot.x").warning("hello")
    assert capsys.readouterr().err == ""


def test_what_others_tell_is_not_more_than_the_level_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="ERROR", style="text", secrets=())
    for name in (*CHATTY, *TALKATIVE):
        logging.getLogger(name).warning("hello")
    assert capsys.readouterr().err == ""


def test_the_payloads_that_discord_py_tells_when_debugging_are_not_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(level="DEBUG", style="text", secrets=())
    logging.getLogger("discord.gateway").debug("For Shard ID 0: WebSocket Event: %s", {"prompt": PROMPT})
    logging.getLogger("bot").debug("something of our own")
    assert PROMPT not in (said := capsys.readouterr().err)
    assert "something of our own" in said


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "address",
    [
        "postgresql://inspire:p%40ss%2Fw%C3%B6rd%22%5C@db/songs",
        "postgresql+asyncpg://:p%40ss%2Fw%C3%B6rd%22%5C@db/songs",
        "postgresql://inspire@db/songs?sslmode=require&password=p%40ss%2Fw%C3%B6rd%22%5C",
    ],
)
def test_the_password_of_the_database_is_not_seen_however_it_is_written(
    capsys: pytest.CaptureFixture[str], style: Literal["text", "json"], address: str
) -> None:
    settings = Settings.model_validate(
        {"discord_token": "token-1234", "cqtai_api_key": "key-1234", "database_url": SecretStr(address)}
    )
    plain = 'p@ss/wörd"\\'
    configure_logging(level="INFO", style=style, secrets=settings.secrets)
    logging.getLogger("bot").info("at %s: %s, %r, %s", address, plain, plain, json.dumps(plain))
    said = capsys.readouterr().err
    for seen in ("p%40ss", "p@ss", "wörd", "w%C3%B6rd", "w\\u00f6rd"):
        assert seen not in said
    assert said.count(HIDDEN) == 4


def test_a_database_without_a_password_adds_no_secret() -> None:
    known = {"discord_token": "token-1234", "cqtai_api_key": "key-1234"}
    for address in ("sqlite:///data/a:b@c.db", "postgresql://inspire@db/songs", "postgresql:///songs"):
        settings = Settings.model_validate(known | {"database_url": address})
        assert settings.secrets == ("token-1234", "key-1234")


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_values_of_a_statement_and_tokens_in_addresses_are_not_seen(
    capsys: pytest.CaptureFixture[str], style: Literal["text", "json"]
) -> None:
    configure_logging(level="INFO", style=style, secrets=())
    with create_engine("sqlite://", poolclass=NullPool).connect() as connection:
        try:
            connection.execute(text("INSERT INTO nowhere VALUES (:a)"), {"a": f"[{PROMPT}]\n(x)"})
        except OperationalError:
            logging.getLogger("bot").exception("PATCH https://host/api/v10/webhooks/12/aW50.x-y_z/messages/1")
    said = capsys.readouterr().err
    assert PROMPT not in said
    assert "aW50" not in said
    assert "INSERT INTO nowhere" in said
    if style == "json":
        json.loads(said)


class Journal(logging.Handler):
    """Keeps what the bot logs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        facts = {name: getattr(record, name, None) for name in ("request", "guild", "user", "state")}
        self.lines.append({"words": record.getMessage(), "level": record.levelname, **facts})

    def said(self, words: str) -> dict[str, object]:
        (line,) = [line for line in self.lines if words in str(line["words"])]
        return line


@pytest.fixture
def journal() -> Iterator[Journal]:
    kept, logger = Journal(), logging.getLogger("bot")
    logger.addHandler(kept)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield kept
    logger.removeHandler(kept)
    logger.setLevel(before)


@pytest.fixture
async def harness(tmp_path: Path) -> object:
    async with services_harness(tmp_path) as found:
        yield found


def about(request_id: int, state: str) -> dict[str, object]:
    return {"request": request_id, "guild": GUILD, "user": ADA, "state": state}


def facts(line: dict[str, object]) -> dict[str, object]:
    return {name: line[name] for name in ("request", "guild", "user", "state")}


async def test_the_life_of_a_song_can_be_read_in_the_log(harness: ServicesHarness, journal: Journal) -> None:
    card = await harness.place(order=SongOptions(playlist=PLAYLIST, prompt=PROMPT))
    await harness.submit()
    request = await harness.request(card.request_id)
    assert request.task_id is not None
    harness.clock.advance(40)
    harness.provider.finish(request.task_id)
    await harness.poll()
    harness.clock.advance(40)
    await harness.dispatch()
    harness.clock.advance(40)
    await harness.dispatch()
    told = [(line["words"], line["state"]) for line in journal.lines]
    assert told == [
        ("placed", "waiting"),
        ("submitting", "submitting"),
        (f"submitted as task {request.task_id}", "making"),
        ("finished with 2 clips", "ready"),
        ("ended, and the status message is final", "delivered"),
    ]
    assert all(facts(line) == about(card.request_id, str(line["state"])) for line in journal.lines)
    everything = str(journal.lines)
    assert PROMPT not in everything
    assert request.address.token is not None
    assert request.address.token not in everything


async def test_an_unknown_outcome_is_told_to_the_operator_with_whose_it_is(
    harness: ServicesHarness, journal: Journal
) -> None:
    harness.provider.submit_answers.append(OutcomeUnknownError("reset"))
    request_id = await harness.place_and_submit()
    line = journal.said("OPERATOR: the outcome of a submission is unknown")
    assert facts(line) == about(request_id, "uncertain")
    assert line["level"] == "ERROR"


async def test_a_refused_account_is_told_with_the_request_that_met_it(
    harness: ServicesHarness, journal: Journal
) -> None:
    harness.provider.submit_answers.append(AccountError(402, "no credits"))
    request_id = await harness.place_and_submit()
    assert facts(journal.said("OPERATOR: the provider refuses the account")) == about(request_id, "failed")


async def test_a_busy_provider_and_lost_answers_are_told(harness: ServicesHarness, journal: Journal) -> None:
    harness.provider.submit_answers.append(NotAcceptedError("429", busy=True))
    request_id = await harness.place_and_submit()
    assert facts(journal.said("submission not accepted")) == about(request_id, "waiting")
    harness.clock.advance(90)
    await harness.submit()
    harness.provider.say("task-2", NoAnswerError("reset"))
    harness.clock.advance(60)
    await harness.poll()
    assert facts(journal.said("no answer about the task: reset")) == about(request_id, "making")


async def test_a_piece_of_work_that_meets_a_bug_is_told_with_a_reference(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_submit()
    request = await harness.request(request_id)

    class Broken:
        name = "broken"
        queue = None

        def __init__(self) -> None:
            self.left = [request]

        async def claim(self, limit: int) -> list[object]:
            taken, self.left = self.left, []
            return list(taken)

        async def handle(self, item: object) -> None:
            worker.stop()
            raise RuntimeError("a bug")

        async def next_due_at(self) -> datetime:
            return harness.clock()

    worker: Worker[object] = Worker(
        Broken(), clock=harness.clock, concurrency=1, facts=lambda _: log_context(request)
    )
    await worker.run()
    (record,) = [record for record in caplog.records if "one item failed" in record.getMessage()]
    reference = getattr(record, "reference", "")
    assert len(reference) == 6
    assert reference in record.getMessage()
    assert getattr(record, "request", None) == request_id
    assert record.exc_info


async def test_a_message_is_told_by_its_request(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(40)
    (message,) = await harness.dispatcher.claim(1)
    assert message_log_context(message) == {"request": request_id}
