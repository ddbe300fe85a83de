import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PATH = re.compile(
    r"`((?:bot|cogs|docs|sandbox|tests|benchmarks|deploy|\.ci|\.github)/[\w./]*|\.env\.example|[\w]+\.(?:md|toml))`"
)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ANCHORED = re.compile(r"\]\(([^):]*#[^)]*)\)")
MADE = re.compile(r"(?:`|^)make ([a-z-]+)", re.MULTILINE)
SETTING = re.compile(r"`([A-Z]+(?:_[A-Z]+)+)`")
OF_OTHERS = {"INTERACTION_CREATE", "POSTGRES_PASSWORD"}
"""Names of Discord and of the PostgreSQL image."""


def found(pattern: re.Pattern[str]) -> list[tuple[str, Path]]:
    return [(hit, page) for page in PAGES for hit in pattern.findall(page.read_text(encoding="utf-8"))]


def test_each_path_that_a_document_names_exists() -> None:
    missing = [(path, page.name) for path, page in found(PATH) if not (ROOT / path).exists()]
    assert missing == []


def test_each_link_between_documents_leads_somewhere() -> None:
    missing = [(link, page.name) for link, page in found(LINK) if not (page.parent / link).exists()]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """What the headings of a document can be reached by."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_anchor_of_a_link_is_a_heading() -> None:
    links = [(page, *hit.partition("#")[::2]) for hit, page in found(ANCHORED)]
    missing = [
        (page.name, path, anchor)
        for page, path, anchor in links
        if anchor not in anchors(page.parent / path if path else page)
    ]
    assert len(links) >= 3
    assert missing == []


def test_each_make_target_that_a_document_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert [(target, page.name) for target, page in found(MADE) if target not in targets] == []


def test_each_setting_that_a_document_names_is_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    settings = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert {setting for setting, _ in found(SETTING)} - settings - OF_OTHERS == set()
