import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".env.example")
TWO_MEANINGS = re.compile(r"\bmay[\s\"'#>*]+not\b", re.IGNORECASE)
"""Also where a line ends in between, or a string, a comment's or a quotation's line begins anew."""


def texts() -> list[Path]:
    code = [path for folder in ("bot", "cogs") for path in (ROOT / folder).rglob("*.py")]
    return [*code, *(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in DOCUMENTS)]


def test_nothing_says_may_not_which_is_both_a_ban_and_a_guess() -> None:
    found = [path.name for path in texts() if TWO_MEANINGS.search(path.read_text(encoding="utf-8"))]
    assert found == []
