"""The guide explains each log line that needs attention, and each metric."""

import re
from pathlib import Path

from bot.chat.delivery.operator_lines import STOPS_SONGS
from sandbox.discord import Fault, FaultKind
from tests.harness.bot import BotHarness
from tests.integration.program import ROOT
from tests.operations.monitoring import free_port, watching
from tests.operations.test_backup import BLOCK

PAGES = sorted((ROOT / "docs" / "operations").glob("*.md"))
GUIDE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
CALLS = re.compile(r'"(OPERATOR: [^"%]+)')
METRICS = re.compile(r"`(inspire_[a-z_]+)(?:\{([a-z,]+)\})?`")
PARTS = re.compile(r"_(bucket|sum|count|created)$")


def source_files() -> list[Path]:
    return sorted((ROOT / "bot").rglob("*.py"))


def explained() -> list[str]:
    """What each explained line begins with, up to a value that differs."""
    rows = "\n".join(re.findall(r"^\| (`OPERATOR: .+?`) \|", GUIDE, re.MULTILINE))
    return [line.split("...")[0] for line in re.findall(r"`(OPERATOR: [^`]+)`", rows)]


def test_every_line_that_wants_attention_is_explained() -> None:
    said = [words for path in source_files() for words in CALLS.findall(path.read_text(encoding="utf-8"))]
    assert len(said) >= 7
    for words in said:
        assert any(words.startswith(start) for start in explained()), words
    for start in explained():
        assert any(words.startswith(start) for words in said), start


def test_the_lines_that_mention_the_owner_are_marked() -> None:
    rows = [row for row in GUIDE.splitlines() if row.startswith("| `OPERATOR: ")]
    marked = [row for row in rows if "| **Mentions you.** " in row]
    lines = [line for row in marked for line in re.findall(r"`OPERATOR: ([^`]+)`", row.split(" | ")[0])]
    assert sorted(lines) == sorted(STOPS_SONGS)
    assert not [row for row in rows if row not in marked and any(one in row[:80] for one in STOPS_SONGS)]


def test_every_line_that_is_explained_is_in_the_code() -> None:
    code = "\n".join(re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8")) for path in source_files())
    section = GUIDE.partition("# Log lines")[2].partition("\n# ")[0]
    cells = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    lines = [line for cell in cells for line in re.findall(r"`([^`]+)`", cell)]
    parts = [part.strip(" ;:,") for line in lines for part in re.split(r"\.\.\.|\d+\.\d", line)]
    assert len(cells) >= 30
    assert [part for part in parts if part not in code] == []


async def test_every_metric_is_explained_with_its_labels(local: BotHarness) -> None:
    local.discord.faults.add(Fault(kind=FaultKind.STATUS, on="POST /interactions/*", status=503))
    port = free_port()
    async with local.bot(http_port=port, total_credit_cap=90), watching(port) as watch:
        await local.placed_result()
        samples = await watch.samples()
    shown: dict[str, set[str]] = {}
    for name, labels in samples:
        if name.startswith("inspire_") and not name.endswith("_created"):
            shown.setdefault(PARTS.sub("", name), set()).update(label for label, _ in labels if label != "le")
    table = {name: set(labels.split(",")) - {""} for name, labels in METRICS.findall(GUIDE)}
    assert table == shown


def test_no_command_of_the_guide_has_a_password_in_it() -> None:
    blocks = [lines for language, lines in BLOCK.findall(GUIDE) if not language]
    typed = [line for block in blocks for line in block.splitlines() if not line.startswith("DATABASE_URL=")]
    assert typed
    for line in typed:
        assert not re.search(r"DATABASE_URL|PGPASSWORD|://[^ ]*:[^ ]*@", line), line
