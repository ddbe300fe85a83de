"""What compose.yaml and the Dockerfile allow the bot, and the PostgreSQL server beside it."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from bot.shutdown import STOP_S
from tests.integration.program import ROOT
from tests.operations.container import image

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
BOT, POSTGRES = SERVICES["inspire"], SERVICES["postgres"]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image().user)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_service_has_no_privileges_and_bounded_logs(service: Mapping[str, Any]) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_the_bot_writes_its_volume_only() -> None:
    assert BOT["read_only"] is True
    assert [volume.split(":")[1] for volume in BOT["volumes"]] == [image().volume]


def test_docker_waits_until_the_bot_has_stopped() -> None:
    assert seconds(BOT["stop_grace_period"]) > STOP_S


def test_every_volume_is_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert used == set(COMPOSE["volumes"])


def test_the_image_has_the_programs_of_the_server_that_stands_beside_it() -> None:
    _, version = POSTGRES["image"].split(":")
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"postgresql(?:-client-|/)(\d+)", text)) == {version}


def test_postgresql_starts_only_with_its_profile_and_has_no_port_of_the_host() -> None:
    assert "profiles" not in BOT
    assert POSTGRES["profiles"] == ["postgres"]
    assert "ports" not in POSTGRES


def test_the_address_that_compose_names_is_that_of_its_server() -> None:
    lines = re.findall(r"^#   (\w+)=(.*)$", (ROOT / "compose.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    named, own = dict(lines), POSTGRES["environment"]
    password, database = named["POSTGRES_PASSWORD"], own["POSTGRES_DB"]
    assert named["DATABASE_URL"] == f"postgresql://{own['POSTGRES_USER']}:{password}@postgres/{database}"
    assert f"--dbname={database}" in POSTGRES["healthcheck"]["test"]


def test_the_smaller_image_has_the_same_packages_less_those_of_charts() -> None:
    run, slim = (locked(name) for name in ("run", "slim"))
    assert slim < run
    assert "matplotlib" in {line.split("==")[0] for line in run - slim}


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {line.rstrip(" \\") for line in text.splitlines() if re.match(r"[a-z]", line)}
