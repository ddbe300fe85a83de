"""Migrations that are on main stay as they are.

Databases that people have were made by them. A database whose revision says that a migration ran would never
get what is added to it later, and would differ from a new one: write the next migration instead.
"""

from hashlib import sha256
from pathlib import Path

import pytest

from bot.storage.migrations import versions
from tests.unit.storage.test_schema import SCRIPTS

FROZEN = {
    "v0001_initial": "82ec0e71ee753b74",
    "v0002_processes": "00487b6b9c39bf2a",
    "v0003_turns": "4dcf8f5c566a1cb0",
    "v0004_moderation": "d9434ff54da26e18",
    "v0005_wiped_prompts": "3f2502a97880126c",
    "v0006_backoff": "68e8130c9ec34a4e",
    "v0007_older_wiped_prompts": "f748853ca1dd053a",
    "v0008_json_names": "fca09187af24fff5",
    "v0009_names": "b46b8229c07fd174",
    "v0010_erasure": "efb42eddcaa3899d",
    "v0011_audit_messages": "28ef40e9e4201b4e",
    "v0012_loves": "21a2afa59cb8be9d",
    "v0013_lyrics": "de55ee084aa8ad49",
    "v0014_default_playlist": "4c53aba29fc9b779",
    "v0015_showcase": "b3d2e629a59aef74",
    "v0016_curation": "445f52cb6d420cbf",
    "v0017_credit_caps": "66318b605c44dcec",
    "v0018_queue": "facea80d3dbfd339",
    "v0019_turns_of_messages": "114b43757aa96e2e",
    "v0020_history": "47e071c697347fe5",
    "v0021_welcomes": "25c0fad07f26588c",
    "v0022_news": "b59e2cbae6e4114f",
    "v0023_usage": "6639af9e0e424393",
    "v0024_usage_by_choice": "5e17f21e4b9b46b1",
    "v0025_digests": "42a330a56ae0e858",
    "v0026_news_at_once": "4bca4b390e0a3971",
}
"""The beginning of each file's SHA-256; a new migration is added here when it is merged."""


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_migration_on_main_is_never_edited(name: str) -> None:
    content = (Path(versions.__path__[0]) / f"{name}.py").read_bytes()
    assert sha256(content).hexdigest()[:16] == FROZEN[name], "write a new migration instead of an edit"


def test_no_migration_was_removed() -> None:
    assert sorted(FROZEN) == SCRIPTS
